"""Controlled engine of a loaded model: counts its batches and releases them one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from summsvc.engines.base import Generated
from tests.running import Running

PATIENCE_S = 120.0


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds; fails after ``PATIENCE_S``."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.002)


class ControlledEngine:
    """Wraps the engine of a loaded model. batches: those that have started.

    A batch waits until ``let`` allows it; after ``free`` no batch waits.
    """

    def __init__(self, server: Running, model: str) -> None:
        self._pool = server.server._pool
        self._active_calls = server.server._active_calls
        scheduler = self._pool._slots[model].scheduler
        assert scheduler is not None
        self._engine = scheduler.engine
        self._generate = self._engine.generate
        vars(self._engine)["generate"] = self._generate_when_allowed
        self.batches: list[list[str]] = []
        self._allowed = threading.Semaphore(0)
        self._free = False

    def _generate_when_allowed(self, texts: Sequence[str], *rest: Any) -> list[Generated]:
        self.batches.append(list(texts))
        if not self._free:
            assert self._allowed.acquire(timeout=PATIENCE_S)
        generated: list[Generated] = self._generate(texts, *rest)
        return generated

    def let(self, batches: int) -> None:
        """Allow this number of further batches."""
        self._allowed.release(batches)

    def free(self) -> None:
        """Allow all further batches."""
        self._free = True
        self.let(1000)

    def wait_for(self, batches: int) -> None:
        """Wait until this number of batches has started in total."""
        eventually(lambda: len(self.batches) >= batches)

    def wait_until_left(self) -> None:
        """Wait until no call is in flight."""
        eventually(lambda: self._active_calls.idle())

    def wait_until_idle(self) -> None:
        """Wait until no call is in flight, no job is queued and no batch runs."""
        self.wait_until_left()
        eventually(lambda: self.is_idle)

    @property
    def is_idle(self) -> bool:
        """Whether no job is queued and no batch runs."""
        slots = self._pool._slots.values()
        return all(slot.scheduler is None or slot.scheduler.idle for slot in slots)

    def restore(self) -> None:
        """Restore the engine's own method."""
        self.free()
        del vars(self._engine)["generate"]
