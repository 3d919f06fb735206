"""Slots are granted in turn, and none is lost."""

from __future__ import annotations

import asyncio
import random

import pytest

from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.fairness.semaphore import FairSemaphore

FLOOD, SMALL = Caller("a", "1"), Caller("b", "1")


async def test_a_caller_waits_for_one_slot_of_another_caller_not_for_all() -> None:
    semaphore = FairSemaphore(1)
    served: list[Caller] = []

    async def one(caller: Caller) -> None:
        async with semaphore.slot(caller):
            served.append(caller)
            await asyncio.sleep(0)

    flood = [asyncio.create_task(one(FLOOD)) for _ in range(100)]
    await asyncio.sleep(0)
    small = asyncio.create_task(one(SMALL))
    await asyncio.gather(small, *flood)
    # One had its slot, one was granted a slot before this caller came, one had an earlier turn.
    assert served.index(SMALL) <= 3
    assert served.count(FLOOD) == 100


@pytest.mark.parametrize("seed", range(20))
async def test_no_slot_is_lost_when_waiters_are_cancelled(seed: int) -> None:
    chance, semaphore = random.Random(seed), FairSemaphore(3)

    async def one(caller: Caller) -> None:
        async with semaphore.slot(caller):
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)

    tasks = []
    for _ in range(60):
        tasks.append(asyncio.create_task(one(chance.choice([FLOOD, SMALL]))))
        if chance.random() < 0.5:
            await asyncio.sleep(0)
        if chance.random() < 0.4:
            chance.choice(tasks).cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert semaphore._free == 3
    assert len(semaphore.waiters) == 0
