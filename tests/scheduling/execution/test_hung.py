"""Hung batches: their jobs fail, the worker continues, the model is loaded again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.errors import EngineError, EngineStalledError, ModelBrokenError
from summsvc.scheduling.batching import Batch
from summsvc.scheduling.execution.watchdog import Watchdog
from summsvc.scheduling.jobs import Job
from summsvc.scheduling.pool import slot as slot_module
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.scheduling.pool.slot import ModelState
from summsvc.scheduling.scheduler import Scheduler
from tests.scheduling.pool.test_pool import Loader, Shelf, until
from tests.scheduling.reversing import (
    PATIENCE_S,
    ReversingEngine,
    eventually,
    expected,
    scheduler,
    work,
)


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that stall exceed their limit soon, and no other batch does."""

    def limit_s(_: Watchdog, batch: Batch) -> float:
        stalls = any("stall" in item.text.split() for item in batch.items)
        return 0.05 if stalls else math.inf

    monkeypatch.setattr(Watchdog, "limit_s", limit_s)


async def answer(made: Scheduler, *texts: str) -> None:
    asked: Job = work(texts)
    outcomes = await made.submit(asked).wait()
    assert [outcome.generated.text for outcome in outcomes] == expected(asked)


async def stall(made: Scheduler, *texts: str) -> None:
    with pytest.raises(EngineStalledError):
        await made.submit(work(texts)).wait()


def sample(registry: CollectorRegistry, name: str, model: str) -> float:
    return registry.get_sample_value(f"summsvc_{name}", {"model": model}) or 0.0


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


@asynccontextmanager
async def pooled(
    loader: Loader, *models: str, **settings: Any
) -> AsyncIterator[tuple[ModelPool, CollectorRegistry]]:
    registry = CollectorRegistry()
    pool = ModelPool(Shelf(*models), Settings(**settings), registry=registry, load=loader)
    await pool.preload(["all"])
    try:
        yield pool, registry
    finally:
        loader.go.set()
        for engine in loader.engines:
            engine.recover()
        await eventually(lambda: all(slot.abandoned == 0 for slot in pool._slots.values()))
        assert await pool.close(PATIENCE_S)
        assert all(engine.closed for engine in loader.engines)


async def test_a_model_that_hangs_is_not_served_until_it_is_loaded_again() -> None:
    loader = Loader()
    async with pooled(loader, "a", workers=1) as (pool, registry):
        assert pool.can_serve(Task.TRANSLATION)
        loader.go.clear()
        made = await pool.acquire("a")
        await stall(made, "stall one")
        status = pool.status("a")
        assert status.state is ModelState.LOADING
        assert "stopped answering" in status.error
        assert not pool.can_serve(Task.TRANSLATION)
        assert sample(registry, "model_loaded", "a") == 0
        # Waiting and new jobs wait for the engine.
        waiting = made.submit(work(["waits in the queue"]))
        acquiring = asyncio.create_task(pool.acquire("a"))
        loader.go.set()
        assert await acquiring is made
        assert [o.generated.text for o in await waiting.wait()] == expected(waiting.job)
        assert pool.status("a").state is ModelState.READY
        assert pool.can_serve(Task.TRANSLATION)
        assert loader.loads == ["a", "a"]
        assert made.engine is loader.engines[1]
        assert sample(registry, "model_loaded", "a") == 1
        assert sample(registry, "model_reloads_total", "a") == 1
        assert sample(registry, "abandoned_engines", "a") == 1
        loader.engines[0].recover()
        await eventually(lambda: loader.engines[0].closed)
        await eventually(lambda: sample(registry, "abandoned_engines", "a") == 0)


async def test_other_models_are_served_while_one_is_loaded_again() -> None:
    loader = Loader()
    async with pooled(loader, "a", "b", workers=1) as (pool, _):
        loader.go.clear()
        await stall(await pool.acquire("a"), "stall one")
        assert pool.can_serve(Task.TRANSLATION)
        await answer(await pool.acquire("b"), "is served")


async def test_a_model_that_hangs_again_soon_is_not_loaded_again_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loader = Loader()
    async with pooled(loader, "a", workers=1) as (pool, _):
        made = await pool.acquire("a")
        await stall(made, "stall one")
        await until(pool, "a", ModelState.READY)
        loader.engines[0].recover()
        await stall(made, "stall two")
        await until(pool, "a", ModelState.FAILED)
        assert "again soon after" in pool.status("a").error
        assert not pool.can_serve(Task.TRANSLATION)
        with pytest.raises(EngineStalledError, match="again soon after"):
            await pool.acquire("a")
        with pytest.raises(EngineStalledError, match="again soon after"):
            made.submit(work(["held by a request that was begun before"]))
        assert loader.loads == ["a", "a"]
        monkeypatch.setattr(slot_module, "RETRY_FAILED_S", 0.0)
        # The model counts as available: the next call loads it.
        assert pool.status("a").state is ModelState.INSTALLED
        assert pool.can_serve(Task.TRANSLATION)
        assert await pool.acquire("a") is made
        await answer(made, "works again")


async def test_the_number_of_hung_engines_in_memory_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slot_module, "RETRY_FAILED_S", 0.0)
    loader = Loader()
    async with pooled(loader, "a", workers=1) as (pool, registry):
        made = await pool.acquire("a")
        await stall(made, "stall one")
        await until(pool, "a", ModelState.READY)
        await stall(made, "stall two")
        await until(pool, "a", ModelState.FAILED)
        assert sample(registry, "abandoned_engines", "a") == 2
        assert "has to be started again" in pool.status("a").error
        with pytest.raises(EngineStalledError, match="started again"):
            await pool.acquire("a")
        assert loader.loads == ["a", "a"]
        # A thread returns: the memory of its engine is free.
        loader.engines[0].recover()
        await eventually(lambda: pool.status("a").state is ModelState.INSTALLED)
        await answer(await pool.acquire("a"), "works again")
        assert loader.loads == ["a", "a", "a"]


async def test_waiting_jobs_fail_when_the_model_cannot_be_loaded_again() -> None:
    loader = Loader()
    async with pooled(loader, "a", workers=1) as (pool, _):
        made = await pool.acquire("a")
        loader.go.clear()
        await stall(made, "stall one")
        waiting = made.submit(work(["waits in the queue"]))
        loader.broken.add("a")
        loader.go.set()
        with pytest.raises(ModelBrokenError):
            await waiting.wait()
        assert pool.status("a").state is ModelState.FAILED


async def test_a_model_that_hangs_in_its_warm_up_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hanging: list[ReversingEngine] = []

    def warm_up(engine: ReversingEngine) -> None:
        hanging.append(engine)
        assert engine._recovered.wait(PATIENCE_S)

    monkeypatch.setattr(ReversingEngine, "warm_up", warm_up)
    loader = Loader()
    settings = {"hung_batch_s": 0.02, "hung_batch_factor": 2}
    async with pooled(loader, "a", **settings) as (pool, registry):
        assert pool.status("a").state is ModelState.FAILED
        assert "has not answered since" in pool.status("a").error
        with pytest.raises(EngineStalledError):
            await pool.acquire("a")
        assert sample(registry, "abandoned_engines", "a") == 1
        assert not loader.engines[0].closed


async def test_closing_a_pool_reports_a_hung_engine() -> None:
    loader = Loader()
    pool = ModelPool(Shelf("a"), Settings(workers=1), registry=CollectorRegistry(), load=loader)
    await pool.preload(["a"])
    made = await pool.acquire("a")
    await stall(made, "stall one")
    await until(pool, "a", ModelState.READY)
    assert not await pool.close(timeout_s=PATIENCE_S)
    assert [engine.closed for engine in loader.engines] == [False, True]
    loader.engines[0].recover()
    await eventually(lambda: loader.engines[0].closed)
