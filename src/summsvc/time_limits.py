"""Time limits that a pause of this process does not use up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

SLICES = 10
"""Slices in which a time limit is waited for. When the process was stopped or the event loop was
blocked, only one slice of the limit has passed, not the whole limit; and what has arrived meanwhile
is received."""


async def holds_within(wait: Callable[[float], Awaitable[bool]], limit_s: float) -> bool:
    """Wait until a condition holds. Returns False when it does not after ``limit_s`` seconds.

    wait: waits for it at most the given seconds; returns whether it holds.
    """
    for _ in range(SLICES):
        if await wait(limit_s / SLICES):
            return True
    return False
