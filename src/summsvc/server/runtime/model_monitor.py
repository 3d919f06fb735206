"""Background task that preloads models, refreshes the store and updates the health service."""

from __future__ import annotations

import asyncio

from summsvc.config import Settings
from summsvc.engines.base import Task
from summsvc.models.store.store import Store
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.server.runtime.gc_policy import GcPolicy
from summsvc.server.services.health import ServiceHealth

STORE_REFRESH_S = 1.0
"""Store refresh interval in seconds: how long a removed model may still be reported."""


class ModelMonitor:
    """Keeps the health of the services up to date with the models in the store and the pool."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        pool: ModelPool,
        health: ServiceHealth,
        gc_policy: GcPolicy,
    ) -> None:
        self._settings = settings
        self._store = store
        self._pool = pool
        self._health = health
        self._gc_policy = gc_policy

    async def start(self) -> None:
        """Read the store, and set the health that holds before any model is loaded."""
        await asyncio.to_thread(self._store.refresh)
        await self._health.start(summarization=self._can_summarize())

    async def preload(self) -> None:
        """Load the models of the setting ``preload``."""
        await self._pool.preload(self._settings.preload)

    async def watch(self) -> None:
        """Follow changes of the models until cancelled."""
        while True:
            await self._health.set_translation(self._pool.can_serve(Task.TRANSLATION))
            await self._health.set_summarization(self._can_summarize())
            if await self._pool.wait_for_change(timeout_s=STORE_REFRESH_S):
                self._gc_policy.freeze()
            # In a thread: a slow disk must not block the event loop.
            await asyncio.to_thread(self._store.refresh)

    def _can_summarize(self) -> bool:
        """Whether a request that does not set the method can be answered now."""
        match self._settings.summary_method:
            case "abstractive":
                return self._pool.can_serve(Task.SUMMARIZATION)
            case "auto":
                return self._pool.preloaded
            case _:
                return True
