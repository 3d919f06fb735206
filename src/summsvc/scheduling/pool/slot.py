"""The place of one model in memory: loaded, being loaded, or why it is not."""

from __future__ import annotations

import asyncio
import math
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from summsvc.errors import EngineStalledError, ModelBrokenError, SummsvcError
from summsvc.models.store.manifest import Manifest
from summsvc.scheduling.pool.status import ModelState, ModelStatus
from summsvc.scheduling.scheduler import Scheduler

RETRY_FAILED_S = 60.0
"""Seconds before a model that failed to load is tried again; and for which one that was loaded
again because its engine hung has to work, or it counts as failed."""

MOST_ABANDONED = 1
"""Engines of a model that may be left in memory with a thread that does not come out of them.
With more than that the model is not loaded again: it would take memory without end."""


@dataclass(slots=True)
class Slot:
    """Where one model is or will be.

    scheduler: of the loaded model; without an engine while that is loaded again. loading: the
    task that loads it, which gives the error rather than raising it. error: why it could not be
    loaded last time.
    """

    scheduler: Scheduler | None = None
    loading: asyncio.Task[Scheduler | SummsvcError] | None = None
    error: SummsvcError | None = None
    _failed: tuple[Manifest, float] | None = None
    _reloaded: float = -math.inf
    _abandoned: list[Future[Any]] = field(default_factory=list)

    @property
    def usable(self) -> Scheduler | None:
        """The scheduler, if its model can compute."""
        return self.scheduler if self.scheduler is not None and self.scheduler.usable else None

    @property
    def abandoned(self) -> int:
        """Engines given up that are still in memory; any thread may ask."""
        return sum(not freed.done() for freed in self._abandoned)

    def fill(self, scheduler: Scheduler) -> None:
        """Hold a loaded model."""
        self.scheduler = scheduler
        self.error, self._failed = None, None

    def refill(self) -> None:
        """Note that the scheduler has an engine again."""
        self._reloaded = time.monotonic()
        self.error, self._failed = None, None

    def abandon(self, freed: Future[Any]) -> None:
        """Note an engine that was given up. freed: done once its memory is free."""
        self._abandoned = [each for each in self._abandoned if not each.done()]
        self._abandoned.append(freed)

    def refusal(self, model: str) -> EngineStalledError | None:
        """Why a model whose engine was given up is not loaded again now; None when it is."""
        said = f"model '{model}' stopped answering"
        if self.abandoned > MOST_ABANDONED:
            said += (
                " again and again, and its memory is not free; call another server, this one has "
                "to be started again"
            )
        elif time.monotonic() - self._reloaded < RETRY_FAILED_S:
            said += f" again soon after it was loaded anew; call again in {RETRY_FAILED_S:.0f} s"
        else:
            return None
        return EngineStalledError(said, metadata={"model": model})

    def fail(self, manifest: Manifest, error: Exception) -> SummsvcError:
        """Remember that loading failed; gives the error as callers are told it."""
        self._failed = (manifest, time.monotonic())
        self.error = (
            error
            if isinstance(error, SummsvcError) and not error.detail
            else ModelBrokenError(
                f"model '{manifest.id}' could not be loaded; the server's log says why",
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
        if self.abandoned > MOST_ABANDONED and (refusal := self.refusal(manifest.id)):
            raise refusal

    def status(self) -> ModelStatus:
        """What an installed model is doing here; any thread may ask."""
        scheduler = self.usable
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
            hung = self.scheduler is not None
            return ModelStatus(
                ModelState.LOADING,
                error="it stopped answering and is being loaded again" if hung else "",
            )
        error, failed = self.error, self._failed
        if error is not None and not self._worth_a_try(error, failed):
            return ModelStatus(ModelState.FAILED, error=error.message)
        return ModelStatus(ModelState.INSTALLED)

    def _worth_a_try(self, error: SummsvcError, failed: tuple[Manifest, float] | None) -> bool:
        """Whether the next call may load a model that failed, so that calls should be sent."""
        if not isinstance(error, EngineStalledError) or self.abandoned > MOST_ABANDONED:
            return False
        return failed is None or time.monotonic() - failed[1] >= RETRY_FAILED_S
