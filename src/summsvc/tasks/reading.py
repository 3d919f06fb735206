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

LONG = 50_000
"""Code points from which reading takes longer than most requests take in all."""

P = ParamSpec("P")
T = TypeVar("T")


class TextWorkers:
    """A few threads for work on text that would hold up the event loop.

    threads: how many articles are worked on at once. Half as many more are for long
    ones alone: nothing short waits behind a book.
    """

    def __init__(self, threads: int, *, max_title: int, max_body: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="summsvc-text")
        self._long = ThreadPoolExecutor(max(1, threads // 2), thread_name_prefix="summsvc-long")
        self._max_title = max_title
        self._max_body = max_body

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work`` in a thread and wait for it."""
        return await self._run(self._executor, functools.partial(work, *args, **kwargs))

    async def _run(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work)

    async def beside(self, size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work`` in a thread, or here when it is about few code points.

        size: how many it is about.
        """
        if size <= HERE:
            return work(*args, **kwargs)
        call = functools.partial(work, *args, **kwargs)
        return await self._run(self._long if size > LONG else self._executor, call)

    async def read(self, article: Article, *, keep_boilerplate: bool) -> Document:
        """Read an article; raises the InvalidInputErrors of ``articles.read``."""
        work = functools.partial(
            read,
            article,
            keep_boilerplate=keep_boilerplate,
            max_title=self._max_title,
            max_body=self._max_body,
        )
        long = len(article.body) > LONG
        return await self._run(self._long if long else self._executor, work)

    def close(self) -> None:
        """Let running work end and take no more."""
        for executor in (self._executor, self._long):
            executor.shutdown(wait=False, cancel_futures=True)
