"""Text work beside the event loop: reading articles, splitting, ranking."""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prometheus_client import CollectorRegistry

from summsvc.articles.document import Document
from summsvc.articles.reader import read, warm_up
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.thread_queue import ThreadQueue, ThreadQueueMetrics
from summsvc.types import Article

INLINE_LIMIT = 1_000
"""Code points, or so, that are handled on the event loop itself: a millisecond at most,
where handing them to a thread and back would take as long."""

BRIEF = 300
"""Code points of an article that is read on the event loop: a third of a millisecond, and
three where every other one is a line break or markup."""

LONG = 50_000
"""Code points from which reading takes longer than most requests take in all."""

P = ParamSpec("P")
T = TypeVar("T")


class TextWorkers:
    """A few threads for work on text that would hold up the event loop.

    threads: how many articles are worked on at once. Half as many more are for long
    ones alone: nothing short waits behind a book. limits: most articles, and code
    points of them, that may wait to be read, long ones and others apart; None: no limits.
    registry: for metrics.
    """

    def __init__(
        self,
        threads: int,
        *,
        max_title: int,
        max_body: int,
        limits: QueueLimits | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        limits = limits or QueueLimits(sys.maxsize, sys.maxsize)
        metrics = ThreadQueueMetrics(registry)
        self._short = ThreadQueue("short", threads, limits, metrics)
        self._long = ThreadQueue("long", max(1, threads // 2), limits, metrics)
        self._max_title = max_title
        self._max_body = max_body
        self._warm = False

    async def warm_up(self) -> None:
        """Load what the first reading would load; nothing is read on the event loop before."""
        await self.run(warm_up)
        self._warm = True

    @property
    def for_bulk(self) -> TextWorkers:
        """The same, with all that is beside the event loop in the threads for long articles.

        The fewer threads work, the sooner the event loop has the interpreter's lock.
        """
        other = copy.copy(self)
        other._short = self._long
        return other

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work`` in a thread and wait for it."""
        return await self._short.run(functools.partial(work, *args, **kwargs))

    async def offload(
        self, size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call ``work`` in a thread, or here when it is about few code points.

        size: how many it is about.
        """
        if size <= INLINE_LIMIT:
            return work(*args, **kwargs)
        return await self._queue(size).run(functools.partial(work, *args, **kwargs))

    async def read(
        self,
        article: Article,
        *,
        keep_boilerplate: bool,
        deadline: float | None = None,
        caller: Caller = ANONYMOUS,
    ) -> Document:
        """Read the article of a new request, at its caller's turn.

        deadline: ``loop.time()`` seconds, or None. Raises the InvalidInputErrors of
        ``articles.read``; OverloadedError, and DeadlineError when it cannot be read in time.
        """
        work = functools.partial(
            read,
            article,
            keep_boilerplate=keep_boilerplate,
            max_title=self._max_title,
            max_body=self._max_body,
        )
        size = len(article.title) + len(article.body)
        brief = self._warm and size <= BRIEF
        return await self._queue(size).run_with_admission(
            size, work, deadline, inline=brief, caller=caller
        )

    def _queue(self, size: int) -> ThreadQueue:
        return self._long if size > LONG else self._short

    @property
    def jobs(self) -> int:
        """Pieces of work that are being done now."""
        return self._short.active_calls + self._long.active_calls

    def close(self) -> bool:
        """Take no more work, drop what has not begun, end the rest at its next checkpoint.

        Does not wait. Returns whether no text work was running.
        """
        idle = [queue.close() for queue in (self._short, self._long)]
        return all(idle)
