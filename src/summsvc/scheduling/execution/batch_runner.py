"""Execution of batches in an engine: results, failures and hung calls."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

import structlog

from summsvc.engines.base import CancelledGeneration, Generated, Seq2SeqEngine
from summsvc.errors import EngineError, EngineMemoryError, EngineStalledError, SummsvcError
from summsvc.scheduling.batching import Batch
from summsvc.scheduling.cache import DedupCache
from summsvc.scheduling.execution.failure_log import log_fields, request_ids
from summsvc.scheduling.execution.memory_errors import is_out_of_memory
from summsvc.scheduling.execution.output_validation import validate_outputs
from summsvc.scheduling.execution.quarantine import Quarantine
from summsvc.scheduling.execution.threads import DaemonThreadPool, wait_done
from summsvc.scheduling.execution.watchdog import Watchdog, completes_within
from summsvc.scheduling.jobs import JobHandle, WorkItem
from summsvc.scheduling.metrics import ModelMetrics
from summsvc.tracing import Span, start_shared

log = structlog.get_logger("summsvc.scheduling")

GenerateCall = Future[list[Generated]]
"""A call of ``Seq2SeqEngine.generate`` in a thread."""

OnBatch = Callable[[Batch, float], None]
"""Called after each successful batch, with the seconds that the engine took."""


class OnEngineLost(Protocol):
    """Called when an engine is given up. Its threads cannot be stopped."""

    def __call__(self, freed: Future[None], /) -> object:
        """freed: done when all threads have left the engine and its memory is free."""


class _HungBatch(Exception):
    """A batch is still in an engine after its time limit."""

    def __init__(self, call: GenerateCall, threads: DaemonThreadPool, limit_s: float) -> None:
        super().__init__()
        self.call, self.threads, self.limit_s = call, threads, limit_s


class BatchRunner:
    """Executes batches, and sets the output or the error of each of their segments.

    A hung batch fails as a whole, and its worker continues in another thread. When as many
    batches hang as there are workers, no worker of the engine itself may be left: the engine is
    given up, and batches wait until ``replace``. workers: batches computed at the same time.
    """

    def __init__(
        self,
        engine: Seq2SeqEngine,
        *,
        workers: int,
        dedup: DedupCache,
        metrics: ModelMetrics,
        on_batch: OnBatch,
        watchdog: Watchdog,
        on_engine_lost: OnEngineLost,
    ) -> None:
        self._model = engine.spec.id
        self._workers = workers
        self._dedup = dedup
        self._metrics = metrics
        self._on_batch = on_batch
        self._watchdog = watchdog
        self._on_engine_lost = on_engine_lost
        self._quarantine = Quarantine()
        self._hung: list[GenerateCall] = []
        self._closing = False
        self._usable = asyncio.Event()
        self.replace(engine)

    @property
    def usable(self) -> bool:
        """Whether there is an engine for batches."""
        return self._threads is not None

    @property
    def hung_batches(self) -> int:
        """Batches that hang in the engine now."""
        self._hung = [call for call in self._hung if not call.done()]
        return len(self._hung)

    def replace(self, engine: Seq2SeqEngine) -> None:
        """Use this engine for all batches from now on."""
        self._engine = engine
        self._hung = []
        threads = DaemonThreadPool(f"summsvc-{self._model}", lambda: engine.close())
        self._threads: DaemonThreadPool | None = threads
        self._usable.set()

    async def execute(self, batch: Batch) -> None:
        """Execute a batch. A batch that fails is halved until the failing segments are alone."""
        try:
            for items in self._quarantine.isolate(batch.items):
                part = Batch(items, batch.budget)
                if len(items) == 1 and self._quarantine.is_refused(items[0]):
                    self._refuse(part)
                else:
                    await self._execute(part)
        except Exception as error:
            # A defect of this code must neither leave callers waiting nor end the worker.
            self._log("batch lost", batch, error)
            self._fail(batch, error)

    async def _execute(self, batch: Batch) -> None:
        handles = dict.fromkeys(handle for item in batch.items for handle in item.handles)
        for handle in handles:
            handle.mark_started()
        self._metrics.count_tokens(batch)
        span = start_shared(
            "batch",
            [handle.span for handle in handles],
            model=self._model,
            segments=len(batch.items),
            tokens=batch.tokens,
            padding_tokens=batch.padded_tokens - batch.tokens,
        )
        try:
            with span:
                outputs, seconds = await self._generate(batch, span)
        except CancelledGeneration:
            await self._retry(batch, batch.items)
        except _HungBatch as hung:
            self._abandon(batch, hung)
        except Exception as error:
            if len(batch.items) == 1:
                self._log("engine failed", batch, error)
                self._fail(batch, error)
                return
            middle = len(batch.items) // 2
            await self._retry(batch, batch.items[:middle])
            await self._retry(batch, batch.items[middle:])
        else:
            self._on_batch(batch, seconds)
            self._watchdog.record_batch(batch, outputs, seconds)
            self._quarantine.remove(batch.items)
            self._metrics.record_batch(batch, outputs, seconds, span.exemplar)
            for item, output in zip(batch.items, outputs, strict=True):
                item.output = output
            self._notify_handles(batch.items)

    async def _generate(self, batch: Batch, span: Span) -> tuple[list[Generated], float]:
        """Return the outputs, and the seconds that the engine took. span: of the batch."""
        await self._usable.wait()
        threads, engine = self._threads, self._engine
        if threads is None or self._closing:
            raise CancelledGeneration
        source, target, options = batch.items[0].batch_key
        texts = [item.text for item in batch.items]
        started_at = time.perf_counter()

        def generate() -> list[Generated]:
            with span.child("engine", engine=engine.name, device=engine.device):
                return engine.generate(texts, source, target, options, batch.abandoned)

        call = threads.submit(generate)
        limit_s = self._watchdog.limit_s(batch)
        if not await completes_within(call, limit_s):
            raise _HungBatch(call, threads, limit_s)
        outputs = call.result()
        validate_outputs(outputs, len(texts), options.max_output_tokens)
        return outputs, time.perf_counter() - started_at

    async def _retry(self, batch: Batch, items: tuple[WorkItem, ...]) -> None:
        """Execute items of a batch that failed; drop the items that no job waits for."""
        wanted = tuple(item for item in items if item.handles)
        unwanted = [item for item in items if not item.handles]
        if unwanted:
            self._metrics.abandoned.inc(len(unwanted))
            self._dedup.forget(unwanted)
        if wanted:
            await self._execute(Batch(wanted, batch.budget))

    def _abandon(self, batch: Batch, hung: _HungBatch) -> None:
        """Fail a batch that hangs; give the engine up when no worker may be left in it."""
        self._metrics.stalled.inc()
        self._quarantine.add(batch.items)
        is_current = hung.threads is self._threads
        if is_current:
            self._hung.append(hung.call)
        is_lost = is_current and self.hung_batches >= self._workers
        log.warning(
            "batch hung",
            model=self._model,
            seconds=round(hung.limit_s, 2),
            expected_s=round(self._watchdog.expected_s(batch), 2),
            segments=len(batch.items),
            tokens=batch.tokens,
            requests=request_ids(batch.items),
            action="give up the engine" if is_lost else "continue in another thread",
        )
        error = EngineStalledError(
            f"model '{self._model}' did not answer within {hung.limit_s:.0f} s and its work was "
            "given up; call again, another server may answer at once",
            metadata={"model": self._model},
        )
        self._fail(batch, error)
        if is_lost:
            self._threads = None
            self._usable.clear()
            hung.threads.shutdown()
            self._on_engine_lost(hung.threads.terminated)

    def _refuse(self, batch: Batch) -> None:
        error = EngineError(
            f"model '{self._model}' stopped answering on a segment of this text a short while ago "
            "and does not get it again for now; leave the segment out",
            metadata={"model": self._model},
        )
        self._log("segment refused", batch, error)
        self._fail(batch, error)

    def _log(self, event: str, batch: Batch, error: Exception) -> None:
        log.warning(event, model=self._model, **log_fields(error, batch.items))

    def _fail(self, batch: Batch, error: Exception) -> None:
        if is_out_of_memory(error):
            error = EngineMemoryError(
                f"model '{self._model}' has too little memory for a segment of this text; retry "
                "later, or lower decoding.beam_size or decoding.max_output_tokens",
                metadata={"model": self._model},
            )
        elif not isinstance(error, SummsvcError) or error.detail:
            error = EngineError(
                f"model '{self._model}' failed on a segment; the operator finds the cause in the "
                "server's log by the request id",
                metadata={"model": self._model},
            )
        failed = [item for item in batch.items if not item.done]
        self._metrics.failed.inc(len(failed))
        for item in failed:
            item.error = error
        self._notify_handles(failed)

    def _notify_handles(self, done: Sequence[WorkItem]) -> None:
        """Notify the jobs of segments whose output or error is set."""
        self._dedup.finish(done)
        handles: dict[JobHandle, list[WorkItem]] = {}
        for item in done:
            for handle in item.handles:
                handles.setdefault(handle, []).append(item)
        for handle, items in handles.items():
            handle.items_done(items)
        for item in done:
            item.handles.clear()

    def stop(self) -> None:
        """Start no more batches, and release those that wait for an engine."""
        self._closing = True
        self._usable.set()

    async def close(self, timeout_s: float = math.inf) -> bool:
        """Free the engine when no batch is in it. Returns False after ``timeout_s`` seconds.

        After a timeout, the last thread to leave the engine frees it. An engine that was given
        up is not waited for. Raises what ``Seq2SeqEngine.close`` raises.
        """
        self.stop()
        if self._threads is None:
            return True
        self._threads.shutdown()
        if not await wait_done(self._threads.terminated, timeout_s):
            return False
        self._threads.terminated.result()
        return True
