"""How the cost of a function grows with the length of a text, as ratios within one run."""

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
"""Most that cost may grow with: length to this power."""

SHORTEST = 250
"""Code points of the first text."""

QUICK = 16_000
"""Code points of the longest text by which something is found to be in order. What looks
wrong is looked at with longer ones."""

STEPS = 4
"""How much longer the text is whose cost is compared."""

ATTEMPTS = 5
"""Times that something is measured, each time longer, before it is believed."""

WORTH = 0.3
"""Costs of the reference below which a ratio says nothing."""

THOROUGH = 10.0
"""The same where there is time: what little grows too fast shows in long texts alone."""

SLICE = 16.0
"""Costs of the reference that the work between two checkpoints may have: a few ms each."""

MOST = 400.0
"""Costs of the reference beyond which no text is made longer."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a function on texts of a shape."""

    function: str
    shape: str
    what: str

    def __str__(self) -> str:
        return f"{self.function}, {self.shape}: {self.what}"


def cpu(work: Job, times: int = 2) -> float:
    """The least CPU time of the work in this thread, in seconds."""
    least = math.inf
    for _ in range(times):
        begun = time.thread_time()
        work()
        least = min(least, time.thread_time() - begun)
    return max(least, 1e-9)


def reference() -> float:
    """What finding the words of 100,000 code points costs here and now, in seconds."""
    text = "word " * 20_000
    return cpu(lambda: re.findall(r"\w+", text), 5)


def longest_slice(work: Job) -> float:
    """CPU time between two checkpoints of the work, begin and end among them; the longest."""
    last = time.thread_time()
    longest = 0.0

    def looked() -> bool:
        nonlocal last, longest
        now = time.thread_time()
        longest = max(longest, now - last)
        last = now
        return False

    with interruptible(looked):
        work()
    looked()
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
    """What is wrong. unit: the cost of the reference. thorough: with far longer texts."""
    worth = (THOROUGH if thorough else WORTH) * unit
    longest = function.most if thorough else min(function.most, QUICK)

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
            if costs[length] >= worth and length >= SHORTEST * STEPS:
                break
            if 2 * length > longest:
                return []
            length *= 2
        return _growth(work, costs, length, function.most, unit, found) or _slices(
            work, costs, length, function.most, unit, found
        )
    except SummsvcError:
        # Such a text is refused before the function is given it.
        return []
    finally:
        gc.enable()


def _growth(
    work: Callable[[int], Job],
    costs: dict[int, float],
    length: int,
    most: int,
    unit: float,
    found: Callable[[str], list[Finding]],
) -> list[Finding]:
    exponents: list[str] = []
    for _ in range(ATTEMPTS):
        short = length // STEPS
        exponent = math.log(costs[length] / costs[short], STEPS)
        if exponent <= EXPONENT:
            return []
        exponents.append(f"{exponent:.2f} up to {length}")
        if 2 * length <= most and costs[length] < MOST * unit:
            length *= 2
        for each in (length // STEPS, length):
            costs[each] = cpu(work(each), 3)
    return found(f"cost grows with length to the power of {', '.join(exponents)}")


def _slices(
    work: Callable[[int], Job],
    costs: dict[int, float],
    length: int,
    most: int,
    unit: float,
    found: Callable[[str], list[Finding]],
) -> list[Finding]:
    """A slice is too long that is most of the work, and still is when there is a lot of it."""
    while True:
        longest = longest_slice(work(length))
        if longest <= costs[length] / 2:
            return []
        if longest > SLICE * unit:
            longest = min(longest_slice(work(length)) for _ in range(ATTEMPTS))
            if longest > max(costs[length] / 2, SLICE * unit):
                share = longest / costs[length]
                return found(f"{share:.0%} of the work on {length} without a checkpoint")
        if 2 * length > most:
            return []
        length *= 2
        costs[length] = cpu(work(length), 1)
