"""The place of one model in memory: loaded, being loaded, or why it is not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from summsvc.errors import ModelBrokenError, SummsvcError
from summsvc.models.manifest import Manifest
from summsvc.scheduling.scheduler import Scheduler
from summsvc.scheduling.status import ModelState, ModelStatus

RETRY_FAILED_S = 60.0
"""Seconds before a model that failed to load is tried again."""


@dataclass(slots=True)
class Slot:
    """Where one model is or will be.

    scheduler: of the loaded model. loading: the task that loads it, which gives
    the error rather than raising it. error: why it could not be loaded last time.
    """

    scheduler: Scheduler | None = None
    loading: asyncio.Task[Scheduler | SummsvcError] | None = None
    error: SummsvcError | None = None
    _failed: tuple[Manifest, float] | None = None

    def fill(self, scheduler: Scheduler) -> None:
        """Hold a loaded model."""
        self.scheduler = scheduler
        self.error, self._failed = None, None

    def fail(self, manifest: Manifest, error: Exception) -> SummsvcError:
        """Remember that loading failed; gives the error as one of the tree."""
        self._failed = (manifest, time.monotonic())
        self.error = (
            error
            if isinstance(error, SummsvcError)
            else ModelBrokenError(
                f"model '{manifest.id}' could not be loaded: {error}",
                metadata={"model": manifest.id},
            )
        )
        return self.error

    def check(self, manifest: Manifest) -> None:
        """Raise the known error unless the model was installed anew, or it is time to try again."""
        if self.error is not None and self._failed is not None:
            failed, when = self._failed
            if failed == manifest and time.monotonic() - when < RETRY_FAILED_S:
                raise self.error

    def status(self) -> ModelStatus:
        """What an installed model is doing here; any thread may ask."""
        scheduler = self.scheduler
        if scheduler is not None:
            engine = scheduler.engine
            return ModelStatus(
                ModelState.READY,
                engine=engine.name,
                device=engine.device,
                compute_type=engine.compute_type,
                max_input_tokens=engine.max_input_tokens,
            )
        if self.loading is not None:
            return ModelStatus(ModelState.LOADING)
        if self.error is not None:
            return ModelStatus(ModelState.FAILED, error=self.error.message)
        return ModelStatus(ModelState.INSTALLED)
