"""Models load once, in the background or on first use, and are unloaded when idle."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from summsvc.config import CPU_SEQUENCES, Settings
from summsvc.engines.base import LanguageTokens, ModelSpec, Placement, Seq2SeqEngine, Task
from summsvc.errors import DrainingError, ModelBrokenError, ModelNotInstalledError
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store
from summsvc.scheduling.pool import slot as slot_module
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.scheduling.pool.scheduler_factory import max_sequences, placement
from summsvc.scheduling.pool.slot import ModelState, Slot
from tests.scheduling.reversing import PATIENCE_S, ReversingEngine, expected, work


class Shelf(Store):
    """A store with its manifests in memory."""

    def __init__(self, *models: str) -> None:
        super().__init__(Path("/nonexistent"))
        self.manifests = {model: self.manifest(model) for model in models}

    @staticmethod
    def manifest(model: str, revision: str = "") -> Manifest:
        return Manifest(
            id=model,
            task=Task.TRANSLATION,
            architecture="none",
            pairs=(("en", "ru"),),
            language_tokens=LanguageTokens.NONE,
            revision=revision,
            files={},
        )

    def ids(self) -> list[str]:
        return sorted(self.manifests)

    def get(self, id: str) -> Manifest | None:
        return self.manifests.get(id)

    def spec(self, id: str) -> ModelSpec:
        return self.manifests[id].spec(self.root)


class Loader:
    """Loads reversing engines. Blocks while ``go`` is clear; fails for models named broken."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.broken: set[str] = set()
        self.engines: list[ReversingEngine] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.go.set()

    def __call__(self, spec: ModelSpec, placed: Placement, engine: str) -> Seq2SeqEngine:
        self.loads.append(spec.id)
        self.begun.release()
        assert self.go.wait(PATIENCE_S)
        if spec.id.startswith("broken") or spec.id in self.broken:
            raise OSError("weights are cut short")
        assert placed.workers * placed.threads >= 1
        assert engine == "auto"
        self.engines.append(ReversingEngine(spec.id))
        return self.engines[-1]

    async def loading(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=PATIENCE_S)


@pytest.fixture
def loader() -> Loader:
    return Loader()


@asynccontextmanager
async def running(store: Store, loader: Loader, **settings: Any) -> AsyncIterator[ModelPool]:
    made = ModelPool(store, Settings(**settings), registry=CollectorRegistry(), load=loader)
    try:
        yield made
    finally:
        loader.go.set()
        await made.close()
        assert all(engine.closed for engine in loader.engines)


async def until(pool: ModelPool, model: str, state: ModelState) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while pool.status(model).state is not state:
            await pool.wait_for_change(timeout_s=1)


async def test_a_model_is_loaded_on_first_use_and_once(loader: Loader) -> None:
    async with running(Shelf("a"), loader) as pool:
        assert pool.status("a").state is ModelState.INSTALLED
        loader.go.clear()
        waiting = [asyncio.create_task(pool.acquire("a")) for _ in range(5)]
        await loader.loading()
        assert pool.status("a").state is ModelState.LOADING
        loader.go.set()
        schedulers = await asyncio.gather(*waiting)
        assert len(set(schedulers)) == 1
        assert await pool.acquire("a") is schedulers[0]
        assert loader.loads == ["a"]
        status = pool.status("a")
        assert status.state is ModelState.READY
        assert (status.engine, status.device, status.compute_type) == (
            "reversing",
            "cpu",
            "float32",
        )
        assert status.max_input_tokens == 10_000
        asked = work(["works at once"])
        outcomes = await schedulers[0].submit(asked).wait()
        assert [outcome.generated.text for outcome in outcomes] == expected(asked)


async def test_loading_continues_when_the_first_caller_is_cancelled(loader: Loader) -> None:
    async with running(Shelf("a"), loader) as pool:
        loader.go.clear()
        first = asyncio.create_task(pool.acquire("a"))
        await loader.loading()
        second = asyncio.create_task(pool.acquire("a"))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        loader.go.set()
        assert (await second).engine is loader.engines[0]
        assert loader.loads == ["a"]


async def test_the_error_names_a_model_that_is_not_installed(loader: Loader) -> None:
    async with running(Shelf("a"), loader) as pool:
        with pytest.raises(ModelNotInstalledError, match="summsvc models pull b"):
            await pool.acquire("b")
        assert pool.status("b").state is ModelState.NOT_INSTALLED


async def test_a_failing_model_does_not_affect_other_models(loader: Loader) -> None:
    async with running(Shelf("a", "broken", "c"), loader) as pool:
        await pool.preload(["missing", "broken", "all"])
        assert pool.status("broken").state is ModelState.FAILED
        assert "the server's log says why" in pool.status("broken").error
        assert [pool.status(model).state for model in "ac"] == [ModelState.READY] * 2
        assert pool.can_serve(Task.TRANSLATION)


async def test_a_failed_model_is_not_loaded_again_for_every_request(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Shelf("broken")
    async with running(store, loader) as pool:
        for _ in range(3):
            with pytest.raises(ModelBrokenError, match="the server's log says why"):
                await pool.acquire("broken")
        assert loader.loads == ["broken"]
        # Installed again: the next call loads it.
        store.manifests["broken"] = store.manifest("broken", revision="2")
        store.refresh()
        with pytest.raises(ModelBrokenError):
            await pool.acquire("broken")
        assert loader.loads == ["broken"] * 2
        monkeypatch.setattr(slot_module, "RETRY_FAILED_S", 0.0)
        with pytest.raises(ModelBrokenError):
            await pool.acquire("broken")
        assert loader.loads == ["broken"] * 3


async def test_a_model_that_fails_its_warm_up_is_not_ready(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warm_up(_: ReversingEngine) -> None:
        raise RuntimeError("no answer")

    monkeypatch.setattr(ReversingEngine, "warm_up", warm_up)
    async with running(Shelf("a"), loader) as pool:
        with pytest.raises(ModelBrokenError, match="the server's log says why"):
            await pool.acquire("a")
        assert pool.status("a").state is ModelState.FAILED
        assert loader.engines[0].closed


async def test_no_model_is_ready_before_preloading_has_ended(loader: Loader) -> None:
    async with running(Shelf("a", "b"), loader) as pool:
        assert not pool.can_serve(Task.TRANSLATION)
        loader.go.clear()
        preloading = asyncio.create_task(pool.preload(["a", "b"]))
        await loader.loading()
        assert not pool.can_serve(Task.TRANSLATION)
        loader.go.set()
        await until(pool, "b", ModelState.READY)
        await preloading
        assert pool.can_serve(Task.TRANSLATION)


async def test_an_idle_model_is_unloaded_and_loaded_again(loader: Loader) -> None:
    async with running(Shelf("a"), loader, idle_unload_s=0.05) as pool:
        await pool.preload(["a"])
        await until(pool, "a", ModelState.INSTALLED)
        async with asyncio.timeout(PATIENCE_S):
            while not loader.engines[0].closed:
                await pool.wait_for_change(timeout_s=0.1)
        assert pool.can_serve(Task.TRANSLATION)
        asked = work(["back again"])
        outcomes = await (await pool.acquire("a")).submit(asked).wait()
        assert [outcome.generated.text for outcome in outcomes] == expected(asked)
        assert loader.loads == ["a", "a"]


async def test_a_model_with_a_running_batch_is_not_unloaded(loader: Loader) -> None:
    async with running(Shelf("a"), loader, idle_unload_s=0.05) as pool:
        await pool.preload(["a"])
        scheduler = await pool.acquire("a")
        loader.engines[0].hold()
        handle = scheduler.submit(work(["takes long"]))
        await asyncio.sleep(0.3)
        assert pool.status("a").state is ModelState.READY
        loader.engines[0].release()
        await handle.wait()


async def test_a_model_is_not_unloaded_before_the_task_of_a_request_ends(loader: Loader) -> None:
    async with running(Shelf("a"), loader, idle_unload_s=0.05) as pool:
        await pool.preload(["a"])
        asked, go = work(["comes late"]), asyncio.Event()

        async def request() -> list[str]:
            scheduler = await pool.acquire("a")
            scheduler.keep_for_task()
            scheduler.keep_for_task()
            await go.wait()
            return [outcome.generated.text for outcome in await scheduler.submit(asked).wait()]

        requesting = asyncio.create_task(request())
        await asyncio.sleep(0.3)
        assert pool.status("a").state is ModelState.READY
        go.set()
        assert await requesting == expected(asked)
        await until(pool, "a", ModelState.INSTALLED)


async def test_closing_waits_for_a_model_that_is_being_loaded(loader: Loader) -> None:
    async with running(Shelf("a"), loader) as pool:
        loader.go.clear()
        waiting = asyncio.create_task(pool.acquire("a"))
        await loader.loading()
        closing = asyncio.create_task(pool.close())
        await asyncio.sleep(0)
        with pytest.raises(DrainingError):
            await pool.acquire("a")
        loader.go.set()
        await closing
        assert loader.engines[0].closed
        with pytest.raises(DrainingError):
            (await waiting).submit(work(["too late"]))


@pytest.mark.parametrize(("workers", "threads"), [(0, 1), (0, 2), (64, 1), (1, 64), (2, 2)])
def test_workers_times_threads_never_exceed_the_cores(
    workers: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4)))
    placed = placement(Settings(workers=workers, threads=threads, device="cpu"))
    assert 1 <= placed.workers * placed.threads <= 4
    if workers == 0:
        assert placed.workers * placed.threads == 4


@pytest.mark.parametrize(("processes", "workers"), [(1, 4), (2, 2), (3, 2), (8, 1)])
def test_processes_share_the_cores(
    processes: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4)))
    assert placement(Settings(processes=processes, device="cpu")).workers == workers


def test_a_gpu_has_one_worker_by_default() -> None:
    assert placement(Settings(device="cuda")).workers == 1


def test_the_limit_on_sequences_depends_on_device_and_settings() -> None:
    assert max_sequences(Settings(), "cpu") == CPU_SEQUENCES
    assert max_sequences(Settings(batch_tokens=9_000), "cuda") == 9_000
    for device in ("cpu", "cuda"):
        assert max_sequences(Settings(batch_sequences=7), device) == 7


async def test_a_model_removed_while_it_is_loaded_is_no_failure(loader: Loader) -> None:
    """Put back with the same manifest, it is loaded at once."""
    shelf = Shelf("broken")
    async with running(shelf, loader) as pool:
        loader.go.clear()
        waiting = asyncio.create_task(pool.acquire("broken"))
        await loader.loading()
        kept = shelf.manifests
        shelf.manifests = {}
        loader.go.set()
        with pytest.raises(ModelNotInstalledError):
            await waiting
        shelf.manifests = kept
        shelf.refresh()
        assert pool.status("broken").state is ModelState.INSTALLED
        with pytest.raises(ModelBrokenError):
            await pool.acquire("broken")


class Leaving(Slot):
    """A slot whose model is unloaded as soon as its scheduler has been read once."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name == "scheduler":
            self.scheduler = None
        return value


async def test_the_status_may_be_read_while_the_model_is_unloaded(loader: Loader) -> None:
    """Threads read it, see ``ModelServicer.ListModels``."""
    async with running(Shelf("a"), loader) as pool:
        slot = Leaving(await pool.acquire("a"))
        assert slot.status().state is ModelState.READY
        assert slot.status().state is ModelState.INSTALLED
