"""Engine loader: loads and warms up engines in background threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from summsvc.engines.base import Seq2SeqEngine
from summsvc.errors import EngineStalledError
from summsvc.scheduling.execution.threads import DaemonThreadPool, wait_done
from summsvc.scheduling.execution.watchdog import completes_within

EngineFreed = Future[None] | Future[float]
"""Done when the threads of an engine that was given up have left it."""


class OnEngineAbandoned(Protocol):
    """Called when an engine is given up while a thread is still in it."""

    def __call__(self, model: str, freed: EngineFreed, /) -> None:
        """freed: done when the thread has left the engine."""


class EngineLoader:
    """Loads engines in its own threads, so that reads of the model store do not wait for them.

    load: creates the engine of a model; blocking. time_limit_s: seconds that each of the first
    two segments may take an engine. on_abandoned: called when they take longer.
    """

    def __init__(
        self,
        load: Callable[[str], Seq2SeqEngine],
        *,
        time_limit_s: float,
        on_abandoned: OnEngineAbandoned,
    ) -> None:
        self._load = load
        self._warm_up_limit_s = 2 * time_limit_s
        self._on_abandoned = on_abandoned
        self._threads = DaemonThreadPool("load")

    async def load(self, model: str) -> tuple[Seq2SeqEngine, float]:
        """Return a working engine, and the seconds that it takes for one segment.

        Loading has no time limit. The engine is freed when the caller is cancelled. Raises what
        the ``load`` function and ``Seq2SeqEngine.warm_up`` raise, and EngineStalledError.
        """
        loading = self._threads.submit(lambda: self._load(model))
        try:
            await wait_done(loading)
        except asyncio.CancelledError:
            loading.add_done_callback(_close_loaded)
            raise
        engine = loading.result()
        warming_up = self._threads.submit(lambda: _warm_up(engine))
        try:
            if await completes_within(warming_up, self._warm_up_limit_s):
                return engine, warming_up.result()
        except asyncio.CancelledError:
            _close_after(warming_up, engine)
            raise
        _close_after(warming_up, engine)
        self._on_abandoned(model, warming_up)
        raise EngineStalledError(
            f"model '{model}' has not answered since it was loaded; call another server",
            metadata={"model": model},
        )

    def shutdown(self) -> None:
        """Load no more engines; does not wait."""
        self._threads.shutdown()


def _warm_up(engine: Seq2SeqEngine) -> float:
    """Return the seconds that one segment takes; closes an engine that fails."""
    try:
        # The first run also reads the weights into memory.
        engine.warm_up()
        started_at = time.perf_counter()
        engine.warm_up()
        return time.perf_counter() - started_at
    except Exception:
        engine.close()
        raise


def _close_loaded(loading: Future[Seq2SeqEngine]) -> None:
    if loading.exception() is None:
        loading.result().close()


def _close_after(warming_up: Future[float], engine: Seq2SeqEngine) -> None:
    """Close an engine when its thread returns; an engine that failed is closed already."""
    warming_up.add_done_callback(lambda done: None if done.exception() else engine.close())
