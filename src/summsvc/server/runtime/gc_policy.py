"""GIL and garbage-collector tuning for low event-loop latency.

The policy also returns freed memory to the system, because it knows when the server is idle.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable

from summsvc.server.runtime.malloc_trim import MallocTrimmer

SWITCH_INTERVAL_S = 0.001
"""Seconds after which a running thread releases the GIL to the event loop. Python's default of
5 ms would be paid again for each system call of the loop."""

GEN0_THRESHOLD, GEN1_THRESHOLD, GEN2_THRESHOLD = 1_000, 3, 1_000_000
"""Thresholds of the garbage collector. A collection of generation 1 visits 4,000 objects and
what they refer to; with 20,000 objects it took up to 23 ms, and no less time in total. A full
collection stops all threads, for 300 ms with a long article in memory: it is not triggered by
the thresholds but by this policy, when no call is in flight."""

IDLE_CHECK_S = 1.0
"""Seconds between checks whether the server is idle."""

IDLE_COLLECTION_COUNT = 20
"""Collections of generation 1 after which an idle server makes a full one."""

FORCED_COLLECTION_COUNT = 5_000
"""Collections of generation 1, of 20 million objects, after which a full one is made even while
calls are in flight, if memory has grown."""

GROWTH_FACTOR = 2.0
"""Growth of the number of allocated blocks since the last collection of all objects that counts
as grown memory. Calls leave almost nothing that only a full collection frees, so a server under
constant load needs none for a long time."""


class GcPolicy:
    """Applies process-wide GIL and collector settings while a server runs.

    idle: whether no call is in flight.
    """

    def __init__(self, idle: Callable[[], bool]) -> None:
        self._idle = idle
        self._baseline_blocks = sys.getallocatedblocks()
        self._trimmer = MallocTrimmer()

    async def apply(self) -> None:
        """Keep the settings until cancelled; collect garbage and trim memory when idle."""
        switch_interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        gc.set_threshold(GEN0_THRESHOLD, GEN1_THRESHOLD, GEN2_THRESHOLD)
        self.freeze()
        try:
            while True:
                await asyncio.sleep(IDLE_CHECK_S)
                collections = gc.get_count()[2]
                due = collections >= IDLE_COLLECTION_COUNT and self._idle()
                if due or (collections >= FORCED_COLLECTION_COUNT and self._has_grown()):
                    self._collect()
                if self._idle():
                    await asyncio.to_thread(self._trimmer.trim)
        finally:
            sys.setswitchinterval(switch_interval)
            gc.set_threshold(*thresholds)
            gc.unfreeze()

    def freeze(self) -> None:
        """Exclude the objects in memory now from collections: modules and models are kept."""
        gc.freeze()
        self._baseline_blocks = sys.getallocatedblocks()

    def _has_grown(self) -> bool:
        return sys.getallocatedblocks() > GROWTH_FACTOR * self._baseline_blocks

    def _collect(self) -> None:
        """Collect new objects, or all objects once memory has grown.

        Surviving objects, mostly those of the cache, are frozen and not visited again.
        """
        collect_all = self._has_grown()
        if collect_all:
            gc.unfreeze()
        gc.collect()
        if collect_all:
            self.freeze()
        else:
            gc.freeze()
