"""Batches: any number of articles in calls of a bounded size, with progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from summsvc.client import html
from summsvc.client.errors import SummsvcClientError
from summsvc.types import Article

ResultT = TypeVar("ResultT")

BATCH_ARTICLES = 16
"""Articles of one call: enough for full batches in the server, and progress every few seconds."""


class Results(list[ResultT]):
    """One result or error per article, in order; notebooks show it as a table."""

    def _repr_html_(self) -> str:
        return html.batch(self)


def in_batches(
    call: Callable[..., list[ResultT | SummsvcClientError]],
    articles: Iterable[Article | str],
    *arguments: str,
    size: int = BATCH_ARTICLES,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Results[ResultT | SummsvcClientError]:
    """Call a batch method of ``Client`` for any number of articles.

    >>> texts = in_batches(client.batch_translate, articles, "ru", bypass_cache=True)

    call: ``client.batch_summarize`` or ``client.batch_translate``. arguments, options: those of
    the method. size: articles of one call, from 1 to ``Limits.max_batch_articles``. progress:
    called with the numbers of finished and of all articles, before the first call and after
    each; by default a bar in a notebook, and nothing elsewhere. Returns one result or error per
    article, in order. Raises ValueError for a size below 1, and the errors of ``call``.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1, not {size}")
    waiting = list(articles)
    report = progress or _notebook_progress() or _no_progress
    results: Results[ResultT | SummsvcClientError] = Results()
    report(0, len(waiting))
    for begin in range(0, len(waiting), size):
        results += call(waiting[begin : begin + size], *arguments, **options)
        report(len(results), len(waiting))
    return results


def _no_progress(_: int, __: int) -> None:
    """Show nothing."""


class _Bar:
    """A progress bar of HTML; other programs show the text."""

    def __init__(self, done: int, total: int) -> None:
        self._done, self._total = done, total

    def __repr__(self) -> str:
        return f"{self._done:,} of {self._total:,} articles"

    def _repr_html_(self) -> str:
        bar = f"<progress value='{self._done}' max='{max(1, self._total)}'></progress>"
        return f"{bar} {self!r}"


def _notebook_progress() -> Callable[[int, int], None] | None:
    """A function that shows a bar in the notebook that is executed; None outside of one."""
    # A notebook has imported IPython itself; a program must not load it for this.
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    handle: Any = None

    def show(done: int, total: int) -> None:
        nonlocal handle
        if handle is None:
            handle = ipython.display.display(_Bar(done, total), display_id=True)
        else:
            handle.update(_Bar(done, total))

    return show
