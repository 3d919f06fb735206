"""Turns on the event loop, in fair order of callers."""

from __future__ import annotations

import asyncio

from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.fairness.semaphore import FairSemaphore

TURNS_PER_ITERATION = 2
"""Turns that a gate grants in one iteration of the event loop."""


class TurnGate:
    """Grants turns in fair order of callers, a few in one iteration of the event loop.

    The start of a call, small work on a text and each message of a response stream are
    computed on the event loop. When one caller sends many calls at once, a call of another
    caller waits for at most one of them of each caller; and an iteration stays short, and so
    does every other call: gRPC hands over one new call in an iteration. A turn that is waited
    for costs one queue entry, which is removed when the call is cancelled.
    """

    def __init__(self) -> None:
        self._places = FairSemaphore(TURNS_PER_ITERATION)

    async def admit(self, caller: Caller) -> None:
        """Wait for a turn of the caller."""
        await self._places.acquire(caller)
        asyncio.get_running_loop().call_soon(self._places.release)
