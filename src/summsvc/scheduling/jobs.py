"""What callers hand to a scheduler, and what they get back."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum

import structlog

from summsvc.engines.base import DecodingOptions, Generated
from summsvc.errors import SummsvcError
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller


class Priority(Enum):
    """INTERACTIVE goes first; BULK still moves on whenever both wait."""

    INTERACTIVE = 0
    BULK = 1


Kind = tuple[str, str, DecodingOptions]
"""Source, target and options: what segments must share to go through a model together."""

SMALLEST_BOUND = 128
"""Output tokens that any segment may take unless its request says otherwise."""


@functools.lru_cache(maxsize=1024)
def bounded(options: DecodingOptions, tokens: int) -> DecodingOptions:
    """Options with a bound on the output that follows from this segment's length alone.

    An engine computes a missing bound from the longest segment of its batch, so
    that what stands beside a segment would decide where its output is cut. The
    bound is the next power of two above twice the input's length: coarse, so
    that segments of like length still share a batch.
    """
    if options.max_output_tokens:
        return options
    bound = max(SMALLEST_BOUND, 1 << (2 * tokens - 1).bit_length())
    return dataclasses.replace(options, max_output_tokens=bound)


@dataclass(frozen=True, slots=True)
class Job:
    """One request's segments for one model.

    tokens: input length of each text. deadline: ``loop.time()`` seconds, or
    None. use_cache: False neither reads nor fills the cache, and shares no
    computation with other requests. continues: True for more work of a request
    that was let in before; no limit of the queue refuses it. caller: whose turn it takes.
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
        """A segment of this work as something to compute."""
        tokens = self.tokens[position]
        kind = (self.source, self.target, bounded(self.options, tokens))
        return WorkItem(self.texts[position], tokens, kind, key)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A segment's output; cache_hit when it cost this request nothing."""

    generated: Generated
    cache_hit: bool


@dataclass(eq=False, slots=True)
class WorkItem:
    """A segment to be computed, once, for every ticket that wants it.

    tokens: input length. key: what makes two segments the same; None when
    nothing may be shared. tickets: who wants it. waiting: still in the queue.
    output, error: one of them is set once it is done.
    """

    text: str
    tokens: int
    kind: Kind
    key: Hashable = None
    handles: dict[JobHandle, None] = field(default_factory=dict)
    waiting: bool = True
    output: Generated | None = None
    error: SummsvcError | None = None

    @property
    def beams(self) -> int:
        return self.kind[2].beam_size

    @property
    def done(self) -> bool:
        return self.output is not None or self.error is not None


class JobHandle:
    """A request's place in the queue and its results.

    entries: the segments looked up so far, in order, and whether each costs
    this request nothing. open: those of them not done. pending: those of them
    still in the queue. coming_tokens: those of segments not looked up yet.
    request_id: of the call that it was made in, as its log lines have it, or "".
    """

    def __init__(self, work: Job, on_leave: Callable[[JobHandle], None]) -> None:
        self.work = work
        self.entries: list[tuple[WorkItem, bool]] = []
        self.open: dict[WorkItem, None] = {}
        self.pending: dict[WorkItem, None] = {}
        self.pending_tokens = 0
        self.coming_tokens = sum(work.tokens)
        self.request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        self.ended = False
        self._on_leave = on_leave
        self._error: SummsvcError | None = None
        self._news = asyncio.Event()
        self._wake_after = 1
        self._submitted = self._last = time.perf_counter()
        self._first: float | None = None

    @property
    def queue_s(self) -> float:
        """Seconds until the first segment reached the model, or the last result came."""
        return (self._last if self._first is None else self._first) - self._submitted

    @property
    def inference_s(self) -> float:
        """Seconds from the first segment's start to the last result."""
        return 0.0 if self._first is None else max(0.0, self._last - self._first)

    async def results(self) -> AsyncGenerator[Outcome, None]:
        """Yield outcomes in order, each as soon as it and all before are known.

        Raises EngineError, EngineStalledError or TextTooLongError for the first
        segment that failed, DeadlineError when the deadline passes, DrainingError when the
        model leaves memory, asyncio.CancelledError after ``cancel``.
        """
        async with aclosing(self.groups()) as groups:
            async for group in groups:
                for outcome in group:
                    yield outcome

    async def groups(self, least: int = 1, most: int = 128) -> AsyncGenerator[list[Outcome], None]:
        """As ``results``, but in groups of those that are known.

        least: how many are waited for before some are handed on, where so many are
        still to come and none has failed: every group costs its caller a turn.
        most: in one group; between two of them other work of the event loop has its turn.
        """
        position = 0
        while position < len(self.work.texts):
            known, error = self._known(position, most)
            missing = self._missing(position, least)
            if known and (not missing or error or self.ended):
                position += len(known)
                yield known
                if position < len(self.work.texts):
                    await asyncio.sleep(0)
                continue
            error = error or self._error
            if error is not None:
                raise error
            if self.ended:
                raise asyncio.CancelledError("this request's work was cancelled")
            self._wake_after = missing
            self._news.clear()
            await self._news.wait()

    def _known(self, position: int, most: int) -> tuple[list[Outcome], SummsvcError | None]:
        """The next outcomes, without a gap, and what the one after them failed with."""
        known: list[Outcome] = []
        for item, cache_hit in self.entries[position : position + most]:
            if item.output is None:
                return known, item.error
            known.append(Outcome(item.output, cache_hit))
        return known, None

    def _missing(self, position: int, least: int) -> int:
        """How many of the next ``least`` outcomes, or of all that follow, are not known."""
        wanted = min(least, len(self.work.texts) - position)
        entries = self.entries[position : position + wanted]
        return wanted - sum(item.output is not None for item, _ in entries)

    async def wait(self) -> list[Outcome]:
        """All outcomes; raises as ``results``."""
        async with aclosing(self.results()) as outcomes:
            return [outcome async for outcome in outcomes]

    async def settled_all(self) -> list[Outcome | SummsvcError]:
        """Each segment's outcome, or what it alone failed with, once all are known.

        Raises what ``results`` raises of the whole ticket.
        """
        while not self.ended:
            self._wake_after = len(self.work.texts) + 1
            self._news.clear()
            await self._news.wait()
        if self._error is not None:
            raise self._error
        settled: list[Outcome | SummsvcError] = []
        for item, cache_hit in self.entries:
            if item.error is not None:
                settled.append(item.error)
            elif item.output is not None:
                settled.append(Outcome(item.output, cache_hit))
        if len(settled) < len(self.work.texts):
            raise asyncio.CancelledError("this request's work was cancelled")
        return settled

    def cancel(self) -> None:
        """Want nothing any more; segments that nobody else wants are not computed."""
        if not self.ended:
            self._end()

    def fail(self, error: SummsvcError) -> None:
        """End with an error: ``results`` raises it after what is done already."""
        if not self.ended:
            self._error = error
            self._end()

    def reached_model(self) -> None:
        """Note that a batch with a segment of this ticket has begun."""
        if self._first is None:
            self._first = time.perf_counter()

    def settled(self, item: WorkItem) -> None:
        """Note that a segment is done; the last one ends the ticket."""
        self._last = time.perf_counter()
        self.open.pop(item, None)
        self._wake_after -= 1
        if self._wake_after <= 0 or item.error is not None:
            self._news.set()
        self.end_if_complete()

    def fed(self) -> None:
        """Note that more segments were looked up, some of them perhaps known."""
        self._news.set()
        self.end_if_complete()

    def end_if_complete(self) -> None:
        """End a ticket of which every segment is done."""
        if not self.open and len(self.entries) == len(self.work.texts) and not self.ended:
            self._end()

    def _end(self) -> None:
        self.ended = True
        self._news.set()
        self._on_leave(self)
