"""A queue for an engine, by the settings."""

from __future__ import annotations

import hashlib

from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.engines.base import Placement, Seq2SeqEngine
from summsvc.models.store.manifest import Manifest
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.execution.batch_runner import Lost
from summsvc.scheduling.execution.batch_size import BatchSizer, Budget
from summsvc.scheduling.execution.watchdog import Patience
from summsvc.scheduling.metrics import QueueMetrics
from summsvc.scheduling.pool.placement import sequences
from summsvc.scheduling.scheduler import Scheduler


class Queues:
    """Makes the schedulers of a process. registry: where their metrics go."""

    def __init__(
        self, settings: Settings, placement: Placement, registry: CollectorRegistry
    ) -> None:
        self.metrics = QueueMetrics(registry)
        self.patience = Patience(settings.hung_batch_factor, settings.hung_batch_s)
        self._settings = settings
        self._placement = placement
        self._cache = OutputCache(settings.cache_bytes)

    def scheduler(
        self, engine: Seq2SeqEngine, manifest: Manifest, probe_s: float, lost: Lost
    ) -> Scheduler:
        """One for an engine just loaded; probe_s, lost: see ``Scheduler``."""
        settings = self._settings
        return Scheduler(
            engine,
            workers=self._placement.workers if engine.device == "cpu" else settings.workers or 1,
            limits=QueueLimits(
                settings.max_queued_requests, settings.max_queued_tokens, settings.max_wait_s
            ),
            batch_sizer=BatchSizer(
                most=Budget(settings.batch_tokens, sequences(settings, engine.device)),
                target_s=settings.batch_target_ms / 1000,
            ),
            batch_wait_s=settings.batch_wait_ms / 1000,
            cache=self._cache,
            metrics=self.metrics,
            probe_s=probe_s,
            version=version(manifest),
            patience=self.patience,
            lost=lost,
        )


def version(manifest: Manifest) -> str:
    """What a model's outputs depend on beside its id."""
    return hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()
