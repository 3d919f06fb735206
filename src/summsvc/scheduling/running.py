"""Batches through a model, in as many threads as it has workers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import structlog

from summsvc.engines.base import CancelledGeneration, Generated, Seq2SeqEngine
from summsvc.errors import EngineError, SummsvcError
from summsvc.scheduling.memo import Memo
from summsvc.scheduling.metrics import ModelMetrics
from summsvc.scheduling.queue import Batch
from summsvc.scheduling.threads import Threads, returned
from summsvc.scheduling.work import Item

log = structlog.get_logger("summsvc.scheduling")


class Runner:
    """Gives every segment of a batch its output or an error, and tells whoever waits for it.

    workers: batches computed at once. measured: told how many seconds a batch
    took that went well.
    """

    def __init__(
        self,
        engine: Seq2SeqEngine,
        *,
        workers: int,
        memo: Memo,
        metrics: ModelMetrics,
        measured: Callable[[Batch, float], None],
    ) -> None:
        self._engine = engine
        self._model = engine.spec.id
        self._workers = workers
        self._memo = memo
        self._metrics = metrics
        self._measured = measured
        self._threads = Threads(f"summsvc-{self._model}", last=lambda: engine.close())

    async def run(self, batch: Batch) -> None:
        """Run a batch; on failure its halves, until the segments at fault are alone."""
        try:
            await self._run(batch)
        except Exception as error:
            # A defect of ours must not leave callers waiting, nor end the worker.
            log.exception("batch lost", model=self._model)
            self._fail(batch, error)

    async def _run(self, batch: Batch) -> None:
        for item in batch.items:
            for ticket in item.tickets:
                ticket.reached_model()
        begun = time.perf_counter()
        try:
            outputs = await self._generate(batch)
        except CancelledGeneration:
            await self._again(batch, batch.items)
        except Exception as error:
            if len(batch.items) == 1:
                self._fail(batch, error)
                return
            middle = len(batch.items) // 2
            await self._again(batch, batch.items[:middle])
            await self._again(batch, batch.items[middle:])
        else:
            seconds = time.perf_counter() - begun
            self._measured(batch, seconds)
            self._metrics.computed(batch, outputs, seconds)
            for item, output in zip(batch.items, outputs, strict=True):
                self._memo.keep(item, output)
                item.output = output
                self._tell(item)

    async def _generate(self, batch: Batch) -> list[Generated]:
        source, target, options = batch.items[0].kind
        texts = [item.text for item in batch.items]
        call = self._threads.run(
            lambda: self._engine.generate(texts, source, target, options, batch.abandoned)
        )
        await returned(call)
        outputs = call.result()
        if len(outputs) != len(batch.items):
            raise EngineError(f"{len(batch.items)} segments went in, {len(outputs)} came out")
        return outputs

    async def _again(self, batch: Batch, items: tuple[Item, ...]) -> None:
        """Compute what somebody wants of items whose batch did not end well, drop the rest."""
        wanted = tuple(item for item in items if item.tickets)
        for item in items:
            if not item.tickets:
                self._metrics.abandoned.inc()
                self._memo.forget(item)
        if wanted:
            await self._run(Batch(wanted, batch.budget))

    def _fail(self, batch: Batch, error: Exception) -> None:
        for item in batch.items:
            if not item.done:
                self._metrics.failed.inc()
                log.warning("engine failed", model=self._model, error=type(error).__name__)
                item.error = (
                    error
                    if isinstance(error, SummsvcError)
                    else EngineError(f"the model failed on a segment: {error}")
                )
                self._tell(item)

    def _tell(self, item: Item) -> None:
        self._memo.forget(item)
        for ticket in list(item.tickets):
            ticket.settled(item)
        item.tickets.clear()

    async def close(self, timeout_s: float = math.inf) -> bool:
        """Free the model once no batch is in it; False if that takes longer than so many seconds.

        What is left in it then is freed whenever the last batch comes out. Raises what
        ``Seq2SeqEngine.close`` raises.
        """
        self._threads.end()
        if not await returned(self._threads.ended, timeout_s):
            return False
        self._threads.ended.result()
        return True
