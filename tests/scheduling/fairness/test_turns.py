"""Turns on the event loop are few in an iteration, and in fair order of callers."""

from __future__ import annotations

import asyncio

from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.fairness.turns import TURNS_PER_ITERATION, TurnGate


async def test_a_call_waits_for_one_call_of_each_caller_at_most() -> None:
    gate, begun = TurnGate(), list[Caller]()

    async def call(caller: Caller) -> None:
        await gate.admit(caller)
        begun.append(caller)

    flood = [Caller("a", str(i % 5)) for i in range(500)]
    tasks = [asyncio.create_task(call(caller)) for caller in flood]
    for _ in range(3):
        await asyncio.sleep(0)
    before = len(begun)
    assert before < 4 * TURNS_PER_ITERATION
    other = Caller("b", "1")
    await call(other)
    assert begun.index(other) - before <= 3 * TURNS_PER_ITERATION
    await asyncio.gather(*tasks)
    assert len(begun) == 501


async def test_a_cancelled_call_leaves_the_gate() -> None:
    gate = TurnGate()
    caller = Caller("a", "1")
    tasks = [asyncio.create_task(gate.admit(caller)) for _ in range(50)]
    await asyncio.sleep(0)
    for task in tasks[TURNS_PER_ITERATION:]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)
    await gate.admit(caller)
    assert len(gate._places.waiters) == 0
