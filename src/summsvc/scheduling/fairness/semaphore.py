"""A semaphore that grants its slots to callers in fair order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from summsvc.scheduling.fairness.callers import Caller, FairOrder


class FairSemaphore:
    """Like ``asyncio.Semaphore``, but callers take turns. For use on one event loop.

    value: number of free slots at the start.
    """

    def __init__(self, value: int) -> None:
        self._free = value
        self._waiters: FairOrder[asyncio.Future[None]] = FairOrder()

    @property
    def waiters(self) -> FairOrder[asyncio.Future[None]]:
        """The waiting acquisitions, with the amount of work of each."""
        return self._waiters

    async def acquire(self, caller: Caller, amount: int = 1) -> None:
        """Wait for a free slot. amount: the work that the caller wants to do in the slot."""
        if self._free:
            self._free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(caller, waiter, amount)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                # The slot was granted before the cancellation arrived.
                self.release()
            elif waiter in self._waiters.entries(caller):
                self._waiters.remove(caller, waiter)
            raise

    def release(self) -> None:
        """Release a slot, and grant it to the next waiter in fair order."""
        while (waiter := self._waiters.pop()) is not None:
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1

    @asynccontextmanager
    async def slot(self, caller: Caller, amount: int = 1) -> AsyncIterator[None]:
        """Hold a slot for the duration of the block. amount: see ``acquire``."""
        await self.acquire(caller, amount)
        try:
            yield
        finally:
            self.release()
