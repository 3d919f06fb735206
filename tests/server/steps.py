"""Longest time for which work holds the GIL without a point where it can be released.

Python can release the GIL between two bytecode instructions, but not within a call of C
code, the deallocation of an object or a garbage collection. Therefore the time is taken at
each call and return of a function, C or Python; another thread waits at most for the
longest step between two of these. Measured is CPU time of the thread itself, which stands
still while other threads and processes run.

Reading that clock takes longer than most functions. It is read only when ``RESOLUTION_S``
have passed by the wall clock, which is never less than CPU time: shorter steps are counted
together, and no longer step is missed.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from summsvc.server.runtime.gc_policy import GEN0_THRESHOLD, GEN1_THRESHOLD, GEN2_THRESHOLD

RESOLUTION_S = 0.0002
"""Wall-clock seconds between readings of the thread's CPU clock."""


@dataclass(frozen=True)
class Step:
    """Longest step of some work. seconds: CPU time. where: file, line and profiling event."""

    seconds: float
    where: str


def longest_step(work: Callable[[], object]) -> Step:
    """Execute the work and return its longest step, with a resolution of ``RESOLUTION_S``.

    The garbage collector has the thresholds of a server. Exceptions of the work pass through.
    """
    longest = 0.0
    where = ""
    wall, cpu = time.perf_counter, time.thread_time
    begun, before = wall(), cpu()

    def measure(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal longest, where, begun, before
        if wall() - begun < RESOLUTION_S:
            return
        passed = cpu() - before
        if passed > longest:
            longest = passed
            where = f"{frame.f_code.co_filename}:{frame.f_lineno} {event}"
        begun, before = wall(), cpu()

    thresholds = gc.get_threshold()
    gc.set_threshold(GEN0_THRESHOLD, GEN1_THRESHOLD, GEN2_THRESHOLD)
    begun, before = wall(), cpu()
    sys.setprofile(measure)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.set_threshold(*thresholds)
    return Step(longest, where)
