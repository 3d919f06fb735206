"""A time limit is waited for in slices, so that a pause of the process uses up one of them."""

from __future__ import annotations

import pytest

from summsvc.time_limits import SLICES, holds_within


@pytest.mark.parametrize("needed", [1, 2, SLICES])
async def test_a_condition_that_holds_in_time_ends_the_wait(needed: int) -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) == needed

    assert await holds_within(wait, 30.0)
    assert waits == [30.0 / SLICES] * needed


async def test_a_condition_that_never_holds_takes_all_slices() -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> bool:
        waits.append(seconds)
        return False

    assert not await holds_within(wait, 30.0)
    assert sum(waits) == pytest.approx(30.0)
