"""Results of a soak and their verdict."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.soak.load import Interval

MAX_GROWTH = 0.02
"""Largest growth of resident memory from the middle third to the last third."""

MAX_LATENCY_RATIO = 1.25
"""Largest ratio of a latency percentile of the last third to that of the middle third."""

SPARE = {"fds": 1, "threads": 1, "tasks": 1}
"""How much more of each an idle server may have at the end than at the beginning."""


@dataclass(frozen=True)
class Usage:
    """What the server process uses at a moment. tasks: asyncio tasks."""

    rss_mb: float
    fds: int
    threads: int
    tasks: int


@dataclass(frozen=True)
class Minute:
    """An interval of the load, and medians of the server's usage in it. loads: loads of models."""

    calls: Interval
    usage: Usage
    loads: int


@dataclass
class Results:
    """capacity, rate: calls per second of the closed loop, and of the soak. idle_before,
    idle_after: usage without any call, before and after the soak.
    """

    capacity: float
    rate: float
    interval_s: float
    idle_before: Usage
    idle_after: Usage
    minutes: list[Minute] = field(default_factory=list)

    @staticmethod
    def read(path: Path) -> Results:
        """The results in a file."""
        facts: Any = json.loads(path.read_text("utf-8"))
        minutes = [
            Minute(Interval(**each["calls"]), Usage(**each["usage"]), each["loads"])
            for each in facts["minutes"]
        ]
        idle = (Usage(**facts["idle_before"]), Usage(**facts["idle_after"]))
        return Results(facts["capacity"], facts["rate"], facts["interval_s"], *idle, minutes)

    def write(self, path: Path) -> None:
        """Write the results to a file."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", "utf-8")

    def statuses(self) -> Counter[str]:
        """Number of calls by status."""
        return sum((Counter(each.calls.statuses) for each in self.minutes), Counter[str]())

    def growth(self, of: Callable[[Minute], float]) -> float:
        """Ratio of a figure's median in the last third to that in the middle third, less one."""
        third = max(1, len(self.minutes) // 3)
        last = self.minutes[-third:]
        middle = self.minutes[-2 * third : -third] or last
        before = median(map(of, middle))
        return median(map(of, last)) / before - 1 if before else 0.0


@dataclass(frozen=True)
class Bar:
    """A requirement: its text, the measured value in words, and whether it is met."""

    text: str
    measured: str
    met: bool


def bars(results: Results) -> Sequence[Bar]:
    """All requirements of a soak."""
    found = []
    growth = results.growth(lambda minute: minute.usage.rss_mb)
    found.append(Bar("memory, last third over middle third", f"{growth:+.1%}", growth < MAX_GROWTH))
    for name, spare in SPARE.items():
        before, after = getattr(results.idle_before, name), getattr(results.idle_after, name)
        found.append(
            Bar(f"{name}, idle before and after", f"{before}, {after}", after <= before + spare)
        )
    for name in ("p50_ms", "p95_ms"):
        ratio = 1 + results.growth(lambda minute, name=name: getattr(minute.calls, name))  # type: ignore[misc]
        found.append(
            Bar(
                f"{name[:3]}, last third over middle third",
                f"{ratio:.2f}",
                ratio <= MAX_LATENCY_RATIO,
            )
        )
    unexpected = [each for minute in results.minutes for each in minute.calls.unexpected]
    text = f"{len(unexpected)}" + "".join(f"; {each}" for each in unexpected[:3])
    return [
        *found,
        Bar("calls with a status that the load does not provoke", text, not unexpected),
    ]
