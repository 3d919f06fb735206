"""The models in memory: loaded in the background or on first use, unloaded when idle."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import ModelSpec, Placement, Seq2SeqEngine, Task
from summsvc.engines.load import load as load_engine
from summsvc.errors import DrainingError, ModelNotInstalledError, SummsvcError
from summsvc.models.manifest import Manifest
from summsvc.models.store import Store
from summsvc.scheduling.admission import QueueLimits
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.metrics import QueueMetrics
from summsvc.scheduling.pace import Budget, Pace
from summsvc.scheduling.placement import placement, sequences
from summsvc.scheduling.scheduler import Scheduler
from summsvc.scheduling.slot import Slot
from summsvc.scheduling.status import ModelState, ModelStatus
from summsvc.scheduling.threads import Threads, returned

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
        self._load = load
        self._placement = placement(settings)
        self._metrics = QueueMetrics(registry)
        self._cache = OutputCache(settings.cache_bytes)
        # Threads of its own: looks at the store do not wait for models that load.
        self._loaders = Threads("load")
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
        error is raised at once. Raises ModelNotInstalledError, ModelBrokenError
        or EngineError, DrainingError.
        """
        if self._closing:
            raise DrainingError(ENDING)
        slot = self._slots.setdefault(model, Slot())
        if slot.scheduler is None:
            if slot.loading is None:
                manifest = self._store.seen.manifests.get(model)
                if manifest is None:
                    raise ModelNotInstalledError(
                        f"model '{model}' is not installed; "
                        f"install it with: summsvc models pull {model}",
                        metadata={"model": model},
                    )
                slot.check(manifest)
                slot.loading = asyncio.create_task(self._fill(manifest, slot))
            loaded = await asyncio.shield(slot.loading)
            if isinstance(loaded, SummsvcError):
                raise loaded
            return loaded
        slot.scheduler.last_used = time.monotonic()
        return slot.scheduler

    async def _fill(self, manifest: Manifest, slot: Slot) -> Scheduler | SummsvcError:
        """Load a model into its slot; returns what went wrong rather than raising it."""
        await self._notify()
        begun = time.perf_counter()
        try:
            engine, probe_s = await self._loaded(manifest.id)
        except asyncio.CancelledError:
            # The pool is being closed; who waits for the model is told so.
            return DrainingError(ENDING)
        except Exception as error:
            failure = slot.fail(manifest, error)
            log.warning("model failed", model=manifest.id, reason=failure.message)
            return failure
        else:
            scheduler = self._scheduler(engine, manifest, probe_s)
            slot.fill(scheduler)
            self._metrics.loaded.labels(manifest.id).set(1)
            seconds = round(time.perf_counter() - begun, 2)
            log.info("model ready", model=manifest.id, seconds=seconds)
            return scheduler
        finally:
            slot.loading = None
            await self._notify()

    def _scheduler(self, engine: Seq2SeqEngine, manifest: Manifest, probe_s: float) -> Scheduler:
        settings = self._settings
        return Scheduler(
            engine,
            workers=self._placement.workers if engine.device == "cpu" else settings.workers or 1,
            limits=QueueLimits(
                settings.max_queued_requests, settings.max_queued_tokens, settings.max_wait_s
            ),
            pace=Pace(
                most=Budget(settings.batch_tokens, sequences(settings, engine.device)),
                target_s=settings.batch_target_ms / 1000,
            ),
            batch_wait_s=settings.batch_wait_ms / 1000,
            cache=self._cache,
            metrics=self._metrics,
            probe_s=probe_s,
            version=hashlib.sha256(manifest.model_dump_json().encode()).hexdigest(),
        )

    async def _loaded(self, model: str) -> tuple[Seq2SeqEngine, float]:
        """See ``_load_and_warm_up``; an engine that nobody waits for any more is freed."""
        loading = self._loaders.run(lambda: self._load_and_warm_up(model))
        try:
            await returned(loading)
        except asyncio.CancelledError:
            loading.add_done_callback(_free)
            raise
        return loading.result()

    def _load_and_warm_up(self, model: str) -> tuple[Seq2SeqEngine, float]:
        """The engine, and how many seconds one segment takes it."""
        engine = self._load(self._store.spec(model), self._placement, self._settings.engine)
        try:
            # The first run also reads the weights into memory.
            engine.warm_up()
            begun = time.perf_counter()
            engine.warm_up()
            return engine, time.perf_counter() - begun
        except Exception:
            engine.close()
            raise

    async def preload(self, models: Iterable[str]) -> None:
        """Load these models one after the other; "all" stands for every installed one.

        A model that fails is reported by ``status`` and does not stop the rest.
        """
        wanted = list(models)
        if "all" in wanted:
            wanted = list(self._store.seen.manifests)
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
        seen = self._store.seen
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
            for manifest in self._store.seen.manifests.values()
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
        # What still waits is told now, not when the last model has been loaded.
        loaded = [(model, slot.scheduler) for model, slot in slots if slot.scheduler is not None]
        unloads = [asyncio.create_task(self._unload(*each, timeout_s)) for each in loaded]
        loading = [(slot, slot.loading) for _, slot in slots if slot.loading is not None]
        still = await _pending((task for _, task in loading), timeout_s)
        for task in still:
            task.cancel()
        await asyncio.gather(*still, return_exceptions=True)
        for model, slot in slots:
            if slot.scheduler is not None and (model, slot.scheduler) not in loaded:
                left_s = until - time.monotonic()
                unloads.append(asyncio.create_task(self._unload(model, slot.scheduler, left_s)))
            slot.scheduler = None
        self._loaders.end()
        return all(await asyncio.gather(*unloads)) and not still


async def _pending(tasks: Iterable[asyncio.Task[Any]], timeout_s: float) -> set[asyncio.Task[Any]]:
    """Those of the tasks that have not ended after so many seconds."""
    waiting = set(tasks)
    if not waiting:
        return waiting
    _, pending = await asyncio.wait(waiting, timeout=timeout_s)
    return pending


def _free(loading: Future[tuple[Seq2SeqEngine, float]]) -> None:
    if loading.exception() is None:
        engine, _ = loading.result()
        engine.close()
