"""A pool that is closed waits no longer than it is told, and says what it left."""

from __future__ import annotations

import asyncio
import math

import pytest
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.errors import DrainingError
from summsvc.scheduling.pool.pool import ModelPool
from tests.scheduling.pool.test_pool import Loader, Shelf, running
from tests.scheduling.reversing import PATIENCE_S, ReversingEngine, eventually, scheduler, work


async def test_a_scheduler_does_not_wait_for_a_batch_that_does_not_end() -> None:
    engine = ReversingEngine()
    engine.hang()
    made = scheduler(engine, workers=2)
    handle = made.submit(work(["hangs for good"]))
    await engine.begun()
    async with asyncio.timeout(PATIENCE_S):
        assert not await made.close(timeout_s=0.05)
    with pytest.raises(DrainingError):
        await handle.wait()
    assert not engine.closed
    # Freed by the thread that comes out at last.
    engine.release()
    await eventually(lambda: engine.closed)


async def test_a_pool_says_whether_it_left_an_engine_at_work() -> None:
    loader = Loader()
    pool = ModelPool(Shelf("a", "b"), Settings(), registry=CollectorRegistry(), load=loader)
    await pool.preload(["all"])
    loader.engines[1].hang()
    handle = (await pool.acquire("b")).submit(work(["hangs for good"]))
    await loader.engines[1].begun()
    async with asyncio.timeout(PATIENCE_S):
        assert not await pool.close(timeout_s=0.05)
    with pytest.raises(DrainingError):
        await handle.wait()
    assert [engine.closed for engine in loader.engines] == [True, False]
    loader.engines[1].release()
    await eventually(lambda: loader.engines[1].closed)


async def test_a_pool_does_not_wait_for_a_model_that_does_not_load() -> None:
    loader = Loader()
    pool = ModelPool(Shelf("a"), Settings(), registry=CollectorRegistry(), load=loader)
    loader.go.clear()
    waiting = asyncio.create_task(pool.acquire("a"))
    await loader.loading()
    async with asyncio.timeout(PATIENCE_S):
        assert not await pool.close(timeout_s=0.05)
    with pytest.raises(DrainingError):
        await waiting
    loader.go.set()
    await eventually(lambda: [engine.closed for engine in loader.engines] == [True])


@pytest.mark.parametrize("timeout_s", [PATIENCE_S, math.inf])
async def test_a_clean_end_is_said_to_be_one(timeout_s: float) -> None:
    loader = Loader()
    async with running(Shelf("a", "b"), loader) as pool:
        await pool.preload(["all"])
        await (await pool.acquire("a")).submit(work(["works well"])).wait()
        assert await pool.close(timeout_s)
        assert all(engine.closed for engine in loader.engines)
