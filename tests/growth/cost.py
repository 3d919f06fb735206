"""Growth of a function's CPU time with the length of its text, as ratios within one run."""

from __future__ import annotations

import gc
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from summsvc.errors import SummsvcError
from summsvc.interruption import interruptible
from tests.growth.functions import Function, Job
from tests.growth.shapes import Shape

EXPONENT = 1.2
"""Greatest exponent e for which growth like length ** e still passes."""

SHORTEST = 250
"""Code points of the shortest text that is measured."""

QUICK_LENGTH = 16_000
"""Code points of the longest text of a quick run. Only suspected violations are measured
with longer texts."""

LENGTH_RATIO = 4
"""Ratio of the lengths of two texts whose costs are compared."""

MEASUREMENTS = 5
"""Measurements, each with a longer text, before a violation is reported."""

MIN_COST = 0.3
"""Cost below which a ratio is noise, in units of the reference."""

MIN_COST_THOROUGH = 10.0
"""The same for a thorough run: a small superlinear part shows only in long texts."""

MAX_SLICE = 16.0
"""Greatest cost between two checkpoints, in units of the reference (a few ms each)."""

MAX_COST = 400.0
"""Cost beyond which no longer text is measured, in units of the reference."""


@dataclass(frozen=True)
class Finding:
    """A violation by a function on texts of a shape."""

    function: str
    shape: str
    what: str

    def __str__(self) -> str:
        return f"{self.function}, {self.shape}: {self.what}"


def cpu(work: Job, times: int = 2) -> float:
    """The least CPU time of several runs of the work in this thread, in seconds."""
    least = math.inf
    for _ in range(times):
        begun = time.thread_time()
        work()
        least = min(least, time.thread_time() - begun)
    return max(least, 1e-9)


def reference() -> float:
    """The unit of cost: CPU seconds to find the words of 100,000 code points on this machine."""
    text = "word " * 20_000
    return cpu(lambda: re.findall(r"\w+", text), 5)


def longest_slice(work: Job) -> float:
    """The longest CPU time between two checkpoints, or a checkpoint and the start or end, in s."""
    last = time.thread_time()
    longest = 0.0

    def at_checkpoint() -> bool:
        nonlocal last, longest
        now = time.thread_time()
        longest = max(longest, now - last)
        last = now
        return False

    with interruptible(at_checkpoint):
        work()
    at_checkpoint()
    return longest


def findings(
    name: str,
    function: Function,
    shape_name: str,
    shape: Shape,
    unit: float,
    *,
    thorough: bool = False,
) -> list[Finding]:
    """The violations of a function on one shape; at most one.

    unit: cost of the reference, in seconds. thorough: measure far longer texts.
    """
    min_cost = (MIN_COST_THOROUGH if thorough else MIN_COST) * unit
    longest = function.max_length if thorough else min(function.max_length, QUICK_LENGTH)

    @cache
    def work(length: int) -> Job:
        return function.prepare(shape(length))

    def found(what: str) -> list[Finding]:
        return [Finding(name, shape_name, what)]

    gc.disable()
    try:
        work(SHORTEST)()
        costs: dict[int, float] = {}
        length = SHORTEST
        while True:
            costs[length] = cpu(work(length))
            if costs[length] >= min_cost and length >= SHORTEST * LENGTH_RATIO:
                break
            if 2 * length > longest:
                return []
            length *= 2
        return _growth(work, costs, length, function.max_length, unit, found) or _slices(
            work, costs, length, function.max_length, unit, found
        )
    except SummsvcError:
        # The service rejects such a text before it calls the function.
        return []
    finally:
        gc.enable()


def _growth(
    work: Callable[[int], Job],
    costs: dict[int, float],
    length: int,
    max_length: int,
    unit: float,
    found: Callable[[str], list[Finding]],
) -> list[Finding]:
    exponents: list[str] = []
    for _ in range(MEASUREMENTS):
        short = length // LENGTH_RATIO
        exponent = math.log(costs[length] / costs[short], LENGTH_RATIO)
        if exponent <= EXPONENT:
            return []
        exponents.append(f"{exponent:.2f} up to {length}")
        if 2 * length <= max_length and costs[length] < MAX_COST * unit:
            length *= 2
        for each in (length // LENGTH_RATIO, length):
            costs[each] = cpu(work(each), 3)
    return found(f"cost grows with length to the power of {', '.join(exponents)}")


def _slices(
    work: Callable[[int], Job],
    costs: dict[int, float],
    length: int,
    max_length: int,
    unit: float,
    found: Callable[[str], list[Finding]],
) -> list[Finding]:
    """Report a slice that is most of the work and, with a long text, exceeds ``MAX_SLICE``."""
    while True:
        longest = longest_slice(work(length))
        if longest <= costs[length] / 2:
            return []
        if longest > MAX_SLICE * unit:
            longest = min(longest_slice(work(length)) for _ in range(MEASUREMENTS))
            if longest > max(costs[length] / 2, MAX_SLICE * unit):
                share = longest / costs[length]
                return found(f"{share:.0%} of the work on {length} without a checkpoint")
        if 2 * length > max_length:
            return []
        length *= 2
        costs[length] = cpu(work(length), 1)
