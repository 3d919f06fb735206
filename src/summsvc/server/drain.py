"""The end of a server: accepted calls finish, or are told that they will not."""

from __future__ import annotations

import asyncio
from typing import Any

from summsvc.errors import DrainingError


class Drain:
    """Knows the calls in flight and ends them when time is up."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.draining = False
        self.expired = False

    def enter(self, task: asyncio.Task[Any] | None) -> None:
        """Count a call in."""
        if task is not None:
            self._tasks.add(task)
            self._empty.clear()

    def leave(self, task: asyncio.Task[Any] | None) -> None:
        """Count a call out."""
        if task is not None:
            self._tasks.discard(task)
        if not self._tasks:
            self._empty.set()

    def idle(self) -> bool:
        """Whether no call is in flight."""
        return not self._tasks

    def error(self) -> DrainingError:
        """What calls are told that cannot be finished."""
        return DrainingError("this server is shutting down; call again, another one will answer")

    def check(self) -> None:
        """Raise DrainingError once draining has begun."""
        if self.draining:
            raise self.error()

    async def wait(self, seconds: float) -> bool:
        """Wait for calls in flight, then fail those left; True when none were left."""
        self.draining = True
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            self.expired = True
            for task in list(self._tasks):
                task.cancel()
            return False
        return True
