"""Scheduler factory: placement on the machine, limits and batch sizes from the settings."""

from __future__ import annotations

import hashlib

from prometheus_client import CollectorRegistry

from summsvc.config import CPU_SEQUENCES, Settings
from summsvc.config.cores import cores, share
from summsvc.engines.base import Placement, Seq2SeqEngine
from summsvc.models.store.manifest import Manifest
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.batch_size import BatchSizer, Budget
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.execution.batch_runner import OnEngineLost
from summsvc.scheduling.execution.watchdog import HangThreshold
from summsvc.scheduling.metrics import QueueMetrics
from summsvc.scheduling.scheduler import Scheduler


class SchedulerFactory:
    """Creates the schedulers of a process. registry: where their metrics are registered."""

    def __init__(
        self, settings: Settings, placement: Placement, registry: CollectorRegistry
    ) -> None:
        self.metrics = QueueMetrics(registry)
        self.hang_threshold = HangThreshold(settings.hung_batch_factor, settings.hung_batch_s)
        self._settings = settings
        self._placement = placement
        self._cache = OutputCache(settings.cache_bytes)

    def create(
        self,
        engine: Seq2SeqEngine,
        manifest: Manifest,
        probe_s: float,
        on_engine_lost: OnEngineLost,
    ) -> Scheduler:
        """Create the scheduler of a loaded engine. probe_s, on_engine_lost: see ``Scheduler``."""
        settings = self._settings
        return Scheduler(
            engine,
            workers=self._placement.workers if engine.device == "cpu" else settings.workers or 1,
            limits=QueueLimits(
                settings.max_queued_requests, settings.max_queued_tokens, settings.max_wait_s
            ),
            batch_sizer=BatchSizer(
                limit=Budget(settings.batch_tokens, max_sequences(settings, engine.device)),
                target_s=settings.batch_target_ms / 1000,
            ),
            batch_wait_s=settings.batch_wait_ms / 1000,
            cache=self._cache,
            metrics=self.metrics,
            probe_s=probe_s,
            version=version(manifest),
            hang_threshold=self.hang_threshold,
            on_engine_lost=on_engine_lost,
        )


def version(manifest: Manifest) -> str:
    """Return a digest of what a model's outputs depend on in addition to its id."""
    return hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()


def placement(settings: Settings) -> Placement:
    """Return the placement of models by the settings: workers x threads never exceed the cores.

    The cores are those of one process, when several share the machine (``processes``). A GPU has
    one worker by default, because it computes batches one after the other anyway.
    """
    available = share(cores(), settings.processes or 1)
    threads = min(settings.threads, available)
    default = 1 if settings.device == "cuda" else available
    workers = min(settings.workers or default, max(1, available // threads))
    return Placement(settings.device, settings.compute_type, workers, threads, settings.shortlist)


def max_sequences(settings: Settings, device: str) -> int:
    """Return the most segments x beams of one batch; on a GPU only ``batch_tokens`` limits it."""
    default = CPU_SEQUENCES if device == "cpu" else settings.batch_tokens
    return settings.batch_sequences or default
