"""The load of a soak, in a process of its own: a closed loop, or calls at a fixed mean rate.

    python -m bench.soak.load < plan.json

Reads a ``Plan`` from standard input, as JSON, and prints the ``Interval`` of every full
``Plan.interval_s`` as a line of JSON.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc

from bench.serve.rows import percentile
from bench.soak.calls import Caller, Outcome

CLIENTS = 16
"""Clients of the closed loop, and channels of the calls at a fixed rate."""

MAX_PENDING = 400
"""Calls under way at which the load stops to start more."""

EXPECTED = {"OK", "CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"}
EXPECTED |= {"NOT_FOUND", "FAILED_PRECONDITION"}
"""Statuses that the load provokes. The last two: of a model that was removed."""

VISIT_S = 8.0
"""Seconds between the calls of each model that is unloaded when idle, or removed."""


@dataclass(frozen=True)
class Plan:
    """A load of ``intervals`` times ``interval_s`` seconds.

    rate: mean arrivals per second, exponentially distributed; 0: a closed loop. visited:
    (target language, model) of models that are called every ``VISIT_S`` seconds.
    """

    address: str
    intervals: int
    interval_s: float
    rate: float = 0.0
    visited: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Interval:
    """The calls that ended in an interval.

    statuses: number of calls by status. unexpected: kind, status and message of the calls with a
    status that the load does not provoke. skipped: calls not started because too many were
    under way. Percentiles are of the answered Translate calls, in milliseconds.
    """

    calls: int
    statuses: dict[str, int]
    unexpected: list[str]
    skipped: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def run(plan: Plan) -> Iterator[Interval]:
    """Run a plan in another process; yields each interval when it has passed."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.soak.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(dataclasses.asdict(plan)))
        process.stdin.close()
        try:
            for line in process.stdout:
                yield Interval(**json.loads(line))
        finally:
            process.terminate()
    if process.returncode:
        raise RuntimeError("the clients failed")


def summary(outcomes: list[Outcome], skipped: int) -> Interval:
    """The figures of an interval."""
    took = [
        1000 * each.seconds
        for each in outcomes
        if (each.kind, each.fate, each.status) == ("translate", "answered", "OK")
    ] or [0.0]
    return Interval(
        len(outcomes),
        dict(Counter(each.status for each in outcomes)),
        [
            f"{each.kind}, {each.fate}: {each.status} {each.message}"
            for each in outcomes
            if each.status not in EXPECTED
        ],
        skipped,
        *(round(percentile(took, share), 2) for share in (0.5, 0.95, 0.99)),
    )


class Load:
    """The calls of a plan in this process."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._chooser = random.Random(17)
        self._outcomes: list[Outcome] = []
        self._pending: set[asyncio.Task[None]] = set()
        self._skipped = 0

    async def run(self) -> None:
        """Make the calls and print the intervals."""
        # Without this option, channels to the same address share a connection.
        options = [("grpc.use_local_subchannel_pool", 1)]
        channels = [
            grpc.aio.insecure_channel(self._plan.address, options=options) for _ in range(CLIENTS)
        ]
        callers = [Caller(channel, random.Random(seed)) for seed, channel in enumerate(channels)]
        printer = asyncio.create_task(self._print())
        self._end = time.monotonic() + self._plan.intervals * self._plan.interval_s
        visits = (self._visit(callers[0], *each) for each in self._plan.visited)
        rest = [self._arrive(callers)] if self._plan.rate else map(self._repeat, callers)
        await asyncio.gather(*visits, *rest)
        await asyncio.gather(*self._pending)
        await printer
        for channel in channels:
            await channel.close(None)

    async def _print(self) -> None:
        for _ in range(self._plan.intervals):
            await asyncio.sleep(self._plan.interval_s)
            done, self._outcomes = self._outcomes, []
            skipped, self._skipped = self._skipped, 0
            print(json.dumps(dataclasses.asdict(summary(done, skipped))), flush=True)

    async def _repeat(self, caller: Caller) -> None:
        while time.monotonic() < self._end:
            await self._record(caller.call(undisturbed=True))

    async def _arrive(self, callers: list[Caller]) -> None:
        at = time.monotonic()
        while at < self._end:
            at += self._chooser.expovariate(self._plan.rate)
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            if len(self._pending) >= MAX_PENDING:
                self._skipped += 1
                continue
            call = asyncio.create_task(self._record(self._chooser.choice(callers).call()))
            self._pending.add(call)
            call.add_done_callback(self._pending.discard)

    async def _visit(self, caller: Caller, target: str, model: str) -> None:
        while time.monotonic() < self._end - VISIT_S:
            await asyncio.sleep(VISIT_S)
            await self._record(caller.visit(target, model))

    async def _record(self, call: Coroutine[Any, Any, Outcome]) -> None:
        self._outcomes.append(await call)


if __name__ == "__main__":
    facts: Any = json.load(sys.stdin)
    facts["visited"] = [tuple(each) for each in facts["visited"]]
    asyncio.run(Load(Plan(**facts)).run())
