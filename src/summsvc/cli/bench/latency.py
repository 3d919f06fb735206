"""Latencies of a run: percentiles and a histogram."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from itertools import pairwise

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}

MAX_BINS = 16
"""Most bins of a histogram, so that a report fits a terminal of 24 lines."""

_STEPS = ((1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
"""Bounds of bins within a power of ten; finer ones first."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value with at least that share at or below it.

    ordered: ascending, not empty. share: above 0, up to 1.
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(latencies: Sequence[float]) -> dict[str, float]:
    """min, mean, percentiles and max, in the unit of the latencies; empty without any."""
    if not latencies:
        return {}
    ordered = sorted(latencies)
    return {
        "min": ordered[0],
        "mean": math.fsum(ordered) / len(ordered),
        **{name: percentile(ordered, share) for name, share in PERCENTILES.items()},
        "max": ordered[-1],
    }


def histogram(latencies: Sequence[float]) -> list[tuple[float, int]]:
    """Upper bound and number of latencies of each bin, ascending.

    A bin has the latencies above the bound before and up to its own. Bounds are round numbers
    that grow by about the same factor, because latencies differ by orders of magnitude.
    """
    if not latencies:
        return []
    ordered = sorted(latencies)
    for steps in _STEPS:
        bounds = _bounds(ordered[0], ordered[-1], steps)
        if len(bounds) <= MAX_BINS:
            break
    ends = [0, *(bisect.bisect_right(ordered, bound) for bound in bounds)]
    return [
        (bound, end - begin) for bound, (begin, end) in zip(bounds, pairwise(ends), strict=True)
    ]


def _bounds(least: float, most: float, steps: Sequence[float]) -> list[float]:
    """From the first bound at or above the least value to the first at or above the largest."""
    least, most = max(least, 1e-3), max(most, 1e-3)
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
    bounds = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    return [bound for bound in bounds if bound >= least][: _count(bounds, least, most)]


def _count(bounds: Sequence[float], least: float, most: float) -> int:
    return bisect.bisect_left(bounds, most) - bisect.bisect_left(bounds, least) + 1
