"""How long a piece of work goes on at a time without a look at the interpreter's lock.

Python lets another thread have the lock between two of its own instructions, never
within a call of C code, the freeing of an object or a collection of garbage. So time is
taken whenever a function is called or returns, C or Python, and what passes between two
such moments is the longest that another thread waits. It is CPU time of the thread
itself, which stands still while other processes and threads have the processor.

Asking for that clock takes longer than most functions do. It is asked when ``FINEST_S``
have passed by the wall clock, of which it never has more: what went before in that time
is counted with a step, and none is missed that takes longer.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from summsvc.server.runtime.gc_policy import GEN0_THRESHOLD, GEN1_THRESHOLD, GEN2_THRESHOLD

FINEST_S = 0.0002


@dataclass(frozen=True)
class Step:
    """The longest step of some work. seconds: CPU time. where: file, line, what had ended."""

    seconds: float
    where: str


def longest_step(work: Callable[[], object]) -> Step:
    """Do the work and tell its longest step, to ``FINEST_S``.

    Garbage is collected as in a server. Raises what the work raises.
    """
    longest = 0.0
    where = ""
    wall, cpu = time.perf_counter, time.thread_time
    begun, before = wall(), cpu()

    def look(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal longest, where, begun, before
        if wall() - begun < FINEST_S:
            return
        passed = cpu() - before
        if passed > longest:
            longest = passed
            where = f"{frame.f_code.co_filename}:{frame.f_lineno} {event}"
        begun, before = wall(), cpu()

    thresholds = gc.get_threshold()
    gc.set_threshold(GEN0_THRESHOLD, GEN1_THRESHOLD, GEN2_THRESHOLD)
    begun, before = wall(), cpu()
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.set_threshold(*thresholds)
    return Step(longest, where)
