"""Worker tasks of one model: each worker takes batches from the queue and executes them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from summsvc.scheduling.admission.deadlines import Deadlines
from summsvc.scheduling.batch_size import BatchSizer
from summsvc.scheduling.batching import Batch
from summsvc.scheduling.execution.batch_runner import BatchRunner
from summsvc.scheduling.jobs import Job, Priority
from summsvc.scheduling.queue import CONTENDED_BATCHES, FairQueue

RETURN_WAIT_FRACTION = 0.1
"""Longest wait of a worker for returning callers, as a fraction of the time of its last batch.
Every batch has a fixed cost, which callers that return too late would cause a second time."""

INTERACTIVE_S = 10.0
"""Seconds after an interactive job for which another one is expected."""


class Workers:
    """The worker tasks of one model, and the choice of a budget for each batch.

    count: batches computed at the same time. batch_wait_s: after a batch that ended several
    jobs, how long a worker waits for each of their callers to send another job, before it
    takes a batch that is not full. on_queue_change: called after a batch left the queue.
    """

    def __init__(
        self,
        count: int,
        *,
        queue: FairQueue,
        deadlines: Deadlines,
        runner: BatchRunner,
        batch_sizer: BatchSizer,
        batch_wait_s: float,
        on_queue_change: Callable[[], None],
    ) -> None:
        self._count = count
        self._queue = queue
        self._deadlines = deadlines
        self._runner = runner
        self._batch_sizer = batch_sizer
        self._batch_wait_s = batch_wait_s
        self._on_queue_change = on_queue_change
        self.running: set[Batch] = set()
        self._jobs_submitted = 0
        self._interactive_until = self._contended_until = 0.0
        self._wakeup = asyncio.Event()
        self._stopping = False
        self._tasks = [asyncio.create_task(self._execute_batches()) for _ in range(count)]

    def wake(self) -> None:
        """Wake idle workers: segments may have been added to the queue."""
        self._wakeup.set()

    def note_job(self, job: Job) -> None:
        """Adapt the budgets of the next batches to a job that is about to be added."""
        self._jobs_submitted += 1
        if job.priority is not Priority.INTERACTIVE:
            return
        until = asyncio.get_running_loop().time() + INTERACTIVE_S
        self._interactive_until = until
        backlog = self._queue.backlog
        share = backlog.share(job.caller)
        rows = share.callers * job.options.beam_size
        # Shorter batches help only while one batch can contain a segment of every caller.
        if (
            share.is_small(backlog.requests, CONTENDED_BATCHES)
            and rows <= self._batch_sizer.contended_budget.sequences
        ):
            self._contended_until = until

    async def _execute_batches(self) -> None:
        while not self._stopping:
            # All workers wake for every change, and mostly find the queue empty.
            batch = self._next_batch() if self._queue.sequences else None
            if batch is None:
                self._wakeup.clear()
                await self._wakeup.wait()
                continue
            self._on_queue_change()
            handles = {handle for item in batch.items for handle in item.handles}
            for handle in handles:
                self._deadlines.update(handle)
            started_at = time.perf_counter()
            self.running.add(batch)
            await self._runner.execute(batch)
            self.running.remove(batch)
            ended = sum(handle.ended for handle in handles)
            if ended > 1:
                batch_s = time.perf_counter() - started_at
                await self._wait_for_callers(ended, RETURN_WAIT_FRACTION * batch_s)

    async def _wait_for_callers(self, callers: int, limit_s: float) -> None:
        """Wait until so many jobs are submitted, ``batch_wait_s`` for each, at most ``limit_s``."""
        wanted = self._jobs_submitted + callers
        until = time.perf_counter() + min(callers * self._batch_wait_s, limit_s)
        while self._jobs_submitted < wanted and not self._queue.fills(self._batch_sizer.budget):
            left_s = until - time.perf_counter()
            if left_s <= 0 or self._stopping:
                return
            await asyncio.sleep(min(self._batch_wait_s, left_s))

    def _next_batch(self) -> Batch | None:
        now, budget = asyncio.get_running_loop().time(), self._batch_sizer.budget
        is_interactive = now < self._interactive_until
        contended = now < self._contended_until and self._queue.fills(
            budget.times(CONTENDED_BATCHES)
        )
        if contended:
            budget = self._batch_sizer.contended_budget
        return self._queue.next_batch(
            budget,
            self._count - len(self.running),
            self._deadlines.urgent,
            bulk_budget=self._batch_sizer.narrow_budget if is_interactive else None,
            running=self.running,
            contended=contended,
        )

    async def stop(self, timeout_s: float) -> None:
        """Start no more batches, and cancel workers that have not ended after ``timeout_s``."""
        self._stopping = True
        self._wakeup.set()
        self._runner.stop()
        _, pending = await asyncio.wait(self._tasks, timeout=timeout_s)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
