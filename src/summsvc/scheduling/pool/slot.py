"""Slot of one model in the pool: its state, and the rules for loading it again after a failure."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field
from enum import Enum

from summsvc.errors import EngineStalledError, ModelBrokenError, SummsvcError
from summsvc.models.store.manifest import Manifest
from summsvc.scheduling.pool.engine_loader import EngineFreed
from summsvc.scheduling.scheduler import Scheduler

RETRY_FAILED_S = 60.0
"""Seconds until a model that failed to load is loaded again. A model that was loaded again because
its engine hung counts as failed when it hangs again within this time."""

MAX_ABANDONED = 1
"""Engines of a model that may stay in memory because a thread never leaves them. With more, the
model is not loaded again: its memory use would have no bound."""


class ModelState(Enum):
    """The state of a model of the store; the names are those of the proto enum."""

    NOT_INSTALLED = 1
    INSTALLED = 2
    LOADING = 3
    READY = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The status of a model as ModelService reports it. error: the reason of a failure.

    engine, device, compute_type, max_input_tokens, aligns: of a loaded model.
    """

    state: ModelState
    error: str = ""
    engine: str = ""
    device: str = ""
    compute_type: str = ""
    max_input_tokens: int = 0
    aligns: bool = False


@dataclass(slots=True)
class Slot:
    """State of one model in the pool, and whether the model may be loaded again.

    scheduler: of the loaded model; without an engine while the model is loaded again. loading:
    the task that loads the model; it returns an error instead of raising it. error: why the
    last attempt to load the model failed.
    """

    scheduler: Scheduler | None = None
    loading: asyncio.Task[Scheduler | SummsvcError] | None = None
    error: SummsvcError | None = None
    _failed: tuple[Manifest, float] | None = None
    _reloaded_at: float = -math.inf
    _abandoned: list[EngineFreed] = field(default_factory=list)

    @property
    def usable(self) -> Scheduler | None:
        """The scheduler, if its model can compute. Thread-safe."""
        # Read once: the event loop may unload the model meanwhile.
        scheduler = self.scheduler
        return scheduler if scheduler is not None and scheduler.usable else None

    @property
    def abandoned(self) -> int:
        """Engines that were given up and are still in memory. Thread-safe."""
        return sum(not freed.done() for freed in self._abandoned)

    def set_loaded(self, scheduler: Scheduler) -> None:
        """Store the scheduler of a loaded model."""
        self.scheduler = scheduler
        self.error, self._failed = None, None

    def set_reloaded(self) -> None:
        """Record that the scheduler has an engine again."""
        self._reloaded_at = time.monotonic()
        self.error, self._failed = None, None

    def add_abandoned(self, freed: EngineFreed) -> None:
        """Record an engine that was given up. freed: done when its memory is free."""
        self._abandoned = [other for other in self._abandoned if not other.done()]
        self._abandoned.append(freed)

    def reload_error(self, model: str) -> EngineStalledError | None:
        """Return why a model whose engine was given up is not loaded again now, or None."""
        message = f"model '{model}' stopped answering"
        if self.abandoned > MAX_ABANDONED:
            message += (
                " again and again, and its memory is not free; call another server, this one has "
                "to be started again"
            )
        elif time.monotonic() - self._reloaded_at < RETRY_FAILED_S:
            message += (
                f" again soon after it was loaded again; call again in {RETRY_FAILED_S:.0f} s"
            )
        else:
            return None
        return EngineStalledError(message, metadata={"model": model})

    def set_failed(self, manifest: Manifest, error: Exception) -> SummsvcError:
        """Record that loading failed. Returns the error for callers."""
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

    def raise_if_failed(self, manifest: Manifest) -> None:
        """Raise the known error, unless the model was installed again or a retry is due."""
        if self.error is not None and self._failed is not None:
            failed_manifest, failed_at = self._failed
            if failed_manifest == manifest and time.monotonic() - failed_at < RETRY_FAILED_S:
                raise self.error
        if self.abandoned > MAX_ABANDONED and (error := self.reload_error(manifest.id)):
            raise error

    def status(self) -> ModelStatus:
        """Return the status of an installed model. Thread-safe."""
        scheduler = self.usable
        if scheduler is not None:
            engine = scheduler.engine
            return ModelStatus(
                ModelState.READY,
                engine=engine.name,
                device=engine.device,
                compute_type=engine.compute_type,
                max_input_tokens=engine.max_input_tokens,
                aligns=engine.aligns,
            )
        if self.loading is not None:
            hung = self.scheduler is not None
            return ModelStatus(
                ModelState.LOADING,
                error="it stopped answering and is being loaded again" if hung else "",
            )
        error, failed = self.error, self._failed
        if error is not None and not self._may_retry(error, failed):
            return ModelStatus(ModelState.FAILED, error=error.message)
        return ModelStatus(ModelState.INSTALLED)

    def _may_retry(self, error: SummsvcError, failed: tuple[Manifest, float] | None) -> bool:
        """Whether the next call may load a model that failed, so that it counts as available."""
        if not isinstance(error, EngineStalledError) or self.abandoned > MAX_ABANDONED:
            return False
        return failed is None or time.monotonic() - failed[1] >= RETRY_FAILED_S
