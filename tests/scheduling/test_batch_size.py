"""Adaptation of batch budgets."""

from __future__ import annotations

import pytest

from summsvc.scheduling.batch_size import (
    INITIAL_TOKENS,
    MAX_STEP,
    NARROW_DIVISOR,
    BatchSizer,
    Budget,
)


def batch_sizer(most: int = 10_000, *, sequences: int = 1_000, target_s: float = 1.0) -> BatchSizer:
    return BatchSizer(limit=Budget(most, sequences), target_s=target_s)


def after(batches: int, *, fixed_s: float, per_token_s: float, most: int = 10_000) -> BatchSizer:
    """A batch sizer after so many full batches of a model with these costs."""
    made = batch_sizer(most)
    for _ in range(batches):
        cost = made.budget.tokens
        made.record_batch(Budget(cost, 1), fixed_s + cost * per_token_s)
    return made


@pytest.mark.parametrize("per_token_s", [0.0001, 0.001, 0.01])
def test_the_batch_time_converges_to_the_target(per_token_s: float) -> None:
    made = after(60, fixed_s=0.3, per_token_s=per_token_s)
    assert 0.3 + made.budget.tokens * per_token_s == pytest.approx(1.0, rel=0.05)


def test_a_budget_is_at_most_the_limit_and_at_least_one_token() -> None:
    assert after(60, fixed_s=0.0, per_token_s=1e-6, most=700).budget == Budget(700, 1_000)
    assert batch_sizer(100).budget.tokens == 100
    assert after(60, fixed_s=9.0, per_token_s=1.0).budget.tokens == 1


def test_one_outlier_changes_the_budget_by_at_most_one_step() -> None:
    made = after(60, fixed_s=0.0, per_token_s=0.001)
    before = made.budget.tokens
    made.record_batch(Budget(before, 1), 100.0)
    assert made.budget.tokens == pytest.approx(before / MAX_STEP, abs=1)
    made.record_batch(Budget(before, 1), 0.0)
    assert made.budget.tokens == pytest.approx(before, abs=2)


def test_small_batches_are_no_throughput_samples() -> None:
    made = batch_sizer(sequences=32)
    assert made.budget.is_sample(Budget(INITIAL_TOKENS, 1))
    assert made.budget.is_sample(Budget(INITIAL_TOKENS // 2, 1))
    assert not made.budget.is_sample(Budget(INITIAL_TOKENS // 2 - 1, 1))
    assert made.budget.is_sample(Budget(20, 16))
    assert not made.budget.is_sample(Budget(20, 15))


def test_narrow_batches_have_fewer_sequences_and_their_own_samples() -> None:
    made = batch_sizer(sequences=NARROW_DIVISOR * 8)
    assert made.narrow_budget == Budget(made.budget.tokens, 8)
    assert made.narrow_budget.is_sample(Budget(20, 4))
    assert not made.narrow_budget.is_sample(Budget(20, 3))
    assert batch_sizer(sequences=1).narrow_budget.sequences == 1
