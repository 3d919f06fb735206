"""How large batches become."""

from __future__ import annotations

import pytest

from summsvc.scheduling.pace import FIRST, STEP, Pace


def after(batches: int, *, fixed_s: float, per_token_s: float, **settings: float) -> Pace:
    """One that has seen so many full batches of a model with such costs."""
    pace = Pace(most=int(settings.get("most", 10_000)), target_s=settings.get("target_s", 1.0))
    for _ in range(batches):
        cost = pace.budget
        pace.measured(cost=cost, seconds=fixed_s + cost * per_token_s)
    return pace


@pytest.mark.parametrize("per_token_s", [0.0001, 0.001, 0.01])
def test_batches_come_to_take_what_they_should(per_token_s: float) -> None:
    pace = after(60, fixed_s=0.3, per_token_s=per_token_s)
    assert 0.3 + pace.budget * per_token_s == pytest.approx(1.0, rel=0.05)


def test_a_budget_is_never_above_the_most_nor_below_one_token() -> None:
    assert after(60, fixed_s=0.0, per_token_s=1e-6, most=700).budget == 700
    assert Pace(most=100, target_s=1.0).budget == 100
    assert after(60, fixed_s=9.0, per_token_s=1.0).budget == 1


def test_one_odd_batch_changes_little() -> None:
    pace = after(60, fixed_s=0.0, per_token_s=0.001)
    before = pace.budget
    pace.measured(cost=before, seconds=100.0)
    assert pace.budget == pytest.approx(before / STEP, abs=1)
    pace.measured(cost=before, seconds=0.0)
    assert pace.budget == pytest.approx(before, abs=2)


def test_small_batches_say_nothing() -> None:
    pace = Pace(most=10_000, target_s=1.0)
    assert pace.tells(FIRST)
    assert pace.tells(FIRST // 2)
    assert not pace.tells(FIRST // 2 - 1)
