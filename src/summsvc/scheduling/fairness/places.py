"""Places that are given in fair order to those who wait for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from summsvc.scheduling.fairness.callers import Caller, FairOrder


class Places:
    """As ``asyncio.Semaphore``, but callers take turns. For one event loop.

    free: how many are free at first.
    """

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: FairOrder[asyncio.Future[None]] = FairOrder()

    @property
    def waiting(self) -> FairOrder[asyncio.Future[None]]:
        """Who waits for a place, and with how much work."""
        return self._waiting

    async def take(self, caller: Caller, amount: int = 1) -> None:
        """Wait for a place, at once where one is free. amount: of work that is to be done there."""
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.add(caller, place, amount)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                # Given in the same moment.
                self.give()
            elif place in self._waiting.entries(caller):
                self._waiting.remove(caller, place)
            raise

    def give(self) -> None:
        """Give a place back, to the next in turn."""
        while (place := self._waiting.pop()) is not None:
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

    @asynccontextmanager
    async def taken(self, caller: Caller, amount: int = 1) -> AsyncIterator[None]:
        """Hold a place for the length of the block, see ``take``."""
        await self.take(caller, amount)
        try:
            yield
        finally:
            self.give()
