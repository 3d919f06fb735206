"""Closing a pool takes at most the timeout, and reports what could not be freed."""

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


async def test_closing_a_scheduler_does_not_wait_for_a_hung_batch() -> None:
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
    # The last thread to leave the engine frees it.
    engine.release()
    await eventually(lambda: engine.closed)


async def test_closing_a_pool_reports_an_engine_that_is_in_use() -> None:
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


async def test_closing_a_pool_does_not_wait_for_a_model_that_does_not_load() -> None:
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
async def test_closing_an_idle_pool_reports_success(timeout_s: float) -> None:
    loader = Loader()
    async with running(Shelf("a", "b"), loader) as pool:
        await pool.preload(["all"])
        await (await pool.acquire("a")).submit(work(["works well"])).wait()
        assert await pool.close(timeout_s)
        assert all(engine.closed for engine in loader.engines)
