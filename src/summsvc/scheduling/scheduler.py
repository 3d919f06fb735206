"""Scheduler of one loaded model: admits jobs, and connects the queue, workers and engine.

``submit`` admits a job, ``Intake`` adds its segments to the queue, ``Workers`` take batches
from the queue, and ``BatchRunner`` executes them in the engine. The scheduler runs on the
event loop; the engine runs in threads.
"""

from __future__ import annotations

import asyncio
import math
import time

from summsvc.engines.base import Seq2SeqEngine
from summsvc.errors import DrainingError, SummsvcError
from summsvc.scheduling.admission.admission import Admission, QueueLimits
from summsvc.scheduling.admission.caller_limits import require_queued_tokens
from summsvc.scheduling.admission.deadlines import Deadlines
from summsvc.scheduling.batch_size import BatchSizer
from summsvc.scheduling.batching import Batch
from summsvc.scheduling.cache import DedupCache, OutputCache
from summsvc.scheduling.execution.batch_runner import BatchRunner, OnEngineLost
from summsvc.scheduling.execution.watchdog import HangThreshold, Watchdog
from summsvc.scheduling.execution.workers import Workers
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.intake import Intake, chunk
from summsvc.scheduling.jobs import Job, JobHandle, Priority, RetryCause
from summsvc.scheduling.metrics import ModelMetrics, QueueMetrics
from summsvc.scheduling.queue import FairQueue


class Scheduler:
    """Schedules the jobs of one loaded model; the model's engine can be replaced.

    workers: batches computed at the same time. batch_sizer: computes the size of batches.
    batch_wait_s: see ``Workers``. probe_s: seconds that one segment took when the model was
    loaded; 0: unknown. version: what the model's outputs depend on in addition to its id, for
    the cache. hang_threshold: when a batch counts as hung. on_engine_lost: see ``BatchRunner``;
    jobs wait then until ``resume`` or ``suspend``.
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
        hang_threshold: HangThreshold = HangThreshold(),
        on_engine_lost: OnEngineLost = lambda _: None,
    ) -> None:
        self.engine = engine
        self.last_used = time.monotonic()
        self._batch_sizer = batch_sizer
        self._metrics = ModelMetrics(metrics, engine.spec.id)
        self._queue = FairQueue()
        self._dedup = DedupCache(engine.spec.id, version or engine.spec.revision, cache)
        self._admission = Admission(limits, workers=workers)
        # No batch is faster than a single segment, and the first batches have this size.
        self._admission.expect(tokens=batch_sizer.budget.tokens, seconds=probe_s)
        interactive = self._queue.order(Priority.INTERACTIVE)
        self._deadlines = Deadlines(self._admission, interactive.served_until)
        self._runner = BatchRunner(
            engine,
            workers=workers,
            dedup=self._dedup,
            metrics=self._metrics,
            on_batch=self._record_batch,
            watchdog=Watchdog(hang_threshold, probe_s=probe_s),
            on_engine_lost=on_engine_lost,
        )
        self._intake = Intake(
            self._queue, self._dedup, self._deadlines, self._metrics, on_fed=self._wake_workers
        )
        self._workers = Workers(
            workers,
            queue=self._queue,
            deadlines=self._deadlines,
            runner=self._runner,
            batch_sizer=batch_sizer,
            batch_wait_s=batch_wait_s,
            on_queue_change=self._intake.show_queue,
        )
        self._suspended: SummsvcError | None = None
        self._closing = False
        self._users: set[asyncio.Task[object]] = set()

    def _wake_workers(self) -> None:
        self._workers.wake()

    @property
    def idle(self) -> bool:
        """Whether no job waits, no batch is in the model, and no task of ``keep_for_task`` runs."""
        in_use = self._users or len(self._intake) or self.batches or self._runner.hung_batches
        return not in_use

    def keep_for_task(self) -> None:
        """Not be idle until the current task ends, which may submit jobs later.

        The first job of a request may come after another model was loaded, or after the outputs
        of another model.
        """
        task = asyncio.current_task()
        if task is not None and task not in self._users:
            self._users.add(task)
            task.add_done_callback(self._release)

    def _release(self, task: asyncio.Task[object]) -> None:
        self._users.discard(task)
        self.last_used = time.monotonic()

    @property
    def usable(self) -> bool:
        """Whether the model can compute; False after its engine was given up."""
        return self._runner.usable

    @property
    def batches(self) -> int:
        """Batches that are being computed."""
        return len(self._workers.running)

    def resume(self, engine: Seq2SeqEngine, version: str) -> None:
        """Continue with another engine of the same model. version: see the class."""
        self.engine = engine
        self._dedup.version = version
        self._suspended = None
        self._runner.replace(engine)

    def suspend(self, error: SummsvcError) -> None:
        """End all jobs with an error, and reject further ones with it until ``resume``."""
        self._suspended = error
        self._intake.fail_all(error)

    def submit(self, job: Job) -> JobHandle:
        """Add a job. Every job ends with results, with an error or by cancellation.

        Raises OverloadedError, DeadlineError, DrainingError or the error of ``suspend``.
        """
        if self._closing:
            raise DrainingError("this model is being unloaded; call again")
        if self._suspended is not None:
            raise self._suspended
        self.last_used = time.monotonic()
        tokens = self._dedup.tokens_to_compute(job, chunk(job, 0))
        self.check_admission(
            tokens, job.priority, job.deadline, continues=job.continues, caller=job.caller
        )
        self._workers.note_job(job)
        return self._intake.add(job)

    def count_retried(self, segments: int) -> None:
        """Count segments that their caller submits again because of a quality check."""
        self._metrics.retried.inc(segments)

    def count_retried_tokens(self, cause: RetryCause, tokens: int) -> None:
        """Count the tokens of a job whose texts were sent before."""
        self._metrics.count_retried_tokens(cause, tokens)

    def check_admission(
        self,
        tokens: int,
        priority: Priority,
        deadline: float | None,
        *,
        continues: bool = False,
        likely_tokens: int = 0,
        caller: Caller = ANONYMOUS,
    ) -> None:
        """Raise what ``submit`` would raise for a job with so many tokens to compute.

        The time it takes is independent of the number of waiting jobs.

        deadline: ``loop.time()`` seconds, or None. continues, caller: see ``Job``.
        likely_tokens: expected tokens, when ``tokens`` is only a lower bound.
        """
        if continues and deadline is None:
            return
        loop = asyncio.get_running_loop()
        queue = self._queue
        shortfall_s = 0.0
        share = queue.backlog.share(caller)
        if not continues:
            shortfall_s = self._deadlines.shortfall_s(tokens, priority, deadline, caller)
        try:
            if not continues:
                rate = self._admission.tokens_per_s
                require_queued_tokens(caller, share.of_name[1], tokens, rate and rate / share.names)
            self._admission.admit(
                tokens=tokens,
                requests_waiting=len(queue),
                tokens_waiting=queue.tokens + self._intake.unfed_tokens,
                tokens_ahead=queue.tokens_ahead(priority, tokens, caller),
                seconds_left=None if deadline is None else deadline - loop.time(),
                shortfall_s=shortfall_s,
                continues=continues,
                likely_tokens=likely_tokens,
                share=share,
            )
        except SummsvcError as error:
            self._metrics.refused(error.reason)
            raise

    def _record_batch(self, batch: Batch, seconds: float) -> None:
        if batch.budget.is_sample(batch.used):
            self._batch_sizer.record_batch(batch.used, seconds)
            self._admission.record_batch(tokens=batch.tokens, seconds=seconds)

    async def close(self, timeout_s: float = math.inf) -> bool:
        """End all jobs, wait for batches in the model, and free it; see ``BatchRunner.close``."""
        until = time.monotonic() + timeout_s
        self._closing = True
        error = DrainingError("the server is shutting down; call again, another one will answer")
        self._intake.fail_all(error)
        await self._workers.stop(timeout_s)
        return await self._runner.close(until - time.monotonic())
