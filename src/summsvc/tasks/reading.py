"""Text work beside the event loop: reading articles, splitting, ranking."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from summsvc.articles.article import Article
from summsvc.articles.document import Document
from summsvc.articles.read import read

HERE = 1_000
"""Code points, or so, that are handled on the event loop itself: a millisecond at most,
where handing them to a thread and back would take as long."""

P = ParamSpec("P")
T = TypeVar("T")


class TextWorkers:
    """A few threads for work on text that would hold up the event loop.

    threads: how many articles are worked on at once.
    """

    def __init__(self, threads: int, *, max_title: int, max_body: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="summsvc-text")
        self._max_title = max_title
        self._max_body = max_body

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work`` in a thread and wait for it."""
        call = functools.partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    async def beside(self, size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work`` in a thread, or here when it is about few code points.

        size: how many it is about.
        """
        if size <= HERE:
            return work(*args, **kwargs)
        return await self.run(work, *args, **kwargs)

    async def read(self, article: Article, *, keep_boilerplate: bool) -> Document:
        """Read an article; raises the InvalidInputErrors of ``articles.read``."""
        return await self.run(
            read,
            article,
            keep_boilerplate=keep_boilerplate,
            max_title=self._max_title,
            max_body=self._max_body,
        )

    def close(self) -> None:
        """Let running work end and take no more."""
        self._executor.shutdown(wait=False, cancel_futures=True)
