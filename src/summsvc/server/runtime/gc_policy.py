"""The interpreter's lock: how long the event loop waits for its turn while others hold it.

Idle moments are known here, so that memory is looked after here too.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable

from summsvc.server.runtime.heap import Heap

SWITCH_S = 0.001
"""Seconds after which a thread at work lets the event loop have the lock; Python's own
5 ms are paid anew for every system call that the loop makes."""

YOUNG, MIDDLE, NEVER = 1_000, 3, 1_000_000
"""Thresholds of the garbage collector. One of the middle generation looks at 4,000 objects
and what they refer to; of 20,000 it took up to 23 ms, and no less time in all. A full one
stops all threads, for 300 ms with a long article in memory: it is not started by counting,
but when nobody waits."""

PERIOD_S = 1.0
"""How often it is asked whether this is such a moment."""

WORTH_IT = 20
"""Collections of the middle generation after which a full one is worth its time."""

OVERDUE = 5_000
"""Those after which it is made whoever waits, if memory has grown: 20 million objects."""

GROWN = 2.0
"""Times as many objects as after the last collection of all. Calls leave next to nothing that
only a full collection frees, so that under constant load none is needed for long."""


class Turns:
    """Settings of the whole process while a server runs in it.

    idle: whether no call is being worked on.
    """

    def __init__(self, idle: Callable[[], bool]) -> None:
        self._idle = idle
        self._kept = sys.getallocatedblocks()
        self._heap = Heap()

    async def watch(self) -> None:
        """Hold the settings until cancelled; in idle moments collect garbage, give memory back."""
        switch, thresholds = sys.getswitchinterval(), gc.get_threshold()
        sys.setswitchinterval(SWITCH_S)
        gc.set_threshold(YOUNG, MIDDLE, NEVER)
        self.freeze()
        try:
            while True:
                await asyncio.sleep(PERIOD_S)
                waiting = gc.get_count()[2]
                calm = waiting >= WORTH_IT and self._idle()
                if calm or (waiting >= OVERDUE and self._has_grown()):
                    self._collect()
                if self._idle():
                    await asyncio.to_thread(self._heap.give_back)
        finally:
            sys.setswitchinterval(switch)
            gc.set_threshold(*thresholds)
            gc.unfreeze()

    def freeze(self) -> None:
        """Leave what is in memory now out of collections: modules and models stay."""
        gc.freeze()
        self._kept = sys.getallocatedblocks()

    def _has_grown(self) -> bool:
        return sys.getallocatedblocks() > GROWN * self._kept

    def _collect(self) -> None:
        """Collect what has come since the last time; everything once memory has grown.

        What stays, the cache for the most part, is not looked at again.
        """
        everything = self._has_grown()
        if everything:
            gc.unfreeze()
        gc.collect()
        if everything:
            self.freeze()
        else:
            gc.freeze()
