"""Hung batches: their jobs fail, and their workers continue in other threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest
import structlog
from prometheus_client import CollectorRegistry

from summsvc.errors import EngineError, EngineStalledError
from tests.scheduling.reversing import (
    PATIENCE_S,
    ReversingEngine,
    answer,
    eventually,
    expected,
    sample,
    scheduler,
    stall,
    work,
)

pytestmark = pytest.mark.usefixtures("short_hang_limits")


async def test_a_hung_batch_fails_its_jobs_and_its_worker_continues() -> None:
    engine, registry = ReversingEngine(), CollectorRegistry()
    made = scheduler(engine, workers=2, registry=registry)
    first = made.submit(work(["good one", "stall here"]))
    second = made.submit(work(["other one"]))
    for handle in (first, second):
        with pytest.raises(EngineStalledError) as caught:
            await handle.wait()
        assert "call again" in caught.value.message
    assert sample(registry, "stalled_batches_total", "reversing") == 1
    assert not made.idle
    # Both workers still work, and all waiting segments are computed.
    await engine.begun()
    engine.hold()
    handles = []
    for i in range(2):
        handles.append(made.submit(work([f"a b {i}"])))
        await engine.begun()
    engine.release()
    for handle in handles:
        assert [o.generated.text for o in await handle.wait()] == expected(handle.job)
    engine.recover()
    await eventually(lambda: made.idle)
    assert await made.close()


async def test_a_hung_batch_is_logged_without_its_text() -> None:
    engine = ReversingEngine()
    made = scheduler(engine, workers=2)
    structlog.contextvars.bind_contextvars(request_id="call-7")
    try:
        with structlog.testing.capture_logs() as lines:
            await stall(made, "secretword stall")
    finally:
        structlog.contextvars.unbind_contextvars("request_id")
    (line,) = [line for line in lines if line["event"] == "batch hung"]
    assert line["log_level"] == "warning"
    assert line["model"] == "reversing"
    assert (line["segments"], line["tokens"]) == (1, 2)
    assert line["requests"] == ["call-7"]
    assert {"seconds", "expected_s", "action"} <= set(line)
    assert "secretword" not in repr(lines)
    engine.recover()
    await made.close()


async def test_segments_of_a_hung_batch_are_isolated_and_the_hanging_one_is_refused() -> None:
    engine = ReversingEngine()
    made = scheduler(engine, workers=4)
    texts = ["good one", "stall here", "good two"]
    await stall(made, *texts)
    # Every job is submitted again at once; only the hanging segment hangs again, alone.
    again = [made.submit(work([text])) for text in texts]
    ends = await asyncio.gather(*(handle.wait() for handle in again), return_exceptions=True)
    assert [type(end) for end in ends] == [list, EngineStalledError, list]
    assert ["stall here"] in engine.batches
    begun = len(engine.batches)
    with pytest.raises(EngineError, match="leave the segment out"):
        await made.submit(work(["stall here"])).wait()
    assert len(engine.batches) == begun
    await answer(made, *texts[::2])
    engine.recover()
    await made.close()


async def test_an_engine_is_given_up_when_as_many_batches_hang_as_it_has_workers() -> None:
    engine = ReversingEngine()
    lost: list[Future[None]] = []
    made = scheduler(engine, workers=2, on_engine_lost=lost.append)
    await stall(made, "stall one")
    assert not lost
    assert made.usable
    await stall(made, "stall two")
    assert not made.usable
    (freed,) = lost
    waiting = made.submit(work(["waits for another engine"]))
    await asyncio.sleep(0.05)
    assert not engine.closed
    made.resume(ReversingEngine(), "1")
    assert [o.generated.text for o in await waiting.wait()] == expected(waiting.job)
    assert not freed.done()
    engine.recover()
    await eventually(freed.done)
    assert engine.closed
    await made.close()


async def test_threads_that_returned_do_not_count_as_hung() -> None:
    engine = ReversingEngine()
    lost: list[Future[None]] = []
    made = scheduler(engine, workers=2, on_engine_lost=lost.append)
    await stall(made, "stall one")
    engine.recover()
    await eventually(lambda: made.idle)
    engine._recovered.clear()
    await stall(made, "stall two")
    assert not lost
    engine.recover()
    await made.close()


async def test_an_abandoned_hung_batch_is_detected_too() -> None:
    engine, registry = ReversingEngine(), CollectorRegistry()
    lost: list[Future[None]] = []
    made = scheduler(engine, registry=registry, on_engine_lost=lost.append)
    handle = made.submit(work(["stall one"]))
    await engine.begun()
    handle.cancel()
    await eventually(lambda: bool(lost))
    assert sample(registry, "stalled_batches_total", "reversing") == 1
    engine.recover()
    await made.close()


async def test_a_scheduler_without_an_engine_can_be_closed() -> None:
    engine = ReversingEngine()
    made = scheduler(engine)
    await stall(made, "stall one")
    waiting = made.submit(work(["waits for another engine"]))
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        assert await made.close()
    with pytest.raises(Exception, match="shutting down"):
        await waiting.wait()
    engine.recover()
