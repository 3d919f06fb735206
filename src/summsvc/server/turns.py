"""The interpreter's lock: how long the event loop waits for its turn while others hold it."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable

SWITCH_S = 0.001
"""Seconds after which a thread at work lets the event loop have the lock; Python's own
5 ms are paid anew for every system call that the loop makes."""

YOUNG, MIDDLE, NEVER = 5_000, 10, 1_000_000
"""Thresholds of the garbage collector. A full collection stops all threads, for 300 ms
with a long article in memory: it is not started by counting, but when nobody waits."""

PERIOD_S = 1.0
"""How often it is asked whether this is such a moment."""

WORTH_IT = 4
"""Collections of the middle generation after which a full one is worth its time."""

OVERDUE = 400
"""Those after which it is made whoever waits: some 20 million objects made and kept."""


class Turns:
    """Settings of the whole process while a server runs in it.

    idle: whether no call is being worked on.
    """

    def __init__(self, idle: Callable[[], bool]) -> None:
        self._idle = idle

    async def watch(self) -> None:
        """Hold the settings until cancelled, and collect garbage in idle moments."""
        switch, thresholds = sys.getswitchinterval(), gc.get_threshold()
        sys.setswitchinterval(SWITCH_S)
        gc.set_threshold(YOUNG, MIDDLE, NEVER)
        self.freeze()
        try:
            while True:
                await asyncio.sleep(PERIOD_S)
                waiting = gc.get_count()[2]
                if waiting >= (WORTH_IT if self._idle() else OVERDUE):
                    gc.collect()
        finally:
            sys.setswitchinterval(switch)
            gc.set_threshold(*thresholds)
            gc.unfreeze()

    @staticmethod
    def freeze() -> None:
        """Leave what is in memory now out of all collections: modules and models stay."""
        gc.freeze()
