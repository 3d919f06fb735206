"""Batches through a model, in as many threads as it has workers."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import Future

import structlog

from summsvc.engines.base import CancelledGeneration, Generated, Seq2SeqEngine
from summsvc.errors import EngineError, EngineStalledError, SummsvcError
from summsvc.scheduling.dedup import DedupCache
from summsvc.scheduling.execution import failures
from summsvc.scheduling.execution.quarantine import Suspects
from summsvc.scheduling.execution.threads import Threads, returned
from summsvc.scheduling.execution.watchdog import Watchdog, in_time
from summsvc.scheduling.jobs import WorkItem
from summsvc.scheduling.metrics import ModelMetrics
from summsvc.scheduling.queue import Batch

log = structlog.get_logger("summsvc.scheduling")

Lost = Callable[[Future[None]], None]
"""Told that an engine was given up. Its threads cannot be ended: the future is done once all
have come out and its memory is free."""


class _Hung(Exception):
    """A batch is still in an engine after its time."""

    def __init__(self, call: Future[list[Generated]], threads: Threads, limit_s: float) -> None:
        super().__init__()
        self.call, self.threads, self.limit_s = call, threads, limit_s


class Runner:
    """Gives every segment of a batch its output or an error, and tells whoever waits for it.

    A batch that hangs fails as a whole, and its worker goes on in another thread. When as many
    hang at once as there are workers, none of the engine's own may be left: it is given up, and
    batches wait for another one. workers: batches computed at once. measured: told how many
    seconds a batch took that went well. lost: called when the engine is given up.
    """

    def __init__(
        self,
        engine: Seq2SeqEngine,
        *,
        workers: int,
        dedup: DedupCache,
        metrics: ModelMetrics,
        measured: Callable[[Batch, float], None],
        watchdog: Watchdog,
        lost: Lost,
    ) -> None:
        self._model = engine.spec.id
        self._workers = workers
        self._dedup = dedup
        self._metrics = metrics
        self._measured = measured
        self._watchdog = watchdog
        self._lost = lost
        self._suspects = Suspects()
        self._hung: list[Future[list[Generated]]] = []
        self._closing = False
        self._usable = asyncio.Event()
        self.replace(engine)

    @property
    def usable(self) -> bool:
        """Whether there is an engine that batches can go to."""
        return self._threads is not None

    @property
    def stuck(self) -> int:
        """Batches that hang in the engine now."""
        self._hung = [call for call in self._hung if not call.done()]
        return len(self._hung)

    def replace(self, engine: Seq2SeqEngine) -> None:
        """Let batches go to this engine from now on."""
        self._engine = engine
        self._hung = []
        self._threads: Threads | None = Threads(
            f"summsvc-{self._model}", last=lambda: engine.close()
        )
        self._usable.set()

    async def run(self, batch: Batch) -> None:
        """Run a batch; on failure its halves, until the segments at fault are alone."""
        try:
            for items in self._suspects.apart(batch.items):
                part = Batch(items, batch.budget)
                if len(items) == 1 and self._suspects.at_fault(items[0]):
                    self._refuse(part)
                else:
                    await self._run(part)
        except Exception as error:
            # A defect of ours must not leave callers waiting, nor end the worker.
            self._log("batch lost", batch, error)
            self._fail(batch, error)

    async def _run(self, batch: Batch) -> None:
        for item in batch.items:
            for handle in item.handles:
                handle.reached_model()
        try:
            outputs, seconds = await self._generate(batch)
        except CancelledGeneration:
            await self._again(batch, batch.items)
        except _Hung as hung:
            self._given_up(batch, hung)
        except Exception as error:
            if len(batch.items) == 1:
                self._log("engine failed", batch, error)
                self._fail(batch, error)
                return
            middle = len(batch.items) // 2
            await self._again(batch, batch.items[:middle])
            await self._again(batch, batch.items[middle:])
        else:
            self._measured(batch, seconds)
            self._watchdog.measured(batch, outputs, seconds)
            self._suspects.clear(batch.items)
            self._metrics.computed(batch, outputs, seconds)
            for item, output in zip(batch.items, outputs, strict=True):
                self._dedup.keep(item, output)
                item.output = output
                self._tell(item)

    async def _generate(self, batch: Batch) -> tuple[list[Generated], float]:
        """The outputs, and how many seconds the engine took."""
        await self._usable.wait()
        threads, engine = self._threads, self._engine
        if threads is None or self._closing:
            raise CancelledGeneration
        source, target, options = batch.items[0].kind
        texts = [item.text for item in batch.items]
        begun = time.perf_counter()
        call = threads.run(lambda: engine.generate(texts, source, target, options, batch.abandoned))
        limit_s = self._watchdog.limit_s(batch)
        if not await in_time(call, limit_s):
            raise _Hung(call, threads, limit_s)
        outputs = call.result()
        if len(outputs) != len(batch.items):
            raise EngineError(f"{len(batch.items)} segments went in, {len(outputs)} came out")
        return outputs, time.perf_counter() - begun

    async def _again(self, batch: Batch, items: tuple[WorkItem, ...]) -> None:
        """Compute what somebody wants of items whose batch did not end well, drop the rest."""
        wanted = tuple(item for item in items if item.handles)
        for item in items:
            if not item.handles:
                self._metrics.abandoned.inc()
                self._dedup.forget(item)
        if wanted:
            await self._run(Batch(wanted, batch.budget))

    def _given_up(self, batch: Batch, hung: _Hung) -> None:
        """Fail a batch that hangs; give its engine up when no worker may be left in it."""
        self._metrics.stalled.inc()
        self._suspects.note(batch.items)
        is_current = hung.threads is self._threads
        if is_current:
            self._hung.append(hung.call)
        is_lost = is_current and self.stuck >= self._workers
        log.warning(
            "batch hung",
            model=self._model,
            seconds=round(hung.limit_s, 2),
            expected_s=round(self._watchdog.expected_s(batch), 2),
            segments=len(batch.items),
            tokens=batch.tokens,
            requests=failures.requests(batch.items),
            action="give the engine up" if is_lost else "go on in another thread",
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
            hung.threads.end()
            self._lost(hung.threads.ended)

    def _refuse(self, batch: Batch) -> None:
        error = EngineError(
            f"model '{self._model}' stopped answering on a segment of this text a short while ago "
            "and is not given it again for now; leave the segment out",
            metadata={"model": self._model},
        )
        self._log("segment refused", batch, error)
        self._fail(batch, error)

    def _log(self, event: str, batch: Batch, error: Exception) -> None:
        log.warning(event, model=self._model, **failures.facts(error, batch.items))

    def _fail(self, batch: Batch, error: Exception) -> None:
        if not isinstance(error, SummsvcError) or error.detail:
            error = EngineError(
                f"model '{self._model}' failed on a segment; the log has the request id",
                metadata={"model": self._model},
            )
        for item in batch.items:
            if not item.done:
                self._metrics.failed.inc()
                item.error = error
                self._tell(item)

    def _tell(self, item: WorkItem) -> None:
        self._dedup.forget(item)
        for handle in list(item.handles):
            handle.settled(item)
        item.handles.clear()

    def stop(self) -> None:
        """Begin no more batches, and let those go that wait for an engine."""
        self._closing = True
        self._usable.set()

    async def close(self, timeout_s: float = math.inf) -> bool:
        """Free the model once no batch is in it; False if that takes longer than so many seconds.

        What is left in it then is freed whenever the last batch comes out; an engine given up
        is its new owner's affair. Raises what ``Seq2SeqEngine.close`` raises.
        """
        self.stop()
        if self._threads is None:
            return True
        self._threads.end()
        if not await returned(self._threads.ended, timeout_s):
            return False
        self._threads.ended.result()
        return True
