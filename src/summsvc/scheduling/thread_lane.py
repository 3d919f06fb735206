"""Threads for texts of about one size, and the articles that wait for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge

from summsvc.errors import DeadlineError, DrainingError, OverloadedError
from summsvc.interruption import Interrupted, checkpoint, interruptible
from summsvc.scheduling.admission.admission import Admission, QueueLimits
from summsvc.scheduling.admission.shares import Holdings
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.fairness.places import Places

AT_HAND = 1
"""Articles handed over per thread, the one being read included. Two doubled the wait of one
caller beside a flood of another, at the same throughput."""

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


class _Call:
    """Work that a thread does, and whether its caller still waits for it."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = False


class Lane:
    """A few threads, and limits on the articles that wait for them.

    Only what is new is ever refused, and what is left to do for an article that was read
    goes before those that were not: what was let in gets done. So the rate that counts for
    those that wait is that of articles with all the text work done for each. Callers take
    turns; of one caller the article that came first is read first. limits: the tokens are
    code points of articles.
    """

    def __init__(self, name: str, threads: int, limits: QueueLimits, metrics: LaneMetrics) -> None:
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix=f"summsvc-{name}")
        self._places = Places(AT_HAND * threads)
        self._admission = Admission(
            limits, workers=1, unit="code points", place="a thread that reads"
        )
        self._name = name
        self._refused = metrics.refused
        self._shown_articles = metrics.articles.labels(name)
        self._shown_code_points = metrics.code_points.labels(name)
        # The event loop begins work, threads end it.
        self._lock = Lock()
        self._held = Holdings()
        self._working = 0
        self._seconds = 0.0
        self._closed = False

    @property
    def jobs(self) -> int:
        """Pieces of work that are being done; any thread may ask."""
        return self._working

    async def run(self, work: Callable[[], T]) -> T:
        """Do work for a request that was let in.

        When the caller is cancelled, work that has begun ends at its next checkpoint.
        Raises DrainingError when the lane is closed, and what ``work`` raises.
        """
        return await self._result(*self._submit(work))

    async def read(
        self,
        code_points: int,
        work: Callable[[], T],
        deadline: float | None,
        *,
        brief: bool = False,
        caller: Caller = ANONYMOUS,
    ) -> T:
        """Do the first work for a new request.

        code_points: of its article. deadline: ``loop.time()`` seconds, or None. brief: that
        it may be done on the event loop itself, where no article waits or is being read.
        Raises OverloadedError, DeadlineError, DrainingError and what ``work`` raises. When
        the caller is cancelled, or its deadline passes before a thread is free, ``work`` is
        not done; once begun, it ends at its next checkpoint when the caller is cancelled.
        """
        now = asyncio.get_running_loop().time

        def in_time() -> T:
            if deadline is not None and now() >= deadline:
                raise DeadlineError("the deadline passed before the article was read")
            return work()

        here = brief and not self._held.requests
        try:
            self._enter(caller, code_points, None if deadline is None else deadline - now())
            if not here:
                return await self._wait(caller, code_points, in_time)
            try:
                return self._timed(in_time, code_points)
            finally:
                self._leave(caller, code_points)
        except (OverloadedError, DeadlineError) as error:
            self._refused.labels(self._name, error.reason).inc()
            raise

    async def _wait(self, caller: Caller, code_points: int, work: Callable[[], T]) -> T:
        future: Future[T] | None = None
        try:
            async with self._places.taken(caller, code_points):
                future, call = self._submit(work, code_points)
                # Not before a thread has let go of it, whether or not somebody still waits.
                future.add_done_callback(lambda _: self._leave(caller, code_points))
                return await self._result(future, call)
        finally:
            if future is None:
                self._leave(caller, code_points)

    def _enter(self, caller: Caller, code_points: int, seconds_left: float | None) -> None:
        """Count an article in, or raise."""
        in_time = seconds_left is None or seconds_left > 0
        with self._lock:
            held = self._held
            # To nobody else's harm it may try: the rate may be that of a bad moment.
            if held.requests or not in_time:
                self._admission.check(
                    tokens=code_points,
                    requests_waiting=held.requests,
                    tokens_waiting=held.tokens,
                    tokens_ahead=self._ahead(caller, code_points),
                    seconds_left=seconds_left,
                    share=held.share(caller),
                )
            self._count(caller, 1, code_points)

    def _ahead(self, caller: Caller, code_points: int) -> int:
        """Code points that go before an article of so many: those at hand, and by turns."""
        waiting = self._places.waiting
        own = code_points + waiting.entries(caller).total
        return self._held.tokens - waiting.total + waiting.with_others(caller, own) - code_points

    def _leave(self, caller: Caller, code_points: int) -> None:
        with self._lock:
            self._count(caller, -1, -code_points)

    def _count(self, caller: Caller, articles: int, code_points: int) -> None:
        self._held.change(caller, requests=articles, tokens=code_points)
        self._shown_articles.set(self._held.requests)
        self._shown_code_points.set(self._held.tokens)

    def close(self) -> bool:
        """Take no more work, drop what has not begun, end the rest at its next checkpoint.

        Does not wait. Returns whether no thread was at work.
        """
        self._closed = True
        self.executor.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            return not self._working

    def _submit(self, work: Callable[[], T], code_points: int = 0) -> tuple[Future[T], _Call]:
        """Have a thread do work; it counts for ``code_points`` read."""
        call = _Call()

        def begun() -> T:
            with interruptible(lambda: call.left or self._closed):
                checkpoint()
                return self._timed(work, code_points)

        if self._closed:
            raise _closing()
        return self.executor.submit(begun), call

    async def _result(self, future: Future[T], call: _Call) -> T:
        """What a thread gives, which is told to stop when the caller of this is cancelled."""
        try:
            return await asyncio.wrap_future(future)
        except Interrupted:
            raise _closing() from None
        except asyncio.CancelledError:
            if self._closed and not _is_cancelled():
                raise _closing() from None
            raise
        finally:
            call.left = True

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


def _closing() -> DrainingError:
    return DrainingError("the server is shutting down; call again, another one will answer")


def _is_cancelled() -> bool:
    """Whether the task itself is cancelled, not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
