"""Model loader: loads models on demand, and reloads a model whose engine hung."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine
from summsvc.errors import (
    DrainingError,
    ModelNotInstalledError,
    SummsvcError,
)
from summsvc.models.store.manifest import Manifest
from summsvc.models.store.store import Store
from summsvc.scheduling.pool.engine_loader import EngineFreed, EngineLoader
from summsvc.scheduling.pool.scheduler_factory import SchedulerFactory, placement, version
from summsvc.scheduling.pool.slot import Slot
from summsvc.scheduling.scheduler import Scheduler

log = structlog.get_logger("summsvc.models")

DRAINING_MESSAGE = "the server is shutting down; call again"


class LoadEngine(Protocol):
    """Creates the engine of a model; blocking, called in a thread."""

    def __call__(self, spec: ModelSpec, placement: Placement, engine: str, /) -> Seq2SeqEngine:
        """engine: name of the engine, or "auto"."""


class ModelLoader:
    """Loads models into the slots of a pool.

    slots: the slot of each model; shared with the pool. notify: called after a model's state
    has changed. closing: set to load no model again after its engine was given up.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        registry: CollectorRegistry,
        load: LoadEngine,
        slots: dict[str, Slot],
        notify: Callable[[], Awaitable[None]],
    ) -> None:
        placed = placement(settings)
        self._store = store
        self._slots = slots
        self._notify = notify
        self._factory = SchedulerFactory(settings, placed, registry)
        self.metrics = self._factory.metrics

        def load_engine(model: str) -> Seq2SeqEngine:
            try:
                return load(store.spec(model), placed, settings.engine)
            except Exception:
                store.raise_if_removed(model)
                raise

        self._engines = EngineLoader(
            load_engine,
            time_limit_s=self._factory.hang_threshold.unmeasured_s,
            on_abandoned=self._count_abandoned,
        )
        self.closing = False

    def start(self, model: str, slot: Slot) -> asyncio.Task[Scheduler | SummsvcError]:
        """Start to load a model into its slot. Raises ModelNotInstalledError or a known failure.

        The task returns an error instead of raising it.
        """
        manifest = self._manifest(model)
        slot.raise_if_failed(manifest)
        slot.loading = asyncio.create_task(self._load(manifest, slot))
        return slot.loading

    def shutdown(self) -> None:
        """Load no more models; does not wait."""
        self._engines.shutdown()

    def _manifest(self, model: str) -> Manifest:
        manifest = self._store.snapshot.manifests.get(model)
        if manifest is None:
            raise ModelNotInstalledError(
                f"model '{model}' is not installed; install it with: summsvc models pull {model}",
                metadata={"model": model},
            )
        return manifest

    async def _load(self, manifest: Manifest, slot: Slot) -> Scheduler | SummsvcError:
        """Load a model into its slot. Returns an error instead of raising it."""
        await self._notify()
        started_at = time.perf_counter()
        failures = self.metrics.load_failures.labels(manifest.id)
        try:
            engine, probe_s = await self._engines.load(manifest.id)
        except asyncio.CancelledError:
            # The pool is being closed; this is the answer to those that wait for the model.
            return DrainingError(DRAINING_MESSAGE)
        except ModelNotInstalledError as error:
            # It was removed meanwhile. That is no failure: put back, it can be loaded at once.
            log.info("model removed", model=manifest.id)
            if slot.scheduler is not None:
                slot.scheduler.suspend(error)
            return error
        except Exception as error:
            reason = str(error) or type(error).__name__
            log.warning("model failed", model=manifest.id, reason=reason)
            failures.inc()
            return self._fail(manifest, slot, error)
        else:
            scheduler = slot.scheduler
            if scheduler is None:
                on_lost = partial(self._reload_after_hang, manifest.id)
                scheduler = self._factory.create(engine, manifest, probe_s, on_lost)
                slot.set_loaded(scheduler)
            else:
                scheduler.resume(engine, version(manifest))
                slot.set_reloaded()
                self.metrics.reloads.labels(manifest.id).inc()
            self.metrics.loaded.labels(manifest.id).set(1)
            seconds = time.perf_counter() - started_at
            self.metrics.load_seconds.labels(manifest.id).observe(seconds)
            log.info("model ready", model=manifest.id, seconds=round(seconds, 2))
            return scheduler
        finally:
            slot.loading = None
            await self._notify()

    def _fail(self, manifest: Manifest, slot: Slot, error: Exception) -> SummsvcError:
        failure = slot.set_failed(manifest, error)
        if slot.scheduler is not None:
            slot.scheduler.suspend(failure)
        return failure

    def _reload_after_hang(self, model: str, freed: Future[None]) -> None:
        """Load a model again whose engine was given up."""
        slot = self._slots[model]
        self.metrics.loaded.labels(model).set(0)
        self._count_abandoned(model, freed)
        if slot.loading is None and not self.closing:
            slot.loading = asyncio.create_task(self._reload(model, slot))

    async def _reload(self, model: str, slot: Slot) -> Scheduler | SummsvcError:
        """Load a model as ``_load`` does, unless ``Slot.reload_error`` forbids it."""
        try:
            manifest = self._manifest(model)
        except ModelNotInstalledError as error:
            assert slot.scheduler is not None
            slot.scheduler.suspend(error)
            slot.loading = None
            return error
        reload_error = slot.reload_error(model)
        if reload_error is None:
            return await self._load(manifest, slot)
        log.error("model not loaded again", model=model, reason=reload_error.message)
        slot.loading = None
        self._fail(manifest, slot, reload_error)
        await self._notify()
        return reload_error

    def _count_abandoned(self, model: str, freed: EngineFreed) -> None:
        """Count an engine that was given up until its memory is free."""
        gauge = self.metrics.abandoned_engines.labels(model)
        gauge.inc()
        self._slots[model].add_abandoned(freed)

        def on_freed(freed: EngineFreed) -> None:
            gauge.dec()
            error = freed.exception()
            log.info("engine freed", model=model, error=type(error).__name__ if error else None)

        freed.add_done_callback(on_freed)
