"""Many requests, one model: admission, batches, results.

All of this runs on the event loop; the model runs in threads, see ``running``.
"""

from __future__ import annotations

import asyncio
import math
import time

from summsvc.engines.base import Seq2SeqEngine
from summsvc.errors import DeadlineError, DrainingError, SummsvcError
from summsvc.scheduling.admission.admission import Admission, QueueLimits
from summsvc.scheduling.admission.deadlines import Deadlines
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.dedup import DedupCache
from summsvc.scheduling.execution.batch_runner import Lost, Runner
from summsvc.scheduling.execution.batch_size import BatchSizer
from summsvc.scheduling.execution.watchdog import Patience, Watchdog
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.jobs import Job, JobHandle, Priority
from summsvc.scheduling.metrics import ModelMetrics, QueueMetrics
from summsvc.scheduling.queue import Batch, FairQueue

CHUNK = 512
"""Segments looked up at a stretch: about a millisecond of the event loop."""

HOLD = 0.1
"""Share of the time a batch took for which its worker waits at most for callers to come back:
every batch has a fixed cost, which those that come too late would pay again."""

INTERACTIVE_S = 10.0
"""Seconds after an interactive request for which another one is expected."""

CROWD = 4
"""Full batches that wait when a queue is full of somebody's work. Who has then so many times
less waiting than its part is not to wait for full batches."""


class Scheduler:
    """The queue of one loaded model.

    workers: batches computed at once. pace: how large they are. batch_wait_s: how
    long a worker that has just answered several requests waits, for each of their
    callers, for them to come back before it takes a batch that is not full.
    probe_s: how long one segment took when the model was loaded; 0: unknown.
    version: what the model's outputs depend on beside its id, for the cache.
    patience: after which a batch is taken for hung. lost: see ``Runner``; requests wait
    until ``resume`` or ``suspend``.
    """

    def __init__(
        self,
        engine: Seq2SeqEngine,
        *,
        workers: int,
        limits: QueueLimits,
        batch_sizer: BatchSizer,
        batch_wait_s: float,
        cache: OutputCache,
        metrics: QueueMetrics,
        probe_s: float = 0.0,
        version: str = "",
        patience: Patience = Patience(),
        lost: Lost = lambda _: None,
    ) -> None:
        self.engine = engine
        self.last_used = time.monotonic()
        self._workers = workers
        self._batch_sizer = batch_sizer
        self._batch_wait_s = batch_wait_s
        self._metrics = ModelMetrics(metrics, engine.spec.id)
        self._queue = FairQueue()
        self._dedup = DedupCache(engine.spec.id, version or engine.spec.revision, cache)
        self._admission = Admission(limits, workers=workers)
        # No batch is faster than a single segment, and the first ones are of this size.
        self._admission.expect(tokens=batch_sizer.budget.tokens, seconds=probe_s)
        interactive = self._queue.order(Priority.INTERACTIVE)
        self._deadlines = Deadlines(self._admission, interactive.with_others)
        self._runner = Runner(
            engine,
            workers=workers,
            dedup=self._dedup,
            metrics=self._metrics,
            measured=self._measured,
            watchdog=Watchdog(patience, probe_s=probe_s),
            lost=lost,
        )
        self._suspended: SummsvcError | None = None
        self._handles: dict[JobHandle, asyncio.TimerHandle | None] = {}
        self._coming_tokens = 0
        self._submitted = 0
        self._running: set[Batch] = set()
        self._interactive_until = self._shared_until = 0.0
        self._arrived = asyncio.Event()
        self._closing = False
        self._tasks = [asyncio.create_task(self._work()) for _ in range(workers)]

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in the model."""
        return not self._handles and not self._running and not self._runner.stuck

    @property
    def usable(self) -> bool:
        """Whether the model can compute; else its engine was given up."""
        return self._runner.usable

    def resume(self, engine: Seq2SeqEngine, version: str) -> None:
        """Go on with another engine of the same model."""
        self.engine = engine
        self._dedup.version = version
        self._suspended = None
        self._runner.replace(engine)

    def suspend(self, error: SummsvcError) -> None:
        """Fail all requests that wait, and refuse others, until ``resume``."""
        self._suspended = error
        for handle in list(self._handles):
            handle.fail(error)

    @property
    def batches(self) -> int:
        """Batches that are being computed."""
        return len(self._running)

    def submit(self, work: Job) -> JobHandle:
        """Take a request in. Every ticket ends with results or an error.

        Raises OverloadedError, DeadlineError, DrainingError or what it is suspended with.
        """
        if self._closing:
            raise DrainingError("this model is being unloaded; call again")
        if self._suspended is not None:
            raise self._suspended
        self.last_used = time.monotonic()
        loop = asyncio.get_running_loop()
        tokens = self._dedup.tokens_to_compute(work, _stretch(work, 0))
        self.check(
            tokens, work.priority, work.deadline, continues=work.continues, caller=work.caller
        )
        if work.priority is Priority.INTERACTIVE:
            self._interactive_until = loop.time() + INTERACTIVE_S
            self._mind_the_small(work, loop.time() + INTERACTIVE_S)
        self._submitted += 1
        handle = JobHandle(work, self._left)
        self._handles[handle] = (
            None if work.deadline is None else loop.call_at(work.deadline, self._expire, handle)
        )
        self._come(handle, handle.coming_tokens)
        self._feed(handle, self._dedup.key(work))
        return handle

    def count_retried(self, segments: int) -> None:
        """Count segments whose doubtful outputs are retried."""
        self._metrics.retried.inc(segments)

    def check(
        self,
        tokens: int,
        priority: Priority,
        deadline: float | None,
        *,
        continues: bool = False,
        likely: int = 0,
        caller: Caller = ANONYMOUS,
    ) -> None:
        """Raise what ``submit`` raises of a request with so many tokens to be computed.

        likely: as many as it may turn out to have. Takes time that does not depend on how
        many requests wait.
        """
        if continues and deadline is None:
            return
        loop = asyncio.get_running_loop()
        queue = self._queue
        missing_s = 0.0
        if not continues:
            missing_s = self._deadlines.missing(tokens, priority, deadline, caller)
        try:
            self._admission.check(
                tokens=tokens,
                requests_waiting=len(queue),
                tokens_waiting=queue.tokens + self._coming_tokens,
                tokens_ahead=queue.tokens_ahead(priority, tokens, caller),
                seconds_left=None if deadline is None else deadline - loop.time(),
                seconds_missing=missing_s,
                continues=continues,
                tokens_likely=likely,
                share=queue.held.share(caller),
            )
        except SummsvcError as error:
            self._metrics.refused(error.reason)
            raise

    def _feed(self, handle: JobHandle, key: str) -> None:
        """Let the next segments of a ticket wait; a book comes in by and by."""
        if handle.ended:
            return
        work = handle.work
        stretch = _stretch(work, len(handle.entries))
        came = sum(work.tokens[stretch.start : stretch.stop])
        handle.coming_tokens -= came
        self._come(handle, -came)
        for position in stretch:
            item, costs_nothing = self._dedup.item(work, key, position)
            handle.entries.append((item, costs_nothing))
            if item.done:
                self._metrics.cache_hits.inc()
                continue
            if costs_nothing:
                self._metrics.shared.inc()
            handle.open[item] = None
            if item.waiting:
                self._queue.add(handle, item)
            else:
                item.handles[handle] = None
                handle.reached_model()
        if len(handle.entries) < len(work.texts):
            asyncio.get_running_loop().call_soon(self._feed, handle, key)
        self._deadlines.note(handle)
        handle.fed()
        self._show()
        self._arrived.set()

    def _come(self, handle: JobHandle, tokens: int) -> None:
        """So many tokens of a ticket more are on their way into the queue, or fewer."""
        self._coming_tokens += tokens
        self._queue.held.change(handle.work.caller, tokens=tokens)

    def _expire(self, handle: JobHandle) -> None:
        self._metrics.expired.inc()
        handle.fail(DeadlineError("the deadline passed before the work was done"))

    def _left(self, handle: JobHandle) -> None:
        """A ticket has ended: done, cancelled or failed."""
        timer = self._handles.pop(handle, None)
        if timer is not None:
            timer.cancel()
        self._come(handle, -handle.coming_tokens)
        handle.coming_tokens = 0
        unwanted = self._queue.remove(handle)
        self._deadlines.note(handle)
        for item in unwanted:
            self._dedup.forget(item)
        if unwanted:
            self._metrics.abandoned.inc(len(unwanted))
        for item in handle.open:
            item.handles.pop(handle, None)
        handle.open.clear()
        self._show()

    async def _work(self) -> None:
        """One worker: take a batch, compute it, again."""
        while True:
            if self._closing:
                return
            # All workers wake for whatever comes, and find nothing most of the time.
            batch = self._next() if len(self._queue) else None
            if batch is None:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            self._show()
            handles = {handle for item in batch.items for handle in item.handles}
            for handle in handles:
                self._deadlines.note(handle)
            begun = time.perf_counter()
            self._running.add(batch)
            await self._runner.run(batch)
            self._running.remove(batch)
            answered = sum(handle.ended for handle in handles)
            if answered > 1:
                await self._hold(answered, HOLD * (time.perf_counter() - begun))

    async def _hold(self, callers: int, most_s: float) -> None:
        """Wait until so many have come back, ``batch_wait_s`` for each; ``most_s`` at most."""
        wanted = self._submitted + callers
        until = time.perf_counter() + min(callers * self._batch_wait_s, most_s)
        while self._submitted < wanted and not self._queue.fills(self._batch_sizer.budget):
            left = until - time.perf_counter()
            if left <= 0 or self._closing:
                return
            await asyncio.sleep(min(self._batch_wait_s, left))

    def _next(self) -> Batch | None:
        now, budget = asyncio.get_running_loop().time(), self._batch_sizer.budget
        hurry = now < self._interactive_until
        if now < self._shared_until and self._queue.fills(budget.times(CROWD)):
            budget = self._batch_sizer.shared
        return self._queue.next(
            budget,
            self._workers - len(self._running),
            self._deadlines.pressing,
            bulk=self._batch_sizer.narrow if hurry else None,
            running=self._running,
        )

    def _mind_the_small(self, work: Job, until: float) -> None:
        """Shorten batches for a caller with little work, where a short one has room for all."""
        held = self._queue.held
        share = held.share(work.caller)
        rows = share.callers * work.options.beam_size
        if share.is_small(held.requests, CROWD) and rows <= self._batch_sizer.shared.sequences:
            self._shared_until = until

    def _measured(self, batch: Batch, seconds: float) -> None:
        if batch.budget.tells(batch.used):
            self._batch_sizer.measured(batch.used, seconds)
            self._admission.measured(tokens=batch.tokens, seconds=seconds)

    def _show(self) -> None:
        self._metrics.queued_requests.set(len(self._queue))
        self._metrics.queued_tokens.set(self._queue.tokens)

    async def close(self, timeout_s: float = math.inf) -> bool:
        """Fail what is left, wait for batches in the model, free it; see ``Runner.close``."""
        until = time.monotonic() + timeout_s
        self._closing = True
        error = DrainingError("the server is shutting down; call again, another one will answer")
        for handle in list(self._handles):
            handle.fail(error)
        self._arrived.set()
        self._runner.stop()
        _, at_work = await asyncio.wait(self._tasks, timeout=timeout_s)
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        return await self._runner.close(until - time.monotonic())


def _stretch(work: Job, start: int) -> range:
    """Positions of the next segments that are looked up without a pause."""
    return range(start, min(start + CHUNK, len(work.texts)))
