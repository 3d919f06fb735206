"""CPU time of event-loop iterations, measured by the loop's selector.

An iteration is everything that runs from one ``select`` to the next. A client that sends
something meanwhile waits for all of it, into however many callbacks it is divided. The
clock is that of the loop's thread (``time.thread_time``), which stands still while other
threads and processes run; a wall clock would measure the load of the machine.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from typing import Any


class IterationTimer(selectors.DefaultSelector):
    """Selector that measures the iterations of its loop. longest: in seconds of CPU time."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self._begun: float | None = None

    def select(self, timeout: float | None = None) -> Any:
        if self._begun is not None:
            self.longest = max(self.longest, time.thread_time() - self._begun)
        events = super().select(timeout)
        self._begun = time.thread_time()
        return events


def measured_loop() -> tuple[asyncio.AbstractEventLoop, IterationTimer]:
    """Create an event loop and the timer of its iterations."""
    timer = IterationTimer()
    return asyncio.SelectorEventLoop(timer), timer


def machine_s() -> float:
    """CPU seconds of a fixed computation on this machine now: 0.01 on a usual core."""
    least = math.inf
    for _ in range(3):
        begun, total = time.thread_time(), 0
        for i in range(200_000):
            total += i
        least = min(least, time.thread_time() - begun)
    return least
