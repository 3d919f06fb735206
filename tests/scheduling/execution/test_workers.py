"""Worker tasks: budgets of their batches, and waiting for returning callers."""

from __future__ import annotations

import asyncio

import pytest

from summsvc.scheduling.jobs import Priority
from summsvc.scheduling.scheduler import Scheduler
from tests.scheduling.reversing import (
    ReversingEngine,
    outputs,
    running,
    scheduler,
    work,
)


async def test_bulk_batches_are_narrower_while_interactive_jobs_arrive(
    engine: ReversingEngine,
) -> None:
    async with running(engine, batch_tokens=10_000, batch_sequences=12) as made:
        engine.hold()
        first = made.submit(work(["hold on"], priority=Priority.BULK))
        await engine.begun()
        bulk = made.submit(work([f"b {i}" for i in range(36)], priority=Priority.BULK))
        engine.release()
        await asyncio.gather(first.wait(), bulk.wait())
        assert [len(batch) for batch in engine.batches] == [1, 12, 12, 12]
        engine.hold()
        quick = made.submit(work(["one line"]))
        await engine.begun(4)
        again = made.submit(work([f"c {i}" for i in range(36)], priority=Priority.BULK))
        engine.release()
        await asyncio.gather(quick.wait(), again.wait())
    assert {len(batch) for batch in engine.batches[5:]} == {4}


async def test_a_short_queue_is_divided_among_idle_workers(engine: ReversingEngine) -> None:
    async with running(engine, workers=2, batch_tokens=64) as made:
        engine.hold()
        handle = made.submit(work([f"a b c {i}" for i in range(12)]))
        await engine.begun(2)
        engine.release()
        await handle.wait()
    assert [len(batch) for batch in engine.batches] == [6, 6]
    assert engine.most_at_once == 2


async def test_at_most_one_batch_per_worker_runs_at_the_same_time(engine: ReversingEngine) -> None:
    async with running(engine, workers=3, batch_tokens=4) as made:
        await made.submit(work([f"a b c {i}" for i in range(100)])).wait()
    assert engine.most_at_once <= 3


async def answered_in_one_batch(made: Scheduler, engine: ReversingEngine, *texts: str) -> None:
    """Submit jobs with one text each while the only worker is busy."""
    engine.hold()
    first = made.submit(work(["held"]))
    await engine.begun()
    min_group = [made.submit(work([text])) for text in texts]
    engine.release()
    assert all([await outputs(handle) for handle in (first, *min_group)])


async def test_a_worker_waits_for_the_callers_that_it_answered(
    engine: ReversingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("summsvc.scheduling.execution.workers.RETURN_WAIT_FRACTION", 1e6)
    async with running(engine, batch_wait_s=0.3) as made:
        await answered_in_one_batch(made, engine, "a b", "c d", "e f")
        back = []
        for text in ("g h", "i j", "k l"):
            back.append(made.submit(work([text])))
            await asyncio.sleep(0.01)
        await asyncio.gather(*(outputs(handle) for handle in back))
    assert list(map(sorted, engine.batches)) == [
        ["held"],
        ["a b", "c d", "e f"],
        ["g h", "i j", "k l"],
    ]


async def test_a_worker_does_not_wait_long_for_callers_that_do_not_return(
    engine: ReversingEngine,
) -> None:
    """The batch took no time, so a tenth of its time is none, with any setting."""
    async with running(engine, batch_wait_s=1000.0) as made:
        await answered_in_one_batch(made, engine, "a b", "c d")
        assert await outputs(made.submit(work(["e f"])))


async def test_closing_ends_a_worker_that_waits_for_callers(
    engine: ReversingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("summsvc.scheduling.execution.workers.RETURN_WAIT_FRACTION", 1e6)
    made = scheduler(engine, batch_wait_s=0.2)
    await answered_in_one_batch(made, engine, "one two", "three four")
    async with asyncio.timeout(30):
        await made.close()
    assert engine.closed
