"""The pool of loaded models: one scheduler per model, loaded on demand and unloaded when idle."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable
from contextlib import suppress

import structlog
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.engines.load import load as load_engine
from summsvc.errors import DrainingError, ModelNotInstalledError, SummsvcError
from summsvc.models.store.store import Store
from summsvc.scheduling.pool.model_loader import DRAINING_MESSAGE, LoadEngine, ModelLoader
from summsvc.scheduling.pool.slot import ModelState, ModelStatus, Slot
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tracing import current

log = structlog.get_logger("summsvc.models")

IDLE_POLL_S = 5.0
"""Longest interval in seconds between two searches for idle models."""


class ModelPool:
    """Keeps one scheduler for each loaded model.

    registry: where the metrics of the queues are registered. load: creates an engine.
    preloaded: True when ``preload`` has ended.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        registry: CollectorRegistry,
        load: LoadEngine = load_engine,
    ) -> None:
        self._store = store
        self._settings = settings
        self._slots: dict[str, Slot] = {}
        self._loader = ModelLoader(
            store,
            settings,
            registry=registry,
            load=load,
            slots=self._slots,
            notify=self._notify,
        )
        self.preloaded = False
        self._state_changed = asyncio.Condition()
        self._idle_task: asyncio.Task[None] | None = None

    async def acquire(self, model: str) -> Scheduler:
        """Return the scheduler of an installed model, which is loaded first if necessary.

        All callers wait for the same loading task; a caller that is cancelled does not end it.
        A model that failed is loaded again after ``RETRY_FAILED_S``, or when it was installed
        again; until then its error is raised at once. Raises ModelNotInstalledError,
        ModelBrokenError, EngineStalledError, EngineError or DrainingError.
        """
        if self._loader.closing:
            raise DrainingError(DRAINING_MESSAGE)
        slot = self._slots.setdefault(model, Slot())
        scheduler = slot.usable
        if scheduler is None:
            loading = slot.loading or self._loader.start(model, slot)
            with current().child("load", model=model):
                loaded = await asyncio.shield(loading)
                if isinstance(loaded, SummsvcError):
                    raise loaded
            return loaded
        scheduler.last_used = time.monotonic()
        return scheduler

    async def preload(self, models: Iterable[str]) -> None:
        """Load models one after the other. "all" stands for every installed model.

        A model that fails is reported by ``status``; the others are loaded.
        """
        wanted = list(models)
        if "all" in wanted:
            wanted = list(self._store.snapshot.manifests)
        for model in wanted:
            try:
                await self.acquire(model)
            except ModelNotInstalledError as error:
                log.warning("model not preloaded", model=model, reason=error.message)
            except SummsvcError:
                continue
        self.preloaded = True
        if self._settings.idle_unload_s:
            self._idle_task = asyncio.create_task(self._unload_idle())
        await self._notify()

    def status(self, model: str) -> ModelStatus:
        """Return the status of a model. Thread-safe.

        A model that was removed from the store is not served, even while it is in memory.
        """
        seen = self._store.snapshot
        if model not in seen.ids:
            return ModelStatus(ModelState.NOT_INSTALLED)
        if model not in seen.manifests:
            error = f"its manifest cannot be read; `summsvc models verify {model}` says why"
            return ModelStatus(ModelState.FAILED, error=error)
        return self._slots.get(model, Slot()).status()

    def can_serve(self, task: Task) -> bool:
        """Whether preloading has ended and a model for the task is ready or loads on demand."""
        usable = (ModelState.READY, ModelState.INSTALLED)
        return self.preloaded and any(
            manifest.task is task and self.status(manifest.id).state in usable
            for manifest in self._store.snapshot.manifests.values()
        )

    async def wait_for_change(self, timeout_s: float) -> bool:
        """Wait until the state of a model changes. Returns False after ``timeout_s`` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._state_changed:
                return await self._state_changed.wait()
        return False

    async def _notify(self) -> None:
        async with self._state_changed:
            self._state_changed.notify_all()

    async def _unload_idle(self) -> None:
        limit_s = self._settings.idle_unload_s
        while True:
            await asyncio.sleep(min(limit_s, IDLE_POLL_S))
            for model, slot in list(self._slots.items()):
                scheduler = slot.scheduler
                if (
                    scheduler
                    and scheduler.idle
                    and time.monotonic() - scheduler.last_used > limit_s
                ):
                    slot.scheduler = None
                    await self._unload(model, scheduler)
                    await self._notify()

    async def _unload(self, model: str, scheduler: Scheduler, timeout_s: float = math.inf) -> bool:
        # Before the wait: the model may be loaded again meanwhile.
        self._loader.metrics.loaded.labels(model).set(0)
        clean = False
        try:
            clean = await scheduler.close(timeout_s)
        except Exception:
            log.exception("model not unloaded cleanly", model=model)
        if clean:
            log.info("model unloaded", model=model)
        else:
            log.warning("model not unloaded", model=model, timeout_s=round(timeout_s, 2))
        return clean

    @property
    def batches(self) -> int:
        """Batches that are being computed, of all models."""
        schedulers = [slot.scheduler for slot in self._slots.values()]
        return sum(scheduler.batches for scheduler in schedulers if scheduler is not None)

    @property
    def abandoned_engines(self) -> int:
        """Engines that were given up because a batch hung in them, and are still in memory."""
        return sum(slot.abandoned for slot in self._slots.values())

    async def close(self, timeout_s: float = math.inf) -> bool:
        """End all jobs and free all models, within ``timeout_s`` seconds.

        Returns False when a batch was still in an engine after that time, when a model was
        still being loaded, or when a model could not be freed.
        """
        self._loader.closing = True
        until = time.monotonic() + timeout_s
        if self._idle_task is not None:
            self._idle_task.cancel()
        slots = list(self._slots.items())
        # Waiting jobs end now, not after the last model has been loaded.
        for _, slot in slots:
            if slot.scheduler is not None:
                slot.scheduler.suspend(DrainingError(DRAINING_MESSAGE))
        unfinished = await _cancel_after(
            [slot.loading for _, slot in slots if slot.loading], timeout_s
        )
        loaded = [(model, slot.scheduler) for model, slot in slots if slot.scheduler is not None]
        for _, slot in slots:
            slot.scheduler = None
        left_s = max(0.0, until - time.monotonic())
        unloaded = await asyncio.gather(
            *(self._unload(model, scheduler, left_s) for model, scheduler in loaded)
        )
        self._loader.shutdown()
        return all(unloaded) and not unfinished and not any(slot.abandoned for _, slot in slots)


async def _cancel_after(
    tasks: list[asyncio.Task[Scheduler | SummsvcError]], timeout_s: float
) -> int:
    """Wait for tasks, and cancel those that have not ended after the time. Returns their number."""
    if not tasks:
        return 0
    _, pending = await asyncio.wait(tasks, timeout=timeout_s)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return len(pending)
