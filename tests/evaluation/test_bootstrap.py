"""Bootstrap intervals and differences against known values and against sacrebleu."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from summsvc.evaluation import metrics
from summsvc.evaluation.bootstrap import difference, interval, mean

OUTPUTS = [f"the minister arrived in Riga on day {i} of the visit" for i in range(40)]
REFERENCES = [
    f"the minister came to Riga on day {i} of her visit" if i % 3 else output
    for i, output in enumerate(OUTPUTS)
]


def test_interval_of_a_mean_matches_the_normal_approximation() -> None:
    values = np.random.default_rng(3).normal(50, 10, 400)
    found = interval(mean(values))
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.3)
    assert found.high == pytest.approx(values.mean() + half, abs=0.3)


def test_equal_texts_give_zero_width_and_equal_systems_zero_difference() -> None:
    found = interval(mean([7.0] * 20))
    assert (found.low, found.high) == (7.0, 7.0)
    same = difference(mean([1.0, 2.0, 3.0]), mean([1.0, 2.0, 3.0]))
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)


def test_paired_test_detects_a_small_constant_difference_despite_large_variance() -> None:
    values = np.random.default_rng(4).normal(50, 20, 200)
    found = difference(mean(values + 0.5), mean(values))
    assert found.low > 0.4
    assert found.p < 0.01


def test_different_numbers_of_texts_are_rejected() -> None:
    with pytest.raises(ValueError, match="2 texts cannot be compared with 3"):
        difference(mean([1.0, 2.0]), mean([1.0, 2.0, 3.0]))


def test_values_equal_sacrebleu() -> None:
    bleu, chrf, chrf_plus = metrics.translation(OUTPUTS, REFERENCES, "en")
    for metric, reference in ((bleu, BLEU()), (chrf, CHRF()), (chrf_plus, CHRF(word_order=2))):
        score = reference.corpus_score(OUTPUTS, [REFERENCES]).score
        assert metric.sample.value == pytest.approx(score)
        low, high = interval(metric.sample).low, interval(metric.sample).high
        assert low < score < high
        assert "version:" in metric.signature


def test_a_multi_line_text_counts_as_one_segment() -> None:
    joined = metrics.translation(["one two\n\nthree four"], ["one two three four"], "en")
    assert [metric.sample.value for metric in joined] == pytest.approx([100, 100, 100])
