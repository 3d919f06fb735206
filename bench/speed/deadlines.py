"""Goodput above capacity: first come first served, and with deadline-aware scheduling.

    python -m bench.speed.deadlines [--seconds S]

The scheduler runs an engine that only sleeps: as long as a model of opus-mt's size
takes, five times faster, so that other load on the machine has no effect. Three short
texts of one segment come with every article of 6 to 14 segments, each request with a
deadline, at multiples of the throughput of 32 clients in a closed loop. "in turn": a
request is rejected when the queue is too long for its own deadline. "deadlines kept",
as in the service: a request is also rejected when it would make another one miss its
deadline, and requests with little time left are computed first.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from summsvc.config import CPU_SEQUENCES
from summsvc.engines.base import (
    Cancelled,
    DecodingOptions,
    Generated,
    ModelSpec,
    Seq2SeqEngine,
    Task,
)
from summsvc.errors import OverloadedError, SummsvcError
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.batch_size import BatchSizer, Budget
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.jobs import Job
from summsvc.scheduling.metrics import QueueMetrics
from summsvc.scheduling.scheduler import Scheduler

FASTER = 5.0
"""Speed of the sleeping engine, relative to the model."""

STEP_S, SEGMENT_S = 0.3, 0.045
"""Seconds of a batch: fixed, and per segment; measured with two workers."""

WORKERS = 2
CLIENTS = 32
OPTIONS = DecodingOptions(beam_size=1)


class Sleeping:
    """An engine without a model."""

    name, device, compute_type, max_input_tokens = "sleeping", "cpu", "none", 512
    aligns = False
    restricts_output = False
    spec = ModelSpec("sleeping", Task.TRANSLATION, Path(), "marian", (("en", "ru"),))

    def count_tokens(self, texts: Sequence[str], source: str, target: str) -> list[int]:  # noqa: ARG002
        return [40] * len(texts)

    def generate(
        self,
        texts: Sequence[str],
        source: str,  # noqa: ARG002
        target: str,  # noqa: ARG002
        options: DecodingOptions,  # noqa: ARG002
        cancelled: Cancelled = lambda: False,  # noqa: ARG002
    ) -> list[Generated]:
        usual = STEP_S + SEGMENT_S * len(texts)
        time.sleep(usual * random.uniform(0.9, 1.25) / FASTER)
        return [Generated(text, -0.1, 40, 32, complete=True) for text in texts]

    def warm_up(self) -> None: ...

    def close(self) -> None: ...


class InTurn(Scheduler):
    """A scheduler that checks only the deadline of the request that it admits."""

    def __init__(self, engine: Seq2SeqEngine, **settings: Any) -> None:
        super().__init__(engine, **settings)
        vars(self._deadlines)["update"] = lambda _: None


WAYS: dict[str, type[Scheduler]] = {"in turn": InTurn, "deadlines kept": Scheduler}


class Load:
    """Requests of random sizes for one scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._chooser = random.Random(1)
        self._number = 0

    async def one(self, deadline_s: float | None) -> int:
        """Submit one request and return its number of segments; raises the error that ended it."""
        count = 1 if self._chooser.random() < 0.75 else self._chooser.choice(range(6, 15))
        self._number += 1
        work = Job(
            [f"{self._number} {position}" for position in range(count)],
            [self._chooser.choice((35, 40, 45)) for _ in range(count)],
            "en",
            "ru",
            OPTIONS,
            deadline=None if deadline_s is None else asyncio.get_running_loop().time() + deadline_s,
            use_cache=False,
        )
        await self._scheduler.submit(work).wait()
        return count

    async def peak(self, seconds: float) -> tuple[float, float]:
        """Segments and requests per second of a closed loop of clients."""
        begun = time.monotonic()
        sizes: list[int] = []

        async def client() -> None:
            while time.monotonic() < begun + seconds:
                sizes.append(await self.one(None))

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        took = time.monotonic() - begun
        return sum(sizes) / took, len(sizes) / took

    async def arriving(
        self, rate: float, seconds: float, deadline_s: float
    ) -> tuple[float, Counter[str]]:
        """Segments per second completed in time at a fixed arrival rate, and counts of outcomes."""
        begun = time.monotonic()
        warm = begun + 0.3 * seconds
        fates: Counter[str] = Counter()
        good = 0

        async def tracked() -> None:
            nonlocal good
            asked = time.monotonic()
            try:
                size = await self.one(deadline_s)
            except SummsvcError as error:
                at_once = time.monotonic() - asked < deadline_s / 2
                fates["refused" if at_once or isinstance(error, OverloadedError) else "late"] += 1
                return
            fates["answered"] += 1
            if warm <= time.monotonic() <= begun + seconds:
                good += size

        tasks = []
        while time.monotonic() < begun + seconds:
            tasks.append(asyncio.create_task(tracked()))
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*tasks)
        return good / (0.7 * seconds), fates


async def measure(way: str, factor: float, seconds: float, deadline_s: float) -> str:
    """Measure one row of the table."""
    scheduler = WAYS[way](
        Sleeping(),
        workers=WORKERS,
        limits=QueueLimits(1024, 1_000_000),
        batch_sizer=BatchSizer(limit=Budget(4096, CPU_SEQUENCES), target_s=2 / FASTER),
        batch_wait_s=0.002,
        cache=OutputCache(0),
        metrics=QueueMetrics(CollectorRegistry()),
        probe_s=(STEP_S + SEGMENT_S) / FASTER,
    )
    load = Load(scheduler)
    segments, requests = await load.peak(seconds / FASTER)
    good, fates = await load.arriving(requests * factor, seconds / FASTER, deadline_s / FASTER)
    await scheduler.close()
    return (
        f"| {way} | {factor:g} | {deadline_s:g} | {good / segments:.2f} | {fates['answered']} "
        f"| {fates['refused']} | {fates['late']} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="duration of each load at the model's own speed"
    )
    arguments = parser.parse_args()
    print("| | load | deadline s | goodput of peak | answered | refused | late |")
    print("|---|---|---|---|---|---|---|")
    for way in WAYS:
        for factor, deadline_s in ((1, 10), (4, 10), (4, 5), (10, 10)):
            print(asyncio.run(measure(way, factor, arguments.seconds, deadline_s)), flush=True)


if __name__ == "__main__":
    main()
