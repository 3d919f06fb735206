"""Bootstrap confidence intervals of corpus metrics, and paired bootstrap tests.

A corpus is resampled from its texts with replacement a thousand times, and the
metric is computed on each resample (Efron 1979; for translation Koehn 2004,
"Statistical Significance Tests for Machine Translation Evaluation"). Two systems
are compared on the same resamples. sacrebleu has the same procedure, but keeps
all resamples in memory at once and gives an interval for a system, not for
a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 1000
"""Number of bootstrap resamples."""

BOOTSTRAP_SEED = 12345
"""Seed of the resampling, as in sacrebleu; fixed so that equal outputs have equal intervals."""

_MAX_CHUNK_COUNTS = 2_000_000
"""Maximum entries (resamples x texts) of the matrix of counts that is drawn at once."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Per-text statistics of a metric, from which the corpus value is computed.

    counts: shape (texts, k). statistic: computes the corpus value from the k sums
    over texts.
    """

    counts: Floats
    statistic: Callable[[Floats], float]

    @property
    def value(self) -> float:
        """Value of the metric on all texts."""
        return self.statistic(self.counts.sum(axis=0))


@dataclass(frozen=True, slots=True)
class Interval:
    """Value of a metric with its 95% confidence interval [low, high]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference of two systems in a metric, with its 95% confidence interval.

    p: two-sided p-value of the paired bootstrap test.
    """

    value: float
    low: float
    high: float
    p: float


def mean(values: Sequence[float] | Floats) -> Sample:
    """Return the sample of a metric that is the mean of one value per text."""
    texts = len(values)
    return Sample(
        np.asarray(values, dtype=np.float64).reshape(texts, 1),
        lambda sums: float(sums[0]) / texts,
    )


def interval(sample: Sample, *, samples: int = RESAMPLES, seed: int = BOOTSTRAP_SEED) -> Interval:
    """Return the value with its percentile interval; for a single text the width is 0."""
    return Interval(sample.value, *_bounds(_resampled_values(sample, samples, seed)))


def difference(
    one: Sample, other: Sample, *, samples: int = RESAMPLES, seed: int = BOOTSTRAP_SEED
) -> Difference:
    """Return ``one`` minus ``other``; both have the same texts in the same order.

    p is two-sided: the share of resamples, shifted to a mean difference of 0, whose
    difference is at least as large. Raises ValueError for different numbers of texts.
    """
    if len(one.counts) != len(other.counts):
        raise ValueError(f"{len(one.counts)} texts cannot be compared with {len(other.counts)}")
    resampled = _resampled_values(one, samples, seed) - _resampled_values(other, samples, seed)
    value = one.value - other.value
    # The tolerance keeps rounding errors from separating equal values.
    as_large = np.abs(resampled - resampled.mean()) >= abs(value) - 1e-9
    return Difference(value, *_bounds(resampled), p=(int(as_large.sum()) + 1) / (samples + 1))


def _resampled_values(sample: Sample, samples: int, seed: int) -> Floats:
    """Values of the metric on all resamples, shape (samples,)."""
    return np.asarray(
        [
            sample.statistic(times @ sample.counts)
            for times in _resample_counts(len(sample.counts), samples, seed)
        ]
    )


def _resample_counts(texts: int, samples: int, seed: int) -> Iterator[Floats]:
    """Yield one array per resample: how often each text occurs in the resample."""
    generator = np.random.default_rng(seed)
    uniform = np.full(texts, 1 / texts)
    chunk_size = max(1, _MAX_CHUNK_COUNTS // texts)
    for start in range(0, samples, chunk_size):
        size = min(chunk_size, samples - start)
        yield from generator.multinomial(texts, uniform, size=size).astype(np.float64)


def _bounds(values: Floats) -> tuple[float, float]:
    """Bounds of the 95% percentile interval."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
