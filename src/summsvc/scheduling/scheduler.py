"""Many requests, one model: admission, batches, results.

Everything but the model itself runs on the event loop; the engine's blocking
calls run in as many threads as it has workers.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import structlog

from summsvc.engines.base import CancelledGeneration, Generated, Seq2SeqEngine
from summsvc.errors import DrainingError, EngineError, SummsvcError
from summsvc.scheduling.admission import Admission, QueueLimits
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.metrics import QueueMetrics
from summsvc.scheduling.queue import Batch, FairQueue
from summsvc.scheduling.work import Entry, Item, Ticket, Work

log = structlog.get_logger("summsvc.scheduling")


class Scheduler:
    """The queue of one loaded model.

    workers: batches computed at once. batch_tokens: budget of a batch, longest
    segment x segments. batch_wait_s: how long a batch may wait to fill while
    other workers are busy.
    """

    def __init__(
        self,
        engine: Seq2SeqEngine,
        *,
        workers: int,
        limits: QueueLimits,
        batch_tokens: int,
        batch_wait_s: float,
        cache: OutputCache,
        metrics: QueueMetrics,
    ) -> None:
        self.engine = engine
        self.last_used = time.monotonic()
        self._batch_tokens = batch_tokens
        self._batch_wait_s = batch_wait_s
        self._cache = cache
        self._metrics = metrics
        self._model = engine.spec.id
        self._queue = FairQueue()
        self._admission = Admission(limits, workers)
        self._in_flight: dict[tuple[object, ...], Item] = {}
        self._active: set[Batch] = set()
        self._arrived = asyncio.Event()
        self._closing = False
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix=f"summsvc-{self._model}")
        self._tasks = [asyncio.create_task(self._work()) for _ in range(workers)]

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being computed."""
        return not self._queue and not self._active

    def submit(self, work: Work) -> Ticket:
        """Take a request in. Every ticket ends with results or an error.

        Raises OverloadedError, DeadlineError or DrainingError.
        """
        if self._closing:
            raise DrainingError("this model is being unloaded; call again")
        self.last_used = time.monotonic()
        ticket = Ticket(work, self._cancelled)
        entries, own = self._entries(work)
        left = None if work.deadline is None else work.deadline - asyncio.get_running_loop().time()
        try:
            self._admission.check(
                tokens=sum(item.tokens for item in own),
                requests_waiting=len(self._queue),
                tokens_waiting=self._queue.tokens,
                tokens_before=self._queue.tokens_before(work.priority),
                seconds_left=left,
            )
        except SummsvcError:
            self._metrics.refused.labels(self._model).inc()
            raise
        for entry in entries:
            if entry.item is not None and entry.shared:
                entry.item.waiters += 1
        ticket.entries = entries
        ticket.pending = dict.fromkeys(own)
        for item in own:
            self._in_flight.setdefault(item.key, item)
        self._queue.add(ticket)
        self._show()
        self._arrived.set()
        return ticket

    def _entries(self, work: Work) -> tuple[list[Entry], list[Item]]:
        """What each text needs: nothing, somebody's item, or one of its own."""
        loop = asyncio.get_running_loop()
        entries: list[Entry] = []
        own: dict[tuple[object, ...], Item] = {}
        for number, (text, tokens) in enumerate(zip(work.texts, work.tokens, strict=True)):
            spec = self.engine.spec
            key = (spec.id, spec.revision, *work.kind, text)
            if not work.use_cache:
                key = (*key, id(work), number)
            if (known := self._cache.get(key)) is not None:
                self._metrics.cache_hits.labels(self._model).inc()
                entries.append(Entry(known=known))
            elif (item := self._in_flight.get(key) or own.get(key)) is not None:
                self._metrics.shared.labels(self._model).inc()
                entries.append(Entry(item=item, shared=True))
            else:
                own[key] = Item(text, tokens, key, work.use_cache, loop.create_future())
                entries.append(Entry(item=own[key]))
        return entries, list(own.values())

    def _cancelled(self, ticket: Ticket) -> None:
        dropped = self._queue.drop_unwanted(ticket)
        for entry in ticket.entries:
            if entry.item is not None and entry.item.future.cancelled():
                self._forget(entry.item)
        if dropped:
            self._metrics.abandoned.labels(self._model).inc(dropped)
        self._show()

    async def _work(self) -> None:
        """One worker: take a batch, compute it, again."""
        while True:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            if self._active and self._queue.tokens < self._batch_tokens and self._batch_wait_s:
                await asyncio.sleep(self._batch_wait_s)
            batch = self._queue.next(self._batch_tokens)
            if batch is not None:
                await self._compute(batch)

    async def _compute(self, batch: Batch) -> None:
        self._active.add(batch)
        for ticket in batch.tickets:
            ticket.reached_model()
        self._show()
        begun = time.perf_counter()
        try:
            outputs = await self._generate(batch)
        except CancelledGeneration:
            await self._settle_abandoned(batch)
        except Exception as error:
            await self._settle_failed(batch, error)
        else:
            seconds = time.perf_counter() - begun
            self._admission.measured(sum(item.tokens for item in batch.items), seconds)
            self._metrics.batch_seconds.labels(self._model).observe(seconds)
            self._metrics.batch_segments.labels(self._model).observe(len(batch.items))
            for item, output in zip(batch.items, outputs, strict=True):
                self._settle(item, output)
        finally:
            self._active.discard(batch)

    async def _generate(self, batch: Batch) -> list[Generated]:
        work = batch.tickets[0].work
        return await asyncio.get_running_loop().run_in_executor(
            self._executor,
            lambda: self.engine.generate(
                [item.text for item in batch.items],
                work.source,
                work.target,
                work.options,
                batch.abandoned,
            ),
        )

    def _settle(self, item: Item, output: Generated) -> None:
        self._metrics.segments.labels(self._model).inc()
        self._metrics.input_tokens.labels(self._model).inc(output.input_tokens)
        self._metrics.output_tokens.labels(self._model).inc(output.output_tokens)
        if item.cacheable:
            self._cache.put(item.key, item.text, output)
        self._forget(item)
        if not item.future.done():
            item.future.set_result(output)

    async def _settle_abandoned(self, batch: Batch) -> None:
        """Nobody waited when the engine asked; somebody may have come since."""
        wanted = [item for item in batch.items if item.waiters > 0]
        for item in batch.items:
            if item.waiters <= 0:
                self._metrics.abandoned.labels(self._model).inc()
                self._forget(item)
                item.future.cancel()
        if wanted:
            await self._compute(Batch(tuple(wanted), batch.tickets))

    async def _settle_failed(self, batch: Batch, error: Exception) -> None:
        """Find out which segment it was, so that only its own request fails."""
        if len(batch.items) > 1 and not self._closing:
            for item in batch.items:
                await self._compute(Batch((item,), batch.tickets))
            return
        log.warning("engine failed", model=self._model, error=type(error).__name__)
        for item in batch.items:
            self._forget(item)
            if not item.future.done():
                item.future.set_exception(
                    error
                    if isinstance(error, SummsvcError)
                    else EngineError(f"the model failed on a segment: {error}")
                )
                # Retrieved here: those who waited may have left.
                item.future.exception()

    def _forget(self, item: Item) -> None:
        if self._in_flight.get(item.key) is item:
            del self._in_flight[item.key]

    def _show(self) -> None:
        self._metrics.queued_requests.labels(self._model).set(len(self._queue))
        self._metrics.queued_tokens.labels(self._model).set(self._queue.tokens)

    async def close(self) -> None:
        """Fail what is left, wait for batches in the model, free it."""
        self._closing = True
        error = DrainingError("the server is shutting down; call again, another one will answer")
        for item in list(self._in_flight.values()):
            item.waiters = 0
            if not item.future.done():
                item.future.set_exception(error)
                item.future.exception()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self._executor.shutdown)
        self.engine.close()
