"""Threads for texts of about one size, and the articles that wait for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge

from summsvc.errors import DeadlineError, OverloadedError
from summsvc.scheduling.admission import Admission, QueueLimits

AT_HAND = 2
"""Articles per thread that are handed over: the one being read, and the next."""

T = TypeVar("T")


class LaneMetrics:
    """What lanes say about themselves, by lane. registry: None for nobody to ask."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"summsvc_{name}", text, ["lane"], registry=registry)

        self.articles = gauge("unread_articles", "Articles that wait to be read or are being read.")
        self.code_points = gauge("unread_code_points", "Code points of these articles.")
        self.refused = Counter(
            "summsvc_unread_refused",
            "Articles refused before they were read, by reason.",
            ["lane", "reason"],
            registry=registry,
        )


class Lane:
    """A few threads, and limits on the articles that wait for them.

    Only what is new is ever refused, and what is left to do for an article that was read
    goes before those that were not: what was let in gets done. So the rate that counts for
    those that wait is that of articles with all the text work done for each. limits: the
    tokens are code points of articles.
    """

    def __init__(self, name: str, threads: int, limits: QueueLimits, metrics: LaneMetrics) -> None:
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix=f"summsvc-{name}")
        self._places = asyncio.Semaphore(AT_HAND * threads)
        self._admission = Admission(
            limits, workers=1, unit="code points", place="a thread that reads"
        )
        self._name = name
        self._refused = metrics.refused
        self._shown_articles = metrics.articles.labels(name)
        self._shown_code_points = metrics.code_points.labels(name)
        # The event loop begins work, threads end it.
        self._lock = Lock()
        self._articles = 0
        self._code_points = 0
        self._working = 0
        self._seconds = 0.0

    @property
    def jobs(self) -> int:
        """Pieces of work that are being done; any thread may ask."""
        return self._working

    async def run(self, work: Callable[[], T]) -> T:
        """Do work for a request that was let in."""
        return await asyncio.wrap_future(self.executor.submit(self._timed, work))

    async def read(
        self,
        code_points: int,
        work: Callable[[], T],
        deadline: float | None,
        *,
        brief: bool = False,
    ) -> T:
        """Do the first work for a new request.

        code_points: of its article. deadline: ``loop.time()`` seconds, or None. brief: that
        it may be done on the event loop itself, where no article waits or is being read.
        Raises OverloadedError, DeadlineError and what ``work`` raises. When the caller is
        cancelled, or its deadline passes before a thread is free, ``work`` is not done.
        """
        now = asyncio.get_running_loop().time

        def in_time() -> T:
            if deadline is not None and now() >= deadline:
                raise DeadlineError("the deadline passed before the article was read")
            return work()

        here = brief and not self._articles
        try:
            self._enter(code_points, None if deadline is None else deadline - now())
            if not here:
                return await self._wait(code_points, in_time)
            try:
                return self._timed(in_time, code_points)
            finally:
                self._leave(code_points)
        except (OverloadedError, DeadlineError) as error:
            self._refused.labels(self._name, error.reason).inc()
            raise

    async def _wait(self, code_points: int, work: Callable[[], T]) -> T:
        future: Future[T] | None = None
        try:
            async with self._places:
                future = self.executor.submit(self._timed, work, code_points)
                # Not before a thread has let go of it, whether or not somebody still waits.
                future.add_done_callback(lambda _: self._leave(code_points))
                return await asyncio.wrap_future(future)
        finally:
            if future is None:
                self._leave(code_points)

    def _enter(self, code_points: int, seconds_left: float | None) -> None:
        """Count an article in, or raise."""
        in_time = seconds_left is None or seconds_left > 0
        with self._lock:
            # To nobody else's harm it may try: the rate may be that of a bad moment.
            if self._articles or not in_time:
                self._admission.check(
                    tokens=code_points,
                    requests_waiting=self._articles,
                    tokens_waiting=self._code_points,
                    tokens_ahead=self._code_points,
                    seconds_left=seconds_left,
                )
            self._count(1, code_points)

    def _leave(self, code_points: int) -> None:
        with self._lock:
            self._count(-1, -code_points)

    def _count(self, articles: int, code_points: int) -> None:
        self._articles += articles
        self._code_points += code_points
        self._shown_articles.set(self._articles)
        self._shown_code_points.set(self._code_points)

    def _timed(self, work: Callable[[], T], code_points: int = 0) -> T:
        """Do work in a thread; what it took counts for the next article read, or for this one."""
        with self._lock:
            self._working += 1
        begun = time.perf_counter()
        read = 0
        try:
            result = work()
            read = code_points
            return result
        finally:
            seconds = time.perf_counter() - begun
            with self._lock:
                # Threads share the time.
                self._seconds += seconds / self._working
                self._working -= 1
                if read:
                    self._admission.measured(tokens=read, seconds=self._seconds)
                    self._seconds = 0.0
