"""Fairness between callers: turns, shares, deadlines, and the cost of admission."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from summsvc.errors import OverloadedError
from summsvc.scheduling.batch_size import Budget
from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.jobs import Job, JobHandle, Priority
from summsvc.scheduling.queue import FairQueue
from summsvc.scheduling.scheduler import Scheduler
from tests.scheduling.reversing import ReversingEngine, expected, scheduler, work

FLOOD, OTHER = Caller("a", "1"), Caller("b", "1")
SAME_HOST = Caller("a", "2")


def of(caller: Caller, asked: Job) -> Job:
    return dataclasses.replace(asked, caller=caller)


def waiting(queue: FairQueue, caller: Caller, *texts: str, **given: Any) -> JobHandle:
    handle = JobHandle(of(caller, work(texts, **given)), lambda _: None)
    for position in range(len(texts)):
        queue.add(handle, handle.job.item(position))
    return handle


@pytest.mark.parametrize("other", [OTHER, SAME_HOST])
@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("text", ["w w", "w " * 30])
async def test_one_job_is_in_the_second_batch_despite_many_jobs_of_another_caller(
    other: Caller, priority: Priority, text: str
) -> None:
    queue = FairQueue()
    for _ in range(500):
        waiting(queue, FLOOD, "w w", priority=priority)
    assert queue.next_batch(Budget(100, 4)) is not None
    asked = waiting(queue, other, text, priority=priority)
    for _ in range(2):
        queue.next_batch(Budget(100, 4))
    assert not asked.pending


async def test_callers_lead_equally_many_batches() -> None:
    queue = FairQueue()
    for _ in range(300):
        waiting(queue, FLOOD, "w w")
    for _ in range(20):
        waiting(queue, OTHER, "w w")
    leaders = []
    for _ in range(40):
        batch = queue.next_batch(Budget(100, 1))
        assert batch is not None
        leaders.append(next(iter(batch.items[0].handles)).job.caller)
    assert leaders == [FLOOD, OTHER] * 20


async def test_a_batch_has_equally_many_segments_of_each_caller() -> None:
    queue = FairQueue()
    for _ in range(300):
        waiting(queue, FLOOD, "w w")
    others = [waiting(queue, Caller("b", str(i)), "w w", "w w") for i in range(4)]
    batch = queue.next_batch(Budget(1000, 8))
    assert batch is not None
    assert sum(len(each.pending) for each in others) == 8 - 4


async def test_urgent_jobs_go_first_only_among_jobs_of_their_caller() -> None:
    queue = FairQueue()
    patient = [waiting(queue, FLOOD, "w w") for _ in range(20)]
    short = [waiting(queue, FLOOD, "w w", deadline=1.0) for _ in range(20)]
    other = waiting(queue, OTHER, "w w")
    batch = queue.next_batch(
        Budget(100, 4), urgent_jobs=lambda each: short if each == FLOOD else []
    )
    assert batch is not None
    assert not other.pending
    assert sum(not each.pending for each in short) == 3
    assert all(each.pending for each in patient)


async def held_up(made: Scheduler, engine: ReversingEngine, *flood: Job) -> list[JobHandle]:
    """Submit jobs of which the first one is in the model, which is held."""
    engine.hold()
    handles = [made.submit(flood[0])]
    await engine.begun()
    return [*handles, *(made.submit(each) for each in flood[1:])]


@pytest.mark.parametrize("other", [OTHER, SAME_HOST])
async def test_a_caller_is_admitted_to_a_queue_that_another_caller_has_filled(
    engine: ReversingEngine, other: Caller
) -> None:
    made = scheduler(engine, max_requests=10, max_tokens=1000)
    flood = [of(FLOOD, work([f"text {i}"])) for i in range(11)]
    await held_up(made, engine, *flood)
    with pytest.raises(OverloadedError) as refused:
        made.submit(of(FLOOD, work(["one more"])))
    assert refused.value.metadata["limit_of"] == "caller"
    asked = [of(other, work([f"other {i}"])) for i in range(5)]
    handles = [made.submit(each) for each in asked]
    with pytest.raises(OverloadedError, match="5 of your own requests") as refused:
        made.submit(of(other, work(["one more"])))
    assert refused.value.metadata == {
        "queued_requests": "5",
        "queued_tokens": "10",
        "limit_of": "caller",
    }
    engine.release()
    for handle in handles:
        assert [each.generated.text for each in await handle.wait()] == expected(handle.job)
    await made.close()


async def test_tight_deadlines_of_one_caller_neither_reject_nor_delay_another(
    engine: ReversingEngine,
) -> None:
    # The probe sets 64 tokens per second; deadlines are an hour away, so that none passes here.
    made = scheduler(engine, batch_tokens=64, probe_s=1.0)
    hour = asyncio.get_running_loop().time() + 3600
    texts = [f"a b c {i}" for i in range(55_000)]
    held, book = await held_up(
        made, engine, of(FLOOD, work(["hold on"])), of(FLOOD, work(texts, deadline=hour))
    )
    line = work(["x y z"] * 3, deadline=hour - 1, use_cache=False)
    with pytest.raises(OverloadedError, match="by their deadlines"):
        made.submit(of(FLOOD, work([f"d {i}" for i in range(8_000)], deadline=hour - 1)))
    other = made.submit(of(OTHER, line))
    begun = len(engine.batches)
    engine.release()
    await other.wait()
    last = max(i for i, batch in enumerate(engine.batches) if "x y z" in batch)
    assert last - begun < 3
    book.cancel()
    await held.wait()
    await made.close()


async def test_batches_are_short_while_a_small_caller_competes_with_a_flood(
    engine: ReversingEngine,
) -> None:
    made = scheduler(engine, batch_tokens=10_000, batch_sequences=12)
    flood = [of(FLOOD, work([f"a b {i}"])) for i in range(100)]
    handles = await held_up(made, engine, *flood)
    handles.append(made.submit(of(OTHER, work(["x y z"]))))
    engine.release()
    await asyncio.gather(*(handle.wait() for handle in handles))
    await made.close()
    sizes = [len(batch) for batch in engine.batches]
    assert set(sizes[1:-6]) == {4}
    assert max(sizes) == 12


def lines_run(work: Callable[[], object]) -> int:
    """The number of executed lines of the scheduling package: independent of the machine."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if "summsvc/scheduling" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("callers", [1, 30])
@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("with_deadlines", [True, False])
async def test_the_cost_of_admission_is_independent_of_the_queue_length(
    engine: ReversingEngine, callers: int, priority: Priority, *, with_deadlines: bool
) -> None:
    made = scheduler(engine, max_requests=100_000, max_tokens=10**9, probe_s=0.001)
    hour = asyncio.get_running_loop().time() + 3600
    number = 0

    def one() -> Job:
        nonlocal number
        number += 1
        deadline = hour + number * 37 % 1000 if with_deadlines else None
        asked = work([f"w {number} " * (number % 7)], priority=priority, deadline=deadline)
        return of(Caller("a", str(number % callers)), asked)

    engine.hold()
    made.submit(one())
    await engine.begun()
    costs = []
    for count in (3000, 12_000):
        while number < count:
            made.submit(one())
        new, continued = one(), dataclasses.replace(one(), continues=True)
        costs.append([lines_run(partial(made.submit, each)) for each in (new, continued)])
    (new_before, continued_before), (new_after, continued_after) = costs
    assert new_after <= 1.2 * new_before
    assert continued_after <= 1.2 * continued_before
    engine.release()
    await made.close()
