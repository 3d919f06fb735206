"""Thread pools for text work that would block the event loop: parsing, splitting, ranking."""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import ParamSpec, TypeVar

from prometheus_client import CollectorRegistry

from summsvc.articles.document import Document
from summsvc.articles.reader import read, warm_up
from summsvc.errors import DrainingError
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.fairness.turns import TurnGate
from summsvc.scheduling.thread_queue import ThreadQueue, ThreadQueueMetrics
from summsvc.tasks.pipeline import preflight
from summsvc.tasks.pipeline.preflight import LONG_ARTICLE
from summsvc.tracing import current
from summsvc.types import Article

INLINE_LIMIT = 1_000
"""Work size (see ``work_size``) up to which work is done on the event loop itself: a
millisecond at most, as long as a thread would take to be woken and to answer."""

SEGMENT_OVERHEAD = 50
"""Code points whose processing takes as long as the fixed work per segment."""

BRIEF_ARTICLE = 300
"""Code points of an article that is parsed on the event loop: a third of a millisecond, and
three where every second one is a line break or markup."""

P = ParamSpec("P")
T = TypeVar("T")


def work_size(texts: Iterable[str]) -> int:
    """Code points of texts, and ``SEGMENT_OVERHEAD`` for each, for ``TextWorkers.offload``."""
    return sum([len(text) + SEGMENT_OVERHEAD for text in texts])


class TextWorkers:
    """Threads for work on text that would block the event loop.

    threads: number of articles processed at once. Half as many more threads are for long
    articles only: no short article waits behind a long one. max_title, max_body: code
    points. limits: most articles, and most code points of articles, that may wait to be
    parsed, separately for long articles and others; None: no limits. registry: for metrics.
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
        self._turns = TurnGate()
        self._caller = ANONYMOUS
        self._max_title = max_title
        self._max_body = max_body
        self._warm = False

    async def warm_up(self) -> None:
        """Load the data that parsing needs; until then no article is parsed on the event loop."""
        with suppress(DrainingError):
            await self._short.prepare(warm_up)
            self._warm = True

    @property
    def for_bulk(self) -> TextWorkers:
        """The same workers, with all offloaded work in the threads for long articles.

        The fewer threads are busy, the sooner the event loop acquires the GIL.
        """
        other = copy.copy(self)
        other._short = self._long
        return other

    def for_caller(self, caller: Caller) -> TextWorkers:
        """The same workers, with work on the event loop at the turns of a caller."""
        other = copy.copy(self)
        other._caller = caller
        return other

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work`` in a thread and return its result."""
        return await self._short.run(functools.partial(work, *args, **kwargs))

    async def offload(
        self, size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call ``work`` in a thread, or on the event loop when it is small.

        A batch completes segments of many calls at once: without turns, the work on all of them
        would be one iteration of the event loop. size: see ``work_size``.
        """
        if size <= INLINE_LIMIT:
            await self._turns.admit(self._caller)
            return work(*args, **kwargs)
        return await self._queue(size).run(functools.partial(work, *args, **kwargs))

    async def read(
        self,
        article: Article,
        *,
        keep_boilerplate: bool,
        deadline: float | None = None,
        caller: Caller = ANONYMOUS,
        admit: Callable[[str], Awaitable[None]] | None = None,
    ) -> Document:
        """Parse the article of a new request, at its caller's turn.

        deadline: ``loop.time()`` seconds, or None. admit: called with the language of a long
        article whose caller names it, before the article is queued; raises where the model
        cannot take the article (see ``preflight``). Raises the InvalidInputErrors of
        ``articles.read``; OverloadedError, and DeadlineError when there is no time to parse.
        """
        if admit is not None and (language := preflight.language(article)):
            await admit(language)
        size = len(article.title) + len(article.body)
        brief = self._warm and size <= BRIEF_ARTICLE
        with current().child("read", code_points=size, format=article.mime_type.value) as span:

            def work() -> Document:
                with span.child("parse"):
                    return read(
                        article,
                        keep_boilerplate=keep_boilerplate,
                        max_title=self._max_title,
                        max_body=self._max_body,
                    )

            document = await self._queue(size).run_with_admission(
                size, work, deadline, inline=brief, caller=caller
            )
            if span.recording:
                span.set(language=document.language.code, segments=len(document.segments))
            return document

    def _queue(self, size: int) -> ThreadQueue:
        return self._long if size > LONG_ARTICLE else self._short

    @property
    def jobs(self) -> int:
        """Number of work items in progress."""
        return self._short.active_calls + self._long.active_calls

    def close(self) -> bool:
        """Accept no more work, drop queued work, stop running work at its next checkpoint.

        Does not wait. Returns whether no work was running.
        """
        idle = [queue.close() for queue in (self._short, self._long)]
        return all(idle)
