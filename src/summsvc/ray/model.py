"""Replica of one model that has a deployment of its own: its engine, without a queue.

The schedulers of the service's replicas form the batches. Ray spreads them over the replicas
of the model, and holds back those for which no replica has a free worker.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from summsvc.config import Settings, load_settings
from summsvc.engines.base import DecodingOptions, Generated
from summsvc.engines.load import load
from summsvc.errors import SummsvcError
from summsvc.models.store.store import Store
from summsvc.scheduling.pool.scheduler_factory import placement
from summsvc.server.runtime import logs


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """The attributes of an engine, see ``Seq2SeqEngine``."""

    name: str
    device: str
    compute_type: str
    max_input_tokens: int
    aligns: bool
    restricts_output: bool


class ModelReplica:
    """A model in a replica's process.

    settings: of ``summsvc serve``, by name. model: its id. Raises SettingsError, and the errors
    of ``Store.spec`` and of the engine.
    """

    def __init__(self, settings: Mapping[str, object], model: str) -> None:
        loaded = load_settings(flags=settings)
        logs.configure(loaded.log_level, loaded.log_format)
        self._start(loaded, model)

    def _start(self, settings: Settings, model: str) -> None:
        store = Store(settings.model_dir)
        place = placement(settings)
        self._engine = load(store.spec(model), place, settings.engine)
        self._engine.warm_up()
        # An engine computes at most ``workers`` batches at the same time; others wait here.
        self._threads = ThreadPoolExecutor(place.workers, thread_name_prefix="summsvc-batch")
        self._hung_s = settings.hung_batch_s * settings.hung_batch_factor
        self._begun: dict[object, float] = {}

    async def facts(self) -> EngineFacts:
        engine = self._engine
        return EngineFacts(
            engine.name,
            engine.device,
            engine.compute_type,
            engine.max_input_tokens,
            engine.aligns,
            engine.restricts_output,
        )

    async def generate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Generated] | SummsvcError:
        """Run the model on a batch; return its error, because Ray would wrap a raised one.

        When the call is cancelled, a batch that has not begun is not computed, and others end at
        the engine's next question whether they are wanted.
        """
        unwanted = threading.Event()

        def compute() -> list[Generated]:
            batch = object()
            # Counts until the engine is left, even if the call has been cancelled.
            self._begun[batch] = time.monotonic()
            try:
                return self._engine.generate(texts, source, target, options, unwanted.is_set)
            finally:
                del self._begun[batch]

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, compute)
        except SummsvcError as error:
            return error
        finally:
            unwanted.set()

    async def check_health(self) -> None:
        """Raise RuntimeError when a batch hangs, so that Ray replaces this replica."""
        begun = list(self._begun.values())
        if self._hung_s and begun:
            seconds = time.monotonic() - min(begun)
            if seconds > self._hung_s:
                raise RuntimeError(f"a batch has not ended within {self._hung_s:g} s")
