"""The end of a server: accepted calls finish, or are told that they will not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from summsvc.errors import DrainingError


@dataclass(frozen=True, slots=True)
class CallName:
    """What the log says of a call.

    waits: that it is a stream whose caller may never send anything, and that no work is
    done for meanwhile.
    """

    method: str
    request_id: str
    waits: bool = False


class Drain:
    """Knows the calls in flight and ends them when time is up.

    A call is in flight from the beginning of its handler until its answer is written to
    the connection, which is when gRPC's task for it is done.
    """

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], CallName] = {}
        self._cut: set[asyncio.Task[Any]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.draining = False

    def enter(self, task: asyncio.Task[Any] | None, call: CallName) -> None:
        """Count a call in, for as long as its task runs."""
        if task is None:
            return
        self._tasks[task] = call
        self._empty.clear()
        task.add_done_callback(self._leave)

    def _leave(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        self._cut.discard(task)
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

    def has_cut(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether a call was cancelled by the drain, and its caller has to be told."""
        return task in self._cut

    def begin(self) -> None:
        """Refuse new calls, and end the streams that wait for nothing."""
        self.draining = True
        self._cut_off([task for task, call in self._tasks.items() if call.waits])

    async def wait(self, seconds: float) -> list[CallName]:
        """Wait for calls in flight, then cancel those left, which are returned."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._empty.wait()
        except TimeoutError:
            return self._cut_off(list(self._tasks))
        return []

    def _cut_off(self, tasks: list[asyncio.Task[Any]]) -> list[CallName]:
        self._cut.update(tasks)
        for task in tasks:
            task.cancel()
        return [self._tasks[task] for task in tasks]
