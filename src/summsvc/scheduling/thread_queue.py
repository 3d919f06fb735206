"""Thread queue: a thread pool for text work, with admission control and fair order of callers."""

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
from summsvc.scheduling.admission.shares import Backlog
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.fairness.semaphore import FairSemaphore

SLOTS_PER_THREAD = 1
"""New articles in the executor per thread, the one being read included. Two doubled the wait of
one caller beside a flood of another, at the same throughput. So do two threads."""

FIRST_CODE_POINTS, FIRST_S = 1_000, 0.01
"""An article that counts as read before the first one, and the seconds it took. The first one of
a new process may take seconds, because of other work on the machine. By its rate alone, all that
wait behind it would miss their deadlines."""

T = TypeVar("T")


class ThreadQueueMetrics:
    """Prometheus metrics of thread queues, labelled by queue. registry: None to expose none."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"summsvc_{name}", text, ["queue"], registry=registry)

        self.articles = gauge("unread_articles", "Articles that wait to be read or are being read.")
        self.code_points = gauge("unread_code_points", "Code points of these articles.")
        self.refused = Counter(
            "summsvc_unread_refused",
            "Articles rejected before they were read, by reason.",
            ["queue", "reason"],
            registry=registry,
        )


class _Call:
    """Work in a thread. abandoned: set when its caller no longer waits for it."""

    __slots__ = ("abandoned",)

    def __init__(self) -> None:
        self.abandoned = False


class ThreadQueue:
    """A thread pool with limits on the articles that wait for it.

    Only new articles are rejected. Further work for an admitted article goes before new
    articles, so admitted work always completes. The measured rate is therefore that of
    articles with all the text work done for each. Callers take turns; the articles of one
    caller are read in order of arrival.

    name: the metrics label. threads: calls executed at the same time. limits: the tokens are
    code points of articles.
    """

    def __init__(
        self, name: str, threads: int, limits: QueueLimits, metrics: ThreadQueueMetrics
    ) -> None:
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix=f"summsvc-{name}")
        self._slots = FairSemaphore(SLOTS_PER_THREAD * threads)
        self._admission = Admission(
            limits, workers=1, unit="code points", resource="a thread that reads"
        )
        self._admission.record_batch(tokens=FIRST_CODE_POINTS, seconds=FIRST_S)
        self._name = name
        self._refused = metrics.refused
        self._articles_gauge = metrics.articles.labels(name)
        self._code_points_gauge = metrics.code_points.labels(name)
        # The event loop starts work, threads end it.
        self._lock = Lock()
        self._backlog = Backlog()
        self._active = 0
        self._seconds = 0.0
        self._closed = False

    @property
    def active_calls(self) -> int:
        """Calls that are being executed. Thread-safe."""
        return self._active

    async def run(self, work: Callable[[], T]) -> T:
        """Execute work for an admitted request.

        When the caller is cancelled, work that has started ends at its next checkpoint.
        Raises DrainingError when the queue is closed, and what ``work`` raises.
        """
        return await self._result(*self._submit(work))

    async def prepare(self, work: Callable[[], T]) -> T:
        """Execute work that belongs to no article, such as loading data.

        Its time does not count for the rate: one slow second before the first article would
        make many articles miss their deadlines by the estimate. Raises what ``run`` raises.
        """
        return await self._result(*self._submit(work, counts=False))

    async def run_with_admission(
        self,
        code_points: int,
        work: Callable[[], T],
        deadline: float | None,
        *,
        inline: bool = False,
        caller: Caller = ANONYMOUS,
    ) -> T:
        """Execute the first work for a new request.

        When the caller is cancelled, or the deadline passes before a thread is free, ``work`` is
        not executed. Work that has started ends at its next checkpoint when the caller is
        cancelled. Raises OverloadedError, DeadlineError, DrainingError and what ``work`` raises.

        code_points: of the article. deadline: ``loop.time()`` seconds, or None. inline: allow
        execution on the event loop while no article waits or is being read.
        """
        now = asyncio.get_running_loop().time

        def work_in_time() -> T:
            if deadline is not None and now() >= deadline:
                raise DeadlineError(
                    "the deadline passed before the article was read; allow more time"
                )
            return work()

        inline = inline and not self._backlog.requests
        try:
            self._admit(caller, code_points, None if deadline is None else deadline - now())
            if not inline:
                return await self._run_in_slot(caller, code_points, work_in_time)
            try:
                return self._timed(work_in_time, code_points)
            finally:
                self._leave(caller, code_points)
        except (OverloadedError, DeadlineError) as error:
            self._refused.labels(self._name, error.reason).inc()
            raise

    async def _run_in_slot(self, caller: Caller, code_points: int, work: Callable[[], T]) -> T:
        future: Future[T] | None = None
        try:
            async with self._slots.slot(caller, code_points):
                future, call = self._submit(work, code_points)
                # The article counts until its thread is free, even if the caller has left.
                future.add_done_callback(lambda _: self._leave(caller, code_points))
                return await self._result(future, call)
        finally:
            if future is None:
                self._leave(caller, code_points)

    def _admit(self, caller: Caller, code_points: int, seconds_left: float | None) -> None:
        """Add an article to the backlog, or raise."""
        in_time = seconds_left is None or seconds_left > 0
        with self._lock:
            backlog = self._backlog
            # An article alone is not rejected by the rate, which may be that of a slow moment.
            if backlog.requests or not in_time:
                self._admission.admit(
                    tokens=code_points,
                    requests_waiting=backlog.requests,
                    tokens_waiting=backlog.tokens,
                    tokens_ahead=self._code_points_ahead(caller, code_points),
                    seconds_left=seconds_left,
                    share=backlog.share(caller),
                )
            self._change_backlog(caller, 1, code_points)

    def _code_points_ahead(self, caller: Caller, code_points: int) -> int:
        """Return the code points read before a new article: those in slots, and those by turns."""
        waiters = self._slots.waiters
        own = code_points + waiters.entries(caller).total
        in_slots = self._backlog.tokens - waiters.total
        return in_slots + waiters.served_until(caller, own) - code_points

    def _leave(self, caller: Caller, code_points: int) -> None:
        with self._lock:
            self._change_backlog(caller, -1, -code_points)

    def _change_backlog(self, caller: Caller, articles: int, code_points: int) -> None:
        self._backlog.change(caller, requests=articles, tokens=code_points)
        self._articles_gauge.set(self._backlog.requests)
        self._code_points_gauge.set(self._backlog.tokens)

    def close(self) -> bool:
        """Accept no more work, drop queued work, and end running work at its next checkpoint.

        Does not wait. Returns whether no call was being executed.
        """
        self._closed = True
        self.executor.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            return not self._active

    def _submit(
        self, work: Callable[[], T], code_points: int = 0, *, counts: bool = True
    ) -> tuple[Future[T], _Call]:
        """Submit work to the executor. code_points: of the article that it reads."""
        call = _Call()

        def execute() -> T:
            with interruptible(lambda: call.abandoned or self._closed):
                checkpoint()
                return self._timed(work, code_points, counts=counts)

        if self._closed:
            raise _draining()
        return self.executor.submit(execute), call

    async def _result(self, future: Future[T], call: _Call) -> T:
        """Wait for the result of a call, and abandon the call when this task is cancelled."""
        try:
            return await asyncio.wrap_future(future)
        except Interrupted:
            raise _draining() from None
        except asyncio.CancelledError:
            if self._closed and not _is_cancelled():
                raise _draining() from None
            raise
        finally:
            call.abandoned = True

    def _timed(self, work: Callable[[], T], code_points: int = 0, *, counts: bool = True) -> T:
        """Execute work and record its time for the rate, if it counts.

        The time of work without code points counts for the next article that is read.
        """
        with self._lock:
            self._active += 1
        started_at = time.perf_counter()
        completed = 0
        try:
            result = work()
            completed = code_points
            return result
        finally:
            seconds = time.perf_counter() - started_at
            with self._lock:
                # Threads share the time.
                self._seconds += seconds / self._active if counts else 0.0
                self._active -= 1
                if completed:
                    self._admission.record_batch(tokens=completed, seconds=self._seconds)
                    self._seconds = 0.0


def _draining() -> DrainingError:
    return DrainingError("the server is shutting down; call again, another one will answer")


def _is_cancelled() -> bool:
    """Whether the task itself is cancelled, not only the future that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
