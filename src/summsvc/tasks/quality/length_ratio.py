"""Quality check: the ratio of the lengths of a translation and its source.

The logarithm of the output's length is a linear function of that of the source's. The
variance of the residuals has a constant part and a part that falls with the length, as
in Gale and Church, "A Program for Aligning Sentences in Bilingual Corpora", 1993. The
language files have the parameters; bench/quality/guards.py derives them from the translations
in tests/data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from summsvc.languages import registry
from summsvc.languages.language import UsualLength

DEFAULT_BOUNDS = (0.2, 5.0)
"""Bounds of the ratio for pairs without measured parameters."""

SHORT_SOURCE = 25
"""Code points. For shorter sources only an upper bound applies."""

SHORT_SOURCE_ALLOWANCE = 20
"""Code points by which a short source's translation may exceed the widest ratio."""


def unusual(source: str, output: str, *, source_language: str, target: str) -> float:
    """The ratio of the lengths in code points if it is unusual, else 0. Languages: BCP-47."""
    ratio = len(output) / max(1, len(source))
    if len(source) < SHORT_SOURCE:
        return (
            ratio if len(output) > DEFAULT_BOUNDS[1] * len(source) + SHORT_SOURCE_ALLOWANCE else 0.0
        )
    usual = registry.current().get(source_language).lengths.get(target)
    low, high = usual.bounds(len(source)) if usual else DEFAULT_BOUNDS
    return 0.0 if low <= ratio <= high else ratio


def fit(lengths: Sequence[tuple[int, int]]) -> UsualLength:
    """Derive the parameters from lengths of sources and good translations, 30 or more."""
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
    return UsualLength(offset, slope, fixed, falling, max(3.5, 1.1 * farthest))
