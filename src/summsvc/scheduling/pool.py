"""The models in memory: loaded in the background or on first use, unloaded when idle."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

import structlog
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine, Task
from summsvc.engines.load import load as load_engine
from summsvc.errors import DrainingError, ModelBrokenError, ModelNotInstalledError, SummsvcError
from summsvc.models.store import Store
from summsvc.scheduling.admission import QueueLimits
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.metrics import QueueMetrics
from summsvc.scheduling.scheduler import Scheduler

log = structlog.get_logger("summsvc.models")

Load = Callable[[ModelSpec, Placement, str], Seq2SeqEngine]


class ModelState(Enum):
    """What a model of the store is doing; names are those of the proto enum."""

    NOT_INSTALLED = 1
    INSTALLED = 2
    LOADING = 3
    READY = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model's state, and what is known of it once loaded. error: why it failed."""

    state: ModelState
    error: str = ""
    engine: str = ""
    device: str = ""
    compute_type: str = ""
    max_input_tokens: int = 0


@dataclass(slots=True)
class _Slot:
    """Where one model is or will be."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    scheduler: Scheduler | None = None
    loading: bool = False
    error: SummsvcError | None = None


class ModelPool:
    """Loads models and keeps one scheduler for each.

    load: how an engine is made; blocking, called in a thread. registry: where
    the queues' metrics go.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        registry: CollectorRegistry,
        load: Load = load_engine,
    ) -> None:
        self._store = store
        self._settings = settings
        self._load = load
        self._placement = placement(settings)
        self._metrics = QueueMetrics(registry)
        self._cache = OutputCache(settings.cache_bytes)
        self._slots: dict[str, _Slot] = {}
        self._closing = False
        self._preloaded = False
        self._changed = asyncio.Condition()
        self._idle_task: asyncio.Task[None] | None = None

    async def acquire(self, model: str) -> Scheduler:
        """The scheduler of an installed model, loaded first when it is not in memory.

        Raises ModelNotInstalledError, ModelBrokenError, DrainingError.
        """
        if self._closing:
            raise DrainingError("the server is shutting down; call again")
        if self._store.get(model) is None:
            raise ModelNotInstalledError(
                f"model '{model}' is not installed; install it with: summsvc models pull {model}",
                metadata={"model": model},
            )
        slot = self._slots.setdefault(model, _Slot())
        if slot.scheduler is None:
            async with slot.lock:
                if slot.scheduler is None:
                    await self._fill(model, slot)
        assert slot.scheduler is not None
        slot.scheduler.last_used = time.monotonic()
        return slot.scheduler

    async def _fill(self, model: str, slot: _Slot) -> None:
        slot.loading, slot.error = True, None
        await self._notify()
        begun = time.perf_counter()
        try:
            engine = await asyncio.to_thread(self._load_and_warm_up, model)
        except Exception as error:
            slot.error = (
                error
                if isinstance(error, SummsvcError)
                else ModelBrokenError(f"model '{model}' could not be loaded: {error}")
            )
            log.error("model failed", model=model, reason=slot.error.message)  # noqa: TRY400
            raise slot.error from error
        else:
            slot.scheduler = Scheduler(
                engine,
                workers=self._placement.workers,
                limits=QueueLimits(
                    self._settings.max_queued_requests, self._settings.max_queued_tokens
                ),
                batch_tokens=self._settings.batch_tokens,
                batch_wait_s=self._settings.batch_wait_ms / 1000,
                cache=self._cache,
                metrics=self._metrics,
            )
            self._metrics.loaded.labels(model).set(1)
            log.info("model ready", model=model, seconds=round(time.perf_counter() - begun, 2))
        finally:
            slot.loading = False
            await self._notify()

    def _load_and_warm_up(self, model: str) -> Seq2SeqEngine:
        engine = self._load(self._store.spec(model), self._placement, self._settings.engine)
        engine.warm_up()
        return engine

    async def preload(self, models: Iterable[str]) -> None:
        """Load these models one after the other; "all" stands for every installed one.

        A model that fails is reported by ``status`` and does not stop the rest.
        """
        wanted = list(models)
        if "all" in wanted:
            wanted = [manifest.id for manifest in self._store.installed()]
        for model in wanted:
            try:
                await self.acquire(model)
            except ModelNotInstalledError as error:
                log.warning("not preloaded", model=model, reason=error.message)
            except SummsvcError:
                continue
        self._preloaded = True
        if self._settings.idle_unload_s:
            self._idle_task = asyncio.create_task(self._unload_idle())
        await self._notify()

    def status(self, model: str) -> ModelStatus:
        """What a model is doing now."""
        slot = self._slots.get(model)
        if self._store.get(model) is None:
            return ModelStatus(ModelState.NOT_INSTALLED)
        if slot is None:
            return ModelStatus(ModelState.INSTALLED)
        if slot.scheduler is not None:
            engine = slot.scheduler.engine
            return ModelStatus(
                ModelState.READY,
                engine=engine.name,
                device=engine.device,
                compute_type=engine.compute_type,
                max_input_tokens=engine.max_input_tokens,
            )
        if slot.loading:
            return ModelStatus(ModelState.LOADING)
        if slot.error is not None:
            return ModelStatus(ModelState.FAILED, error=slot.error.message)
        return ModelStatus(ModelState.INSTALLED)

    def can_translate(self) -> bool:
        """Whether preloading has settled and a translation model is ready or loads on demand."""
        usable = (ModelState.READY, ModelState.INSTALLED)
        return self._preloaded and any(
            manifest.task is Task.TRANSLATION and self.status(manifest.id).state in usable
            for manifest in self._store.installed()
        )

    async def changed(self, timeout_s: float) -> None:
        """Wait until some model's state has changed, at most for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _unload_idle(self) -> None:
        limit = self._settings.idle_unload_s
        while True:
            await asyncio.sleep(min(limit, 5.0))
            for model, slot in self._slots.items():
                scheduler = slot.scheduler
                if scheduler and scheduler.idle and time.monotonic() - scheduler.last_used > limit:
                    slot.scheduler = None
                    await scheduler.close()
                    self._metrics.loaded.labels(model).set(0)
                    log.info("model unloaded", model=model, idle_s=limit)
                    await self._notify()

    async def close(self) -> None:
        """Fail what still waits and free every model."""
        self._closing = True
        if self._idle_task is not None:
            self._idle_task.cancel()
        for slot in self._slots.values():
            if slot.scheduler is not None:
                await slot.scheduler.close()


def placement(settings: Settings) -> Placement:
    """Where models run by these settings: workers x threads never exceed the cores."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    threads = min(settings.threads, cores)
    workers = min(settings.workers or cores, max(1, cores // threads))
    return Placement(settings.device, settings.compute_type, workers, threads)
