"""Load generators: a closed loop of clients, and arrivals at a fixed rate.

With a fixed rate the latency of a call counts from the moment at which the call was due, not
from the moment at which it was sent. A server that stalls then shows in the latency of all calls
that were due meanwhile; otherwise a stall would delay the sending and hide itself ("coordinated
omission", G. Tene, How NOT to Measure Latency, 2015, https://github.com/giltene/wrk2).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from summsvc.client import Stats, SummsvcClientError

MAX_CALLS = 1_000_000
"""Most calls of one run; their latencies are kept, 8 bytes each."""

MAX_IN_FLIGHT = 1_000
"""Most calls in flight at a fixed rate. Beyond it a call is sent when another one ends; its
latency counts from the moment at which it was due."""

Call = Callable[[int], Awaitable[Stats]]
"""Makes the call with a number, from 0, and returns the server's statistics."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A load.

    clients: concurrent clients of a closed loop. rate: calls per second; None for a closed loop.
    seconds: no call begins later. calls: no more calls begin.
    """

    clients: int
    rate: float | None
    seconds: float
    calls: int = MAX_CALLS


@dataclass(slots=True)
class Outcome:
    """What happened under a load.

    latencies_ms: of completed calls, in the order of their ends. late_ms: how much later than
    due calls were sent, at a fixed rate. failures: number of failed calls by reason. stats: sums
    of the server's statistics. seconds: from the first call to the end of the last one.
    interrupted: whether the run was ended early.
    """

    latencies_ms: array[float] = field(default_factory=lambda: array("d"))
    late_ms: array[float] = field(default_factory=lambda: array("d"))
    failures: Counter[str] = field(default_factory=Counter)
    queue_ms: float = 0.0
    segmentation_ms: float = 0.0
    inference_ms: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    segments: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def completed(self) -> int:
        """Number of successful calls."""
        return len(self.latencies_ms)

    def add(self, stats: Stats, latency_s: float) -> None:
        """Count a successful call."""
        self.latencies_ms.append(latency_s * 1e3)
        self.queue_ms += stats.queue_ms
        self.segmentation_ms += stats.segmentation_ms
        self.inference_ms += stats.inference_ms
        self.input_tokens += stats.input_tokens
        self.output_tokens += stats.output_tokens
        self.segments += stats.segments


async def run(plan: Plan, call: Call, stop: asyncio.Event) -> Outcome:
    """Execute a load until its end or until ``stop`` is set, which cancels calls in flight."""
    outcome = Outcome()
    begin = time.perf_counter()
    load = asyncio.create_task(
        _closed(plan, call, outcome, begin)
        if plan.rate is None
        else _open(plan, call, outcome, begin, plan.rate)
    )
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((load, stopping), return_when=asyncio.FIRST_COMPLETED)
    outcome.interrupted = not load.done()
    for task in (load, stopping):
        task.cancel()
    done, _ = await asyncio.gather(load, stopping, return_exceptions=True)
    outcome.seconds = time.perf_counter() - begin
    if isinstance(done, Exception):
        raise done
    return outcome


async def _closed(plan: Plan, call: Call, outcome: Outcome, begin: float) -> None:
    """Each client begins its next call when its last one has ended."""
    numbers = itertools.count()

    async def client() -> None:
        while time.perf_counter() - begin < plan.seconds:
            number = next(numbers)
            if number >= plan.calls:
                return
            await _one(call, number, outcome, time.perf_counter())

    async with asyncio.TaskGroup() as group:
        for _ in range(plan.clients):
            group.create_task(client())


async def _open(plan: Plan, call: Call, outcome: Outcome, begin: float, rate: float) -> None:
    """Calls begin at their time, whether earlier ones have ended or not."""
    free = asyncio.Semaphore(MAX_IN_FLIGHT)

    async def arrive(number: int, due: float) -> None:
        try:
            outcome.late_ms.append((time.perf_counter() - due) * 1e3)
            await _one(call, number, outcome, due)
        finally:
            free.release()

    async with asyncio.TaskGroup() as group:
        for number in range(plan.calls):
            due = begin + number / rate
            if due - begin >= plan.seconds:
                return
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await free.acquire()
            group.create_task(arrive(number, due))


async def _one(call: Call, number: int, outcome: Outcome, since: float) -> None:
    try:
        stats = await call(number)
    except SummsvcClientError as error:
        outcome.failures[error.reason or error.code.name] += 1
    else:
        outcome.add(stats, time.perf_counter() - since)
