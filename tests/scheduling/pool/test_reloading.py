"""Models whose engine hung are loaded again, unless they hang again soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.errors import EngineStalledError, ModelBrokenError
from summsvc.scheduling.pool import slot as slot_module
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.scheduling.pool.slot import ModelState
from tests.scheduling.pool.test_pool import Loader, Shelf, until
from tests.scheduling.reversing import (
    PATIENCE_S,
    ReversingEngine,
    answer,
    eventually,
    expected,
    sample,
    stall,
    work,
)

pytestmark = pytest.mark.usefixtures("short_hang_limits")


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
        assert sample(registry, "abandoned_engines", "a") == pool.abandoned_engines == 1
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
