"""What callers hand to a scheduler, and what they get back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum

from summsvc.engines.base import DecodingOptions, Generated
from summsvc.errors import DeadlineError


class Priority(Enum):
    """INTERACTIVE goes first; BULK still moves on whenever both wait."""

    INTERACTIVE = 0
    BULK = 1


@dataclass(frozen=True, slots=True)
class Work:
    """One request's segments for one model.

    tokens: input length of each text. deadline: ``loop.time()`` seconds, or
    None. use_cache: False neither reads nor fills the cache, and shares no
    computation with other requests.
    """

    texts: Sequence[str]
    tokens: Sequence[int]
    source: str
    target: str
    options: DecodingOptions
    priority: Priority = Priority.INTERACTIVE
    deadline: float | None = None
    use_cache: bool = True

    @property
    def kind(self) -> tuple[object, ...]:
        """What segments must share to go through the model together."""
        return (self.source, self.target, self.options)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A segment's output; cache_hit when it cost this request nothing."""

    generated: Generated
    cache_hit: bool


@dataclass(eq=False, slots=True)
class Item:
    """A segment to be computed, once, for everyone who waits for it.

    tokens: input length. key: what makes two segments the same. cacheable:
    whether the output may be kept. waiters: how many tickets still want it.
    """

    text: str
    tokens: int
    key: tuple[object, ...]
    cacheable: bool
    future: asyncio.Future[Generated]
    waiters: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One segment of a ticket: known already, or an item, perhaps another ticket's."""

    known: Generated | None = None
    item: Item | None = None
    shared: bool = False


class Ticket:
    """A request's place in the queue and its results."""

    def __init__(self, work: Work, on_cancel: Callable[[Ticket], None]) -> None:
        self.work = work
        self.entries: list[Entry] = []
        self.pending: dict[Item, None] = {}
        self._on_cancel = on_cancel
        self._submitted = self._last = time.perf_counter()
        self._first: float | None = None
        self._cancelled = False

    @property
    def queue_s(self) -> float:
        """Seconds until the first own segment reached the model, or the last result came."""
        return (self._last if self._first is None else self._first) - self._submitted

    @property
    def inference_s(self) -> float:
        """Seconds from the first own segment's start to the last result."""
        return 0.0 if self._first is None else max(0.0, self._last - self._first)

    def reached_model(self) -> None:
        """Note that a batch with a segment of this ticket begins."""
        if self._first is None:
            self._first = time.perf_counter()

    async def results(self) -> AsyncGenerator[Outcome, None]:
        """Yield outcomes in order, each as soon as it and all before are known.

        Raises EngineError or DrainingError for the first segment that failed,
        DeadlineError when the deadline passes first.
        """
        for entry in self.entries:
            if entry.item is None:
                assert entry.known is not None
                yield Outcome(entry.known, cache_hit=True)
                continue
            try:
                async with asyncio.timeout_at(self.work.deadline):
                    generated = await asyncio.shield(entry.item.future)
            except TimeoutError:
                self.cancel()
                raise DeadlineError("the deadline passed before the work was done") from None
            self._last = time.perf_counter()
            yield Outcome(generated, cache_hit=entry.shared)

    async def wait(self) -> list[Outcome]:
        """All outcomes; raises as ``results``."""
        async with aclosing(self.results()) as outcomes:
            return [outcome async for outcome in outcomes]

    def cancel(self) -> None:
        """Want nothing any more; segments that nobody else waits for are not computed."""
        if self._cancelled:
            return
        self._cancelled = True
        for entry in self.entries:
            if entry.item is not None:
                entry.item.waiters -= 1
        self._on_cancel(self)
