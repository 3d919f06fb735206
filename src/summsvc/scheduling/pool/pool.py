"""The models in memory: loaded in the background or on first use, unloaded when idle."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine, Task
from summsvc.engines.load import load as load_engine
from summsvc.errors import (
    DrainingError,
    ModelNotInstalledError,
    SummsvcError,
)
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store
from summsvc.scheduling.pool.loading import Loading
from summsvc.scheduling.pool.placement import placement
from summsvc.scheduling.pool.queues import Queues, version
from summsvc.scheduling.pool.slot import Slot
from summsvc.scheduling.pool.status import ModelState, ModelStatus
from summsvc.scheduling.scheduler import Scheduler

log = structlog.get_logger("summsvc.models")

Load = Callable[[ModelSpec, Placement, str], Seq2SeqEngine]


ENDING = "the server is shutting down; call again"


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
        placed = placement(settings)
        self._queues = Queues(settings, placed, registry)
        self._metrics = self._queues.metrics
        self._loading = Loading(
            lambda model: load(store.spec(model), placed, settings.engine),
            patience_s=self._queues.patience.unmeasured_s,
            abandon=self._abandon,
        )
        self._slots: dict[str, Slot] = {}
        self._closing = False
        self.preloaded = False
        self._changed = asyncio.Condition()
        self._idle_task: asyncio.Task[None] | None = None

    async def acquire(self, model: str) -> Scheduler:
        """The scheduler of an installed model, loaded first when it is not in memory.

        Waits while the model is being loaded, once for all who ask; a caller
        that leaves does not end the loading. A model that failed is tried again
        after ``RETRY_FAILED_S`` or when it was installed anew; until then its
        error is raised at once. Raises ModelNotInstalledError, ModelBrokenError,
        EngineStalledError or EngineError, DrainingError.
        """
        if self._closing:
            raise DrainingError(ENDING)
        slot = self._slots.setdefault(model, Slot())
        scheduler = slot.usable
        if scheduler is None:
            if slot.loading is None:
                manifest = self._manifest(model)
                slot.check(manifest)
                slot.loading = asyncio.create_task(self._fill(manifest, slot))
            loaded = await asyncio.shield(slot.loading)
            if isinstance(loaded, SummsvcError):
                raise loaded
            return loaded
        scheduler.last_used = time.monotonic()
        return scheduler

    def _manifest(self, model: str) -> Manifest:
        manifest = self._store.snapshot.manifests.get(model)
        if manifest is None:
            raise ModelNotInstalledError(
                f"model '{model}' is not installed; install it with: summsvc models pull {model}",
                metadata={"model": model},
            )
        return manifest

    async def _fill(self, manifest: Manifest, slot: Slot) -> Scheduler | SummsvcError:
        """Load a model into its slot; returns what went wrong rather than raising it."""
        await self._notify()
        begun = time.perf_counter()
        try:
            engine, probe_s = await self._loading.engine(manifest.id)
        except asyncio.CancelledError:
            # The pool is being closed; who waits for the model is told so.
            return DrainingError(ENDING)
        except Exception as error:
            reason = str(error) or type(error).__name__
            log.warning("model failed", model=manifest.id, reason=reason)
            return self._failed(manifest, slot, error)
        else:
            if slot.scheduler is None:
                lost = partial(self._lost, manifest.id)
                slot.fill(self._queues.scheduler(engine, manifest, probe_s, lost))
            else:
                slot.scheduler.resume(engine, version(manifest))
                slot.refill()
                self._metrics.reloads.labels(manifest.id).inc()
            self._metrics.loaded.labels(manifest.id).set(1)
            seconds = round(time.perf_counter() - begun, 2)
            log.info("model ready", model=manifest.id, seconds=seconds)
            assert slot.scheduler is not None
            return slot.scheduler
        finally:
            slot.loading = None
            await self._notify()

    def _failed(self, manifest: Manifest, slot: Slot, error: Exception) -> SummsvcError:
        failure = slot.fail(manifest, error)
        if slot.scheduler is not None:
            slot.scheduler.suspend(failure)
        return failure

    def _lost(self, model: str, freed: Future[None]) -> None:
        """Load a model again whose engine was given up."""
        slot = self._slots[model]
        self._metrics.loaded.labels(model).set(0)
        self._abandon(model, freed)
        if slot.loading is None and not self._closing:
            slot.loading = asyncio.create_task(self._reload(model, slot))

    async def _reload(self, model: str, slot: Slot) -> Scheduler | SummsvcError:
        """As ``_fill``, unless that would not help or would take memory without end."""
        try:
            manifest = self._manifest(model)
        except ModelNotInstalledError as error:
            assert slot.scheduler is not None
            slot.scheduler.suspend(error)
            slot.loading = None
            return error
        refusal = slot.refusal(model)
        if refusal is None:
            return await self._fill(manifest, slot)
        log.error("model not loaded again", model=model, reason=refusal.message)
        slot.loading = None
        self._failed(manifest, slot, refusal)
        await self._notify()
        return refusal

    def _abandon(self, model: str, freed: Future[Any]) -> None:
        """Count an engine that was given up until its memory is free."""
        abandoned = self._metrics.abandoned_engines.labels(model)
        abandoned.inc()
        self._slots[model].abandon(freed)

        def told(freed: Future[Any]) -> None:
            abandoned.dec()
            error = freed.exception()
            log.info("engine freed", model=model, error=type(error).__name__ if error else None)

        freed.add_done_callback(told)

    async def preload(self, models: Iterable[str]) -> None:
        """Load these models one after the other; "all" stands for every installed one.

        A model that fails is reported by ``status`` and does not stop the rest.
        """
        wanted = list(models)
        if "all" in wanted:
            wanted = list(self._store.snapshot.manifests)
        for model in wanted:
            try:
                await self.acquire(model)
            except ModelNotInstalledError as error:
                log.warning("not preloaded", model=model, reason=error.message)
            except SummsvcError:
                continue
        self.preloaded = True
        if self._settings.idle_unload_s:
            self._idle_task = asyncio.create_task(self._unload_idle())
        await self._notify()

    def status(self, model: str) -> ModelStatus:
        """What a model is doing now; one that is gone is not served, though in memory.

        Any thread may ask.
        """
        seen = self._store.snapshot
        if model not in seen.ids:
            return ModelStatus(ModelState.NOT_INSTALLED)
        if model not in seen.manifests:
            error = f"its manifest cannot be read; `summsvc models verify {model}` says why"
            return ModelStatus(ModelState.FAILED, error=error)
        return self._slots.get(model, Slot()).status()

    def can(self, task: Task) -> bool:
        """Whether preloading has settled and a model for the task is ready or loads on demand."""
        usable = (ModelState.READY, ModelState.INSTALLED)
        return self.preloaded and any(
            manifest.task is task and self.status(manifest.id).state in usable
            for manifest in self._store.snapshot.manifests.values()
        )

    async def changed(self, timeout_s: float) -> bool:
        """Wait until some model's state has changed, at most for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                return await self._changed.wait()
        return False

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _unload_idle(self) -> None:
        limit = self._settings.idle_unload_s
        while True:
            await asyncio.sleep(min(limit, 5.0))
            for model, slot in list(self._slots.items()):
                scheduler = slot.scheduler
                if scheduler and scheduler.idle and time.monotonic() - scheduler.last_used > limit:
                    slot.scheduler = None
                    await self._unload(model, scheduler)
                    await self._notify()

    async def _unload(self, model: str, scheduler: Scheduler, timeout_s: float = math.inf) -> bool:
        clean = False
        try:
            clean = await scheduler.close(timeout_s)
        except Exception:
            log.exception("model not unloaded cleanly", model=model)
        self._metrics.loaded.labels(model).set(0)
        if clean:
            log.info("model unloaded", model=model)
        else:
            log.warning("model not unloaded", model=model, timeout_s=round(timeout_s, 2))
        return clean

    @property
    def batches(self) -> int:
        """Batches in the models now."""
        schedulers = [slot.scheduler for slot in self._slots.values()]
        return sum(each.batches for each in schedulers if each is not None)

    async def close(self, timeout_s: float = math.inf) -> bool:
        """Fail what still waits and free every model, in at most so many seconds.

        False when a batch was still in an engine by then, a model was still being loaded, or
        one could not be freed.
        """
        self._closing = True
        until = time.monotonic() + timeout_s
        if self._idle_task is not None:
            self._idle_task.cancel()
        slots = list(self._slots.items())
        # What waits is told now, not when the last model has been loaded.
        for _, slot in slots:
            if slot.scheduler is not None:
                slot.scheduler.suspend(DrainingError(ENDING))
        still = await _pending([slot.loading for _, slot in slots if slot.loading], timeout_s)
        for task in still:
            task.cancel()
        await asyncio.gather(*still, return_exceptions=True)
        loaded = [(model, slot.scheduler) for model, slot in slots if slot.scheduler is not None]
        for _, slot in slots:
            slot.scheduler = None
        left_s = max(0.0, until - time.monotonic())
        unloaded = await asyncio.gather(*(self._unload(*each, left_s) for each in loaded))
        self._loading.end()
        return all(unloaded) and not still and not any(slot.abandoned for _, slot in slots)


async def _pending(tasks: Iterable[asyncio.Task[Any]], timeout_s: float) -> set[asyncio.Task[Any]]:
    """Those of the tasks that have not ended after so many seconds."""
    waiting = set(tasks)
    if not waiting:
        return waiting
    _, pending = await asyncio.wait(waiting, timeout=timeout_s)
    return pending
