"""How far a figure can be trusted: bootstrap intervals over the texts it was counted on.

A corpus is drawn anew from its texts, with repetition, a thousand times; the
figure is worked out on each (Efron 1979; for translation Koehn 2004, "Statistical
Significance Tests for Machine Translation Evaluation"). Two systems are compared
on the same draws. sacrebleu has the same procedure, but keeps all draws in
memory at once and gives an interval for a system, not for a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SAMPLES = 1000
SEED = 12345
"""Fixed, so that the same outputs have the same intervals; sacrebleu's own."""

_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """What a metric counted on each text.

    counts: shape (texts, k). figure: the metric's value for k sums over texts.
    """

    counts: Floats
    figure: Callable[[Floats], float]

    @property
    def value(self) -> float:
        """The metric on all texts."""
        return self.figure(self.counts.sum(axis=0))


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the two ends of its 95% confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much one system is above another, with the 95% interval of that.

    p: how often chance alone makes a difference this large, either way.
    """

    value: float
    low: float
    high: float
    p: float


def mean(values: Sequence[float] | Floats) -> Sample:
    """The sample of a figure that is the mean of one value per text."""
    texts = len(values)
    return Sample(
        np.asarray(values, dtype=np.float64).reshape(texts, 1),
        lambda sums: float(sums[0]) / texts,
    )


def interval(sample: Sample, *, samples: int = SAMPLES, seed: int = SEED) -> Interval:
    """The figure with its percentile interval; a single text has one of no width."""
    drawn = _figures(sample, samples, seed)
    return Interval(sample.value, *_ends(drawn))


def difference(
    one: Sample, other: Sample, *, samples: int = SAMPLES, seed: int = SEED
) -> Difference:
    """``one`` minus ``other``, whose rows are about the same texts in the same order.

    p is two-sided, from the draws moved to a mean difference of nought.
    """
    if len(one.counts) != len(other.counts):
        raise ValueError(f"{len(one.counts)} texts beside {len(other.counts)}")
    drawn = _figures(one, samples, seed) - _figures(other, samples, seed)
    found = one.value - other.value
    # Rounding must not tell apart what is equal.
    as_far = np.abs(drawn - drawn.mean()) >= abs(found) - 1e-9
    return Difference(found, *_ends(drawn), p=(int(as_far.sum()) + 1) / (samples + 1))


def _figures(sample: Sample, samples: int, seed: int) -> Floats:
    return np.asarray(
        [
            sample.figure(times @ sample.counts)
            for times in _draws(len(sample.counts), samples, seed)
        ]
    )


def _draws(texts: int, samples: int, seed: int) -> Iterator[Floats]:
    """How many times each text was drawn, one array per draw."""
    generator = np.random.default_rng(seed)
    even = np.full(texts, 1 / texts)
    at_once = max(1, _CHUNK // texts)
    for begin in range(0, samples, at_once):
        size = min(at_once, samples - begin)
        yield from generator.multinomial(texts, even, size=size).astype(np.float64)


def _ends(drawn: Floats) -> tuple[float, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
