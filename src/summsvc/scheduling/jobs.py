"""Jobs, their segments as work items, and the handle through which a caller reads results."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum

import structlog

from summsvc.engines.base import DecodingOptions, Generated
from summsvc.errors import SummsvcError
from summsvc.scheduling.batch_key import BatchKey, with_output_limit
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.tracing import NO_SPAN, Span


class Priority(Enum):
    """INTERACTIVE jobs go first; BULK jobs still progress while both wait."""

    INTERACTIVE = 0
    BULK = 1


class RetryCause(Enum):
    """Why a text is sent to a model again: a check flagged its output, or a term is missing."""

    DOUBT = "doubt"
    TERM = "term"


@dataclass(frozen=True, slots=True)
class Job:
    """The segments of one request for one model.

    tokens: input length of each text. deadline: ``loop.time()`` seconds, or None.
    use_cache: False neither reads nor fills the cache, and shares no computation with other
    jobs. continues: True for more work of a request that was admitted before; no queue limit
    rejects it. caller: the caller whose turn in the fair order the job uses.
    """

    texts: Sequence[str]
    tokens: Sequence[int]
    source: str
    target: str
    options: DecodingOptions
    priority: Priority = Priority.INTERACTIVE
    deadline: float | None = None
    use_cache: bool = True
    continues: bool = False
    caller: Caller = ANONYMOUS

    def item(self, position: int, key: Hashable = None) -> WorkItem:
        """Return a new work item for the segment at a position. key: see ``WorkItem``."""
        tokens = self.tokens[position]
        batch_key = BatchKey(self.source, self.target, with_output_limit(self.options, tokens))
        return WorkItem(self.texts[position], tokens, batch_key, key)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The output of a segment. cache_hit: True when the job caused no computation for it."""

    generated: Generated
    cache_hit: bool


@dataclass(eq=False, slots=True)
class WorkItem:
    """A segment that is computed once for all jobs that contain it.

    tokens: input length. key: equal for segments that share one output; None when the output
    must not be shared. handles: the jobs that wait for the item, in insertion order. waiting:
    True while the item is in the queue. output, error: one of them is set when it is done.
    beams: beam size, the rows that the segment adds to each decoding step.
    """

    text: str
    tokens: int
    batch_key: BatchKey
    key: Hashable = None
    handles: dict[JobHandle, None] = field(default_factory=dict)
    waiting: bool = True
    output: Generated | None = None
    error: SummsvcError | None = None
    beams: int = field(init=False)

    def __post_init__(self) -> None:
        self.beams = self.batch_key.options.beam_size

    @property
    def done(self) -> bool:
        """Whether the output or the error is set."""
        return self.output is not None or self.error is not None


class JobHandle:
    """A submitted job: its position in the queue and its results.

    items: the segments fed to the queue so far, in order, with True for those that cause no
    computation for this job. unfinished: the items that are not done. pending: the items that
    are still in the queue. unfed_tokens: tokens of segments that are not fed yet. cancelled: True
    when the job ended because its caller did not wait for all results any more. request_id:
    id of the call in log lines, or "". on_end: called once, when the job ends. on_start: called
    once, when a batch with a segment of the job starts. span: of the job; ended with the job.
    """

    def __init__(
        self,
        job: Job,
        on_end: Callable[[JobHandle], None],
        on_start: Callable[[JobHandle], None] = lambda _: None,
        span: Span = NO_SPAN,
    ) -> None:
        self.job = job
        self.items: list[tuple[WorkItem, bool]] = []
        self.unfinished: dict[WorkItem, None] = {}
        self.pending: dict[WorkItem, None] = {}
        self.pending_tokens = 0
        self.unfed_tokens = sum(job.tokens)
        self.request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        self.ended = self.cancelled = False
        self.span = span
        self._queue_span = span.child("queue")
        self._on_end = on_end
        self._on_start = on_start
        self._error: SummsvcError | None = None
        self._changed = asyncio.Event()
        self._wake_after = 1
        self._submitted_at = self._last_result_at = time.perf_counter()
        self._started_at: float | None = None

    @property
    def queue_s(self) -> float:
        """Seconds until the first segment reached the model, or until the last result came."""
        until = self._last_result_at if self._started_at is None else self._started_at
        return until - self._submitted_at

    @property
    def waited_s(self) -> float:
        """Seconds since the job was submitted."""
        return time.perf_counter() - self._submitted_at

    @property
    def started(self) -> bool:
        """Whether a batch with a segment of this job has started."""
        return self._started_at is not None

    @property
    def inference_s(self) -> float:
        """Seconds from the start of the first segment to the last result."""
        started_at = self._started_at
        return 0.0 if started_at is None else max(0.0, self._last_result_at - started_at)

    async def results(self) -> AsyncGenerator[Outcome, None]:
        """Yield outcomes in order, each one as soon as it and all previous ones are known.

        Raises EngineError, EngineStalledError or TextTooLongError for the first segment that
        failed, DeadlineError when the deadline passes, DrainingError when the model is
        unloaded, asyncio.CancelledError after ``cancel``.
        """
        async with aclosing(self.groups()) as groups:
            async for group in groups:
                for outcome in group:
                    yield outcome

    async def groups(
        self, min_size: int = 1, limit: int = 128
    ) -> AsyncGenerator[list[Outcome], None]:
        """Yield the outcomes of ``results`` in groups. Other tasks run between two groups.

        min_size: smallest group, unless fewer outcomes remain, a segment failed or the job
        ended. limit: largest group.
        """
        position = 0
        while position < len(self.job.texts):
            known, error = self._known(position, limit)
            missing = self._missing(position, min_size)
            if known and (not missing or error or self.ended):
                position += len(known)
                yield known
                if position < len(self.job.texts):
                    await asyncio.sleep(0)
                continue
            error = error or self._error
            if error is not None:
                raise error
            if self.ended:
                raise asyncio.CancelledError("this job was cancelled")
            await self._wait_for_change(wake_after=missing)

    def _known(self, position: int, limit: int) -> tuple[list[Outcome], SummsvcError | None]:
        """The next outcomes without a gap, and the error of the segment after them."""
        known: list[Outcome] = []
        for item, cache_hit in self.items[position : position + limit]:
            if item.output is None:
                return known, item.error
            known.append(Outcome(item.output, cache_hit))
        return known, None

    def _missing(self, position: int, min_size: int) -> int:
        """How many of the next ``min_size`` outcomes, or of all that remain, are not known."""
        wanted = min(min_size, len(self.job.texts) - position)
        items = self.items[position : position + wanted]
        return wanted - sum(item.output is not None for item, _ in items)

    async def _wait_for_change(self, *, wake_after: int) -> None:
        """Wait until so many segments are done, or one failed, or the job ended."""
        self._wake_after = wake_after
        self._changed.clear()
        await self._changed.wait()

    async def wait(self) -> list[Outcome]:
        """Return all outcomes; raises what ``results`` raises."""
        async with aclosing(self.results()) as outcomes:
            return [outcome async for outcome in outcomes]

    async def outcomes_or_errors(self) -> list[Outcome | SummsvcError]:
        """Return the outcome or the error of each segment, once all of them are done.

        Raises what ``results`` raises when the job as a whole fails or is cancelled.
        """
        while not self.ended:
            await self._wait_for_change(wake_after=len(self.job.texts) + 1)
        if self._error is not None:
            raise self._error
        outcomes: list[Outcome | SummsvcError] = []
        for item, cache_hit in self.items:
            if item.error is not None:
                outcomes.append(item.error)
            elif item.output is not None:
                outcomes.append(Outcome(item.output, cache_hit))
        if len(outcomes) < len(self.job.texts):
            raise asyncio.CancelledError("this job was cancelled")
        return outcomes

    def cancel(self) -> None:
        """End the job; segments that no other job contains are not computed."""
        if not self.ended:
            self.cancelled = True
            self._end()

    def fail(self, error: SummsvcError) -> None:
        """End the job with an error; ``results`` raises it after the outcomes known by then."""
        if not self.ended:
            self._error = error
            self._end()

    def mark_started(self) -> None:
        """Record that a batch with a segment of this job has started."""
        if self._started_at is None:
            self._started_at = time.perf_counter()
            self._queue_span.end()
            self._on_start(self)

    def items_done(self, items: Sequence[WorkItem]) -> None:
        """Record that segments are done; the last one ends the job."""
        self._last_result_at = time.perf_counter()
        for item in items:
            self.unfinished.pop(item, None)
        self._wake_after -= len(items)
        if self._wake_after <= 0 or any(item.error is not None for item in items):
            self._changed.set()
        self.end_if_complete()

    def items_added(self) -> None:
        """Record that segments were added to ``items``; some of them may be done already."""
        self._changed.set()
        self.end_if_complete()

    def end_if_complete(self) -> None:
        """End the job when all of its segments are done."""
        if not self.unfinished and len(self.items) == len(self.job.texts) and not self.ended:
            self._end()

    def _end(self) -> None:
        self.ended = True
        self._changed.set()
        self._on_end(self)
        self._queue_span.end()
        if self.span.recording:
            hits = sum(cache_hit for _, cache_hit in self.items)
            self.span.set(cache_hits=hits, cancelled=self.cancelled)
        self.span.end(self._error)
