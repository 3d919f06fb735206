"""How long a translation usually is, by pair and by the length of the source.

The logarithm of the output's length is a line over that of the source's; what
is left over spreads the more, the shorter the text (the variance of Gale and
Church, "A Program for Aligning Sentences in Bilingual Corpora", 1993, falls
with the length), around a part that does not depend on it. lengths.toml holds
the figures; bench/guards.py derives them from the translations in tests/data.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

WIDE = (0.2, 5.0)
"""Bounds of the ratio for pairs that were not measured."""

SHORT = 25
"""Sources of fewer code points than this have no usual length, only a greatest."""

ROOM = 20
"""Code points that a short source's translation may have besides the widest ratio."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual length for one pair.

    log(output) = offset + slope * log(source), with a variance of
    fixed + falling / source. limit: standard deviations that are still usual.
    """

    offset: float
    slope: float
    fixed: float
    falling: float
    limit: float

    def bounds(self, length: int) -> tuple[float, float]:
        """Lowest and highest usual ratio for a source of so many code points."""
        middle = self.offset + (self.slope - 1) * math.log(length)
        spread = self.limit * math.sqrt(self.fixed + self.falling / length)
        return math.exp(middle - spread), math.exp(middle + spread)


def unusual(source: str, output: str, *, source_language: str, target: str) -> float:
    """The ratio of the lengths in code points when it is not a usual one, else 0."""
    ratio = len(output) / max(1, len(source))
    if len(source) < SHORT:
        return ratio if len(output) > WIDE[1] * len(source) + ROOM else 0.0
    usual = _measured().get(f"{source_language}-{target}")
    low, high = usual.bounds(len(source)) if usual else WIDE
    return 0.0 if low <= ratio <= high else ratio


def fit(lengths: Sequence[tuple[int, int]]) -> Usual:
    """Derive the figures from lengths of sources and good translations, 30 or more."""
    logs = [(math.log(a), math.log(b)) for a, b in lengths]
    mean_a = sum(a for a, _ in logs) / len(logs)
    mean_b = sum(b for _, b in logs) / len(logs)
    slope = sum((a - mean_a) * (b - mean_b) for a, b in logs) / sum(
        (a - mean_a) ** 2 for a, _ in logs
    )
    offset = mean_b - slope * mean_a
    left = [(math.exp(-a), (b - offset - slope * a) ** 2) for a, b in logs]
    mean_x = sum(x for x, _ in left) / len(left)
    mean_y = sum(y for _, y in left) / len(left)
    falling = sum((x - mean_x) * (y - mean_y) for x, y in left)
    falling = max(0.0, falling / sum((x - mean_x) ** 2 for x, _ in left))
    fixed = max(mean_y / 4, mean_y - falling * mean_x)
    farthest = max(math.sqrt(y / (fixed + falling * x)) for x, y in left)
    return Usual(offset, slope, fixed, falling, max(3.5, 1.1 * farthest))


@cache
def _measured() -> dict[str, Usual]:
    source = files("summsvc.tasks.quality").joinpath("lengths.toml").read_text("utf-8")
    return {pair: Usual(**figures) for pair, figures in tomllib.loads(source).items()}
