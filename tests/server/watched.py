"""A loaded model whose batches are counted and let through one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from summsvc.engines.base import Generated
from tests.running import Running

PATIENCE_S = 60.0


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fails when it never does."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.002)


class Watched:
    """Stands before the real engine of a loaded model. batches: those that have begun.

    Each waits until ``let`` allows it; after ``free`` none does.
    """

    def __init__(self, server: Running, model: str) -> None:
        self._pool = server.server._pool
        self._drain = server.server._active_calls
        scheduler = self._pool._slots[model].scheduler
        assert scheduler is not None
        self._engine = scheduler.engine
        self._generate = self._engine.generate
        vars(self._engine)["generate"] = self._watched
        self.batches: list[list[str]] = []
        self._allowed = threading.Semaphore(0)
        self._free = False

    def _watched(self, texts: Sequence[str], *rest: Any) -> list[Generated]:
        self.batches.append(list(texts))
        if not self._free:
            assert self._allowed.acquire(timeout=PATIENCE_S)
        generated: list[Generated] = self._generate(texts, *rest)
        return generated

    def let(self, batches: int) -> None:
        """Allow so many more batches."""
        self._allowed.release(batches)

    def free(self) -> None:
        """Hold nothing any more."""
        self._free = True
        self.let(1000)

    def wait_for(self, batches: int) -> None:
        """Wait until so many batches have begun in all."""
        eventually(lambda: len(self.batches) >= batches)

    def wait_until_left(self) -> None:
        """Wait until the server knows that no call is left."""
        eventually(lambda: self._drain.idle())

    def wait_until_idle(self) -> None:
        """Wait until no call is left, nothing waits for a model and none works."""
        self.wait_until_left()
        eventually(lambda: self.is_idle)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for a model and none works."""
        slots = self._pool._slots.values()
        return all(slot.scheduler is None or slot.scheduler.idle for slot in slots)

    def restore(self) -> None:
        """Take the engine's own method back."""
        self.free()
        del vars(self._engine)["generate"]
