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
from summsvc.errors import DeadlineError, DrainingError, EngineError, SummsvcError
from summsvc.scheduling.admission import Admission, QueueLimits
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.deadlines import Due, due, lacking, pressing
from summsvc.scheduling.memo import Memo
from summsvc.scheduling.metrics import ModelMetrics, QueueMetrics
from summsvc.scheduling.pace import Pace
from summsvc.scheduling.queue import Batch, FairQueue
from summsvc.scheduling.work import Item, Priority, Ticket, Work

log = structlog.get_logger("summsvc.scheduling")

CHUNK = 512
"""Segments looked up at a stretch: about a millisecond of the event loop."""


class Scheduler:
    """The queue of one loaded model.

    workers: batches computed at once. batch_tokens: largest budget of a batch,
    longest segment x segments x beams. batch_target_s: how long a batch should
    take, see ``Pace``. batch_wait_s: how long a worker that has just answered
    several requests waits for their callers to come back before it takes a
    batch that is not full. probe_s: how long one segment took when the model was
    loaded; 0: unknown. version: what the model's outputs depend on beside its
    id, for the cache.
    """

    def __init__(
        self,
        engine: Seq2SeqEngine,
        *,
        workers: int,
        limits: QueueLimits,
        batch_tokens: int,
        batch_target_s: float,
        batch_wait_s: float,
        cache: OutputCache,
        metrics: QueueMetrics,
        probe_s: float = 0.0,
        version: str = "",
    ) -> None:
        self.engine = engine
        self.last_used = time.monotonic()
        self._workers = workers
        self._pace = Pace(most=batch_tokens, target_s=batch_target_s)
        self._batch_wait_s = batch_wait_s
        self._model = engine.spec.id
        self._metrics = ModelMetrics(metrics, self._model)
        self._queue = FairQueue()
        self._memo = Memo(f"{self._model}@{version or engine.spec.revision}", cache)
        self._admission = Admission(limits, workers=workers)
        # No batch is faster than a single segment, and the first ones are of this size.
        self._admission.expect(tokens=self._pace.budget, seconds=probe_s)
        self._tickets: dict[Ticket, asyncio.TimerHandle | None] = {}
        self._coming_tokens = 0
        self._busy = 0
        self._arrived = asyncio.Event()
        self._closing = False
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix=f"summsvc-{self._model}")
        self._tasks = [asyncio.create_task(self._work()) for _ in range(workers)]

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being computed."""
        return not self._tickets and not self._busy

    def submit(self, work: Work) -> Ticket:
        """Take a request in. Every ticket ends with results or an error.

        Raises OverloadedError, DeadlineError or DrainingError.
        """
        if self._closing:
            raise DrainingError("this model is being unloaded; call again")
        self.last_used = time.monotonic()
        loop = asyncio.get_running_loop()
        tokens = self._memo.tokens_to_compute(work, _stretch(work, 0))
        self.check(tokens, work.priority, work.deadline, continues=work.continues)
        ticket = Ticket(work, self._left)
        self._tickets[ticket] = (
            None if work.deadline is None else loop.call_at(work.deadline, self._expire, ticket)
        )
        self._coming_tokens += ticket.coming_tokens
        self._feed(ticket, self._memo.key(work))
        return ticket

    def count_retried(self) -> None:
        """Count a segment whose output its caller has the model try again."""
        self._metrics.retried.inc()

    def check(
        self, tokens: int, priority: Priority, deadline: float | None, *, continues: bool = False
    ) -> None:
        """Raise what ``submit`` raises of a request with so many tokens to be computed."""
        loop = asyncio.get_running_loop()
        try:
            self._admission.check(
                tokens=tokens,
                requests_waiting=len(self._queue),
                tokens_waiting=self._queue.tokens + self._coming_tokens,
                tokens_ahead=self._queue.tokens_ahead(priority, tokens),
                seconds_left=None if deadline is None else deadline - loop.time(),
                seconds_missing=self._missing(tokens, priority, deadline),
                continues=continues,
            )
        except SummsvcError as error:
            self._metrics.refused(error.reason)
            raise

    def _margin_s(self, tokens_per_s: float) -> float:
        """Seconds of two full batches: one that has to end first, and one of its own."""
        return 2 * self._pace.budget * self._workers / tokens_per_s

    def _due(self) -> list[Due]:
        """Interactive requests that wait and have a deadline.

        Bulk is not protected: a book with a tight deadline would hold up everybody.
        """
        rate = self._admission.tokens_per_s
        if rate is None:
            return []
        now = asyncio.get_running_loop().time()
        return due(self._queue.waiting(Priority.INTERACTIVE), tokens_per_s=rate, now=now)

    def _pressing(self) -> list[Ticket]:
        rate = self._admission.tokens_per_s
        return [] if rate is None else pressing(self._due(), self._margin_s(rate))

    def _missing(self, tokens: int, priority: Priority, deadline: float | None) -> float:
        """Seconds missing for a request of so many tokens, while others wait with it."""
        waiting = self._due() if priority is Priority.INTERACTIVE else []
        rate = self._admission.tokens_per_s
        if rate is None or not waiting:
            return 0.0
        return lacking(
            waiting,
            tokens=tokens,
            deadline=deadline,
            tokens_per_s=rate,
            now=asyncio.get_running_loop().time(),
            margin_s=self._margin_s(rate),
        )

    def _feed(self, ticket: Ticket, key: str) -> None:
        """Let the next segments of a ticket wait; a book comes in by and by."""
        if ticket.ended:
            return
        work = ticket.work
        stretch = _stretch(work, len(ticket.entries))
        self._come(ticket, sum(work.tokens[stretch.start : stretch.stop]))
        for position in stretch:
            item, costs_nothing = self._memo.item(work, key, position)
            ticket.entries.append((item, costs_nothing))
            if item.done:
                self._metrics.cache_hits.inc()
                continue
            if costs_nothing:
                self._metrics.shared.inc()
            ticket.open[item] = None
            if item.waiting:
                self._queue.add(ticket, item)
            else:
                item.tickets[ticket] = None
                ticket.reached_model()
        if len(ticket.entries) < len(work.texts):
            asyncio.get_running_loop().call_soon(self._feed, ticket, key)
        ticket.fed()
        self._show()
        self._arrived.set()

    def _come(self, ticket: Ticket, tokens: int) -> None:
        """Tokens of a ticket are no longer on their way into the queue."""
        ticket.coming_tokens -= tokens
        self._coming_tokens -= tokens

    def _expire(self, ticket: Ticket) -> None:
        self._metrics.expired.inc()
        ticket.fail(DeadlineError("the deadline passed before the work was done"))

    def _left(self, ticket: Ticket) -> None:
        """A ticket has ended: done, cancelled or failed."""
        timer = self._tickets.pop(ticket, None)
        if timer is not None:
            timer.cancel()
        self._come(ticket, ticket.coming_tokens)
        unwanted = self._queue.remove(ticket)
        for item in unwanted:
            self._memo.forget(item)
        if unwanted:
            self._metrics.abandoned.inc(len(unwanted))
        for item in ticket.open:
            item.tickets.pop(ticket, None)
        ticket.open.clear()
        self._show()

    async def _work(self) -> None:
        """One worker: take a batch, compute it, again."""
        loop = asyncio.get_running_loop()
        hold_until = 0.0
        while True:
            hold = hold_until - loop.time()
            if hold > 0 and self._queue.tokens < self._pace.budget:
                await asyncio.sleep(hold)
            if self._closing:
                return
            batch = self._queue.next(
                self._pace.budget, self._workers - self._busy, self._pressing()
            )
            if batch is None:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            self._show()
            several = len({ticket for item in batch.items for ticket in item.tickets}) > 1
            self._busy += 1
            try:
                await self._compute(batch)
            except Exception as error:
                # A defect of ours must not leave callers waiting, nor end the worker.
                log.exception("batch lost", model=self._model)
                self._fail(batch, error)
            finally:
                self._busy -= 1
            hold_until = loop.time() + self._batch_wait_s if several else 0.0

    async def _compute(self, batch: Batch) -> None:
        """Run a batch; on failure its halves, until the segments at fault are alone."""
        for item in batch.items:
            for ticket in item.tickets:
                ticket.reached_model()
        begun = time.perf_counter()
        try:
            outputs = await self._generate(batch)
        except CancelledGeneration:
            await self._again(batch.items)
        except Exception as error:
            if len(batch.items) == 1:
                self._fail(batch, error)
                return
            middle = len(batch.items) // 2
            await self._again(batch.items[:middle])
            await self._again(batch.items[middle:])
        else:
            self._measure(batch, time.perf_counter() - begun)
            for item, output in zip(batch.items, outputs, strict=True):
                self._settle(item, output)

    async def _generate(self, batch: Batch) -> list[Generated]:
        source, target, options = batch.items[0].kind
        outputs = await asyncio.get_running_loop().run_in_executor(
            self._executor,
            lambda: self.engine.generate(
                [item.text for item in batch.items], source, target, options, batch.abandoned
            ),
        )
        if len(outputs) != len(batch.items):
            raise EngineError(f"{len(batch.items)} segments went in, {len(outputs)} came out")
        return outputs

    async def _again(self, items: tuple[Item, ...]) -> None:
        """Compute what somebody wants of a batch that did not end well, drop the rest."""
        wanted = tuple(item for item in items if item.tickets)
        for item in items:
            if not item.tickets:
                self._metrics.abandoned.inc()
                self._memo.forget(item)
        if wanted:
            await self._compute(Batch(wanted))

    def _measure(self, batch: Batch, seconds: float) -> None:
        if self._pace.tells(batch.cost):
            self._pace.measured(cost=batch.cost, seconds=seconds)
            self._admission.measured(tokens=batch.tokens, seconds=seconds)
        self._metrics.batch_seconds.observe(seconds)
        self._metrics.batch_segments.observe(len(batch.items))
        self._metrics.batch_fill.observe(batch.tokens / max(1, batch.padded_tokens))

    def _settle(self, item: Item, output: Generated) -> None:
        self._metrics.segments.inc()
        self._metrics.input_tokens.inc(output.input_tokens)
        self._metrics.output_tokens.inc(output.output_tokens)
        self._memo.keep(item, output)
        item.output = output
        self._tell(item)

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

    def _show(self) -> None:
        self._metrics.queued_requests.set(len(self._queue))
        self._metrics.queued_tokens.set(self._queue.tokens)

    async def close(self) -> None:
        """Fail what is left, wait for batches in the model, free it."""
        self._closing = True
        error = DrainingError("the server is shutting down; call again, another one will answer")
        for ticket in list(self._tickets):
            ticket.fail(error)
        self._arrived.set()
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._executor.shutdown)
        await asyncio.to_thread(self.engine.close)


def _stretch(work: Work, start: int) -> range:
    """Positions of the next segments that are looked up without a pause."""
    return range(start, min(start + CHUNK, len(work.texts)))
