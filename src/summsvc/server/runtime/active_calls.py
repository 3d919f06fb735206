"""Registry of calls in flight, and their drain when the server shuts down."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from summsvc.errors import DrainingError

CallTask = asyncio.Task[object]
"""gRPC's task of one call."""

QUIET_S = 0.2
"""Seconds without a new call after which none is assumed to be on its way: a caller that got its
answer before them has had a round trip, and time of its own, to make the next call."""

POLL_S = 0.02
"""Seconds between looks at the number of calls. An event loop that was blocked receives the calls
of that time between two looks, so that a blocked loop is not taken for a quiet one."""


@dataclass(frozen=True, slots=True)
class CallInfo:
    """Identification of a call in the log.

    idle_stream: whether the call mostly waits for its client, without a time limit, and does
        no work while it waits; such a call is cancelled when the drain begins.
    """

    method: str
    request_id: str
    idle_stream: bool = False


class ActiveCalls:
    """Tracks the calls in flight and cancels them when the drain's time is over.

    A call is in flight from the start of its handler until its response is written to the
    connection, which is when gRPC's task for it is done.
    """

    def __init__(self) -> None:
        self._tasks: dict[CallTask, CallInfo] = {}
        self._cancelled: set[CallTask] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._answering = asyncio.Event()
        self._answering.set()
        self._begun = 0
        self.draining = False

    def add(self, task: CallTask | None, call: CallInfo) -> None:
        """Track a call until its task is done."""
        if task is None:
            return
        self._begun += 1
        self._tasks[task] = call
        self._empty.clear()
        task.add_done_callback(self._remove)

    def _remove(self, task: CallTask) -> None:
        self._tasks.pop(task, None)
        self._cancelled.discard(task)
        if not self._tasks:
            self._empty.set()

    def idle(self) -> bool:
        """Whether no call is in flight."""
        return not self._tasks

    def draining_error(self) -> DrainingError:
        """Build the error for calls that cannot be accepted or finished."""
        return DrainingError("this server is shutting down; retry, another server will answer")

    def was_cancelled(self, task: CallTask | None) -> bool:
        """Whether the drain cancelled a call, so that its caller gets a DrainingError."""
        return task in self._cancelled

    def raise_if_draining(self) -> None:
        """Raise DrainingError once draining has begun."""
        if self.draining:
            raise self.draining_error()

    async def hold_answers(self, seconds: float) -> None:
        """Send no answer until ``start_drain``; wait until no more calls arrive.

        gRPC cancels every call that arrives between the start of its shutdown and the moment
        when the client knows of it, and every call that it has not handed over yet. A client
        that waits for an answer makes no call in that time. So the answers are kept back until
        the shutdown has begun: then the client learns of it first.

        seconds: most seconds to wait; some callers make calls without waiting for an answer.
        """
        self._answering.clear()
        until = time.monotonic() + seconds
        seen, quiet_s = self._begun, 0.0
        while quiet_s < QUIET_S and time.monotonic() < until:
            await asyncio.sleep(POLL_S)
            quiet_s = quiet_s + POLL_S if seen == self._begun else 0.0
            seen = self._begun

    async def may_answer(self) -> None:
        """Wait while answers are held back."""
        await self._answering.wait()

    def start_drain(self) -> None:
        """Send the answers that were held back, reject new calls, and end idle streams."""
        self._answering.set()
        self.draining = True
        self._cancel([task for task, call in self._tasks.items() if call.idle_stream])

    async def drain(self, seconds: float) -> list[CallInfo]:
        """Wait for the calls in flight, then cancel the remaining ones and return them."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._empty.wait()
        except TimeoutError:
            return self._cancel(list(self._tasks))
        return []

    def _cancel(self, tasks: list[CallTask]) -> list[CallInfo]:
        self._cancelled.update(tasks)
        for task in tasks:
            task.cancel()
        return [self._tasks[task] for task in tasks]
