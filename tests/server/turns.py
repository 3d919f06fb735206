"""What an event loop does between two looks at its sockets, in CPU time.

A turn is everything that runs from one ``select`` to the next: however it is cut
into callbacks, whoever sends something meanwhile waits for all of it. It is
measured by the clock of the loop's own thread (``time.thread_time``), which stands
still while other processes and threads have the processor; a wall clock would
tell how busy the machine is.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Any


class Turns(selectors.DefaultSelector):
    """Measures the turns of the loop that it is given to; ``longest`` in seconds."""

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


def measured_loop() -> tuple[asyncio.AbstractEventLoop, Turns]:
    """An event loop, and what its turns cost."""
    turns = Turns()
    return asyncio.SelectorEventLoop(turns), turns
