"""Engines from the store, ready to compute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from summsvc.engines.base import Seq2SeqEngine
from summsvc.errors import EngineStalledError
from summsvc.scheduling.execution.threads import Threads, returned
from summsvc.scheduling.execution.watchdog import in_time

Abandon = Callable[[str, Future[Any]], None]
"""Told of a model whose engine hangs, and what is done once its thread has come out."""


class Loading:
    """Loads engines in threads of their own: looks at the store do not wait for them.

    load: makes the engine of a model; blocking. patience_s: seconds that the first two
    segments may take an engine each. abandon: called when they take longer.
    """

    def __init__(
        self, load: Callable[[str], Seq2SeqEngine], *, patience_s: float, abandon: Abandon
    ) -> None:
        self._load = load
        self._patience_s = 2 * patience_s
        self._abandon = abandon
        self._threads = Threads("load")

    async def engine(self, model: str) -> tuple[Seq2SeqEngine, float]:
        """An engine that works, and how many seconds one segment takes it.

        Loading takes as long as it takes. An engine is freed when the caller is cancelled.
        Raises what ``load`` and ``Seq2SeqEngine.warm_up`` raise, and EngineStalledError.
        """
        loading = self._threads.run(lambda: self._load(model))
        try:
            await returned(loading)
        except asyncio.CancelledError:
            loading.add_done_callback(_free)
            raise
        engine = loading.result()
        warming = self._threads.run(lambda: _warm_up(engine))
        try:
            if await in_time(warming, self._patience_s):
                return engine, warming.result()
        except asyncio.CancelledError:
            _close_after(warming, engine)
            raise
        _close_after(warming, engine)
        self._abandon(model, warming)
        raise EngineStalledError(
            f"model '{model}' has not answered since it was loaded; call another server",
            metadata={"model": model},
        )

    def end(self) -> None:
        """Load no more; does not wait."""
        self._threads.end()


def _warm_up(engine: Seq2SeqEngine) -> float:
    """How many seconds one segment takes; frees an engine that fails."""
    try:
        # The first run also reads the weights into memory.
        engine.warm_up()
        begun = time.perf_counter()
        engine.warm_up()
        return time.perf_counter() - begun
    except Exception:
        engine.close()
        raise


def _free(loading: Future[Seq2SeqEngine]) -> None:
    if loading.exception() is None:
        loading.result().close()


def _close_after(warming: Future[float], engine: Seq2SeqEngine) -> None:
    """Free an engine when its thread comes out; one that failed is free already."""
    warming.add_done_callback(lambda ended: None if ended.exception() else engine.close())
