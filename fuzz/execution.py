"""Execution of one input: the time limit, and what counts as a finding."""

from __future__ import annotations

import time

from fuzz.results import Run
from fuzz.target import Target

LIMIT_S = 2.0
"""Processor seconds of one input of at most 100 KB. One second is the aim; coverage takes half as
long again, and processors are shared."""

REPETITIONS = 3


class SlowError(Exception):
    """An input took more than ``LIMIT_S`` each time."""


def execute(target: Target, data: bytes, run: Run) -> None:
    """Run the target on an input; report an exception or a slow run."""
    run.executions += 1
    before = time.thread_time()
    try:
        target.run(data)
        if time.thread_time() - before > LIMIT_S:
            _repeat(target, data)
    except (Exception, RecursionError) as error:
        run.report(data, error)


def _repeat(target: Target, data: bytes) -> None:
    """Raise SlowError if the target is slow again each time."""
    least = float("inf")
    for _ in range(REPETITIONS - 1):
        before = time.thread_time()
        target.run(data)
        least = min(least, time.thread_time() - before)
    if least > LIMIT_S:
        raise SlowError(f"{least:.1f} s for {len(data)} bytes")
