"""The models in memory: loaded in the background or on first use, unloaded when idle."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

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

log = structlog.get_logger("summsvc.models")

Load = Callable[[ModelSpec, Placement, str], Seq2SeqEngine]


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
        self._loaders = ThreadPoolExecutor(thread_name_prefix="load")
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
            raise DrainingError("the server is shutting down; call again")
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
            loop = asyncio.get_running_loop()
            engine, probe_s = await loop.run_in_executor(
                self._loaders, self._load_and_warm_up, manifest.id
            )
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

    async def _unload(self, model: str, scheduler: Scheduler) -> None:
        try:
            await scheduler.close()
        except Exception:
            log.exception("model not unloaded cleanly", model=model)
        self._metrics.loaded.labels(model).set(0)
        log.info("model unloaded", model=model)

    @property
    def batches(self) -> int:
        """Batches in the models now."""
        schedulers = [slot.scheduler for slot in self._slots.values()]
        return sum(each.batches for each in schedulers if each is not None)

    async def close(self, timeout_s: float | None = None) -> bool:
        """Fail what still waits and free every model; waits for one that is being loaded.

        timeout_s: seconds after which it waits no longer; None: no limit. True when every
        model was freed.
        """
        self._closing = True
        closing = asyncio.ensure_future(self._close())
        await asyncio.wait([closing], timeout=timeout_s)
        if closing.done():
            closing.result()
        return closing.done()

    async def _close(self) -> None:
        if self._idle_task is not None:
            self._idle_task.cancel()
        slots = list(self._slots.items())
        await asyncio.gather(*(slot.loading for _, slot in slots if slot.loading is not None))
        loaded = [(model, slot.scheduler) for model, slot in slots if slot.scheduler is not None]
        for _, slot in slots:
            slot.scheduler = None
        await asyncio.gather(*(self._unload(*each) for each in loaded))
        self._loaders.shutdown(wait=False)
