"""Threads for calls that may never return."""

from __future__ import annotations

import asyncio
import atexit
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

R = TypeVar("R")

EXIT_S = 1.0
"""Seconds that the end of the interpreter waits for calls: a thread that comes out of a library
while the interpreter is taken down would abort the process."""


class Threads:
    """Runs each call in an idle thread, or in a new one where none is idle.

    The threads of ``concurrent.futures`` are joined when the interpreter ends, so that a
    call that hangs would keep the process for ever; these are not. name: of the threads.
    last: called once, by the last of them to end after ``end``.
    """

    def __init__(self, name: str, last: Callable[[], None] = lambda: None) -> None:
        self.ended: Future[None] = Future()
        """Done when no thread is left and ``last`` has returned, or with what it raised."""
        self._name = name
        self._last = last
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._ending = False
        self._idle = self._alive = 0
        _all.add(self)

    def run(self, function: Callable[[], R]) -> Future[R]:
        """Begin a call; it cannot be cancelled. Raises RuntimeError after ``end``."""
        future: Future[R] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._ending:
                raise RuntimeError(f"the threads {self._name} have been ended")
            if self._idle:
                self._idle -= 1
            else:
                self._start()
            self._calls.put((future, function))
        return future

    def end(self) -> None:
        """Begin no more calls; each thread ends when its call returns. Does not wait."""
        with self._lock:
            if self._ending:
                return
            self._ending = True
            if not self._alive:
                self._start()
            for _ in range(self._alive):
                self._calls.put(None)

    def _start(self) -> None:
        self._alive += 1
        name = f"{self._name}-{self._alive}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            future, function = call
            result, error = _outcome(function)
            # Idle before the caller hears of it, or its next call would start another thread.
            with self._lock:
                self._idle += 1
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
            # An idle thread keeps no text.
            del call, future, function, result, error
        with self._lock:
            self._alive -= 1
            is_last = not self._alive
        if is_last:
            _, error = _outcome(self._last)
            if error is None:
                self.ended.set_result(None)
            else:
                self.ended.set_exception(error)


_all: WeakSet[Threads] = WeakSet()


@atexit.register
def _settle() -> None:
    until = time.monotonic() + EXIT_S
    ending = list(_all)
    for each in ending:
        each.end()
    for each in ending:
        with suppress(Exception):
            each.ended.result(max(0.0, until - time.monotonic()))


async def returned(future: Future[Any], timeout_s: float = math.inf) -> bool:
    """Wait for a call at most for so many seconds, whatever becomes of it."""
    if not future.done():
        waiting = asyncio.wrap_future(future)
        # What it raised is asked for from the call itself.
        waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await asyncio.wait({waiting}, timeout=max(0.0, timeout_s))
    return future.done()


def _outcome(function: Callable[[], R]) -> tuple[R | None, Exception | None]:
    try:
        return function(), None
    except Exception as error:
        return None, error
    except BaseException as error:
        # SystemExit from a library would end the event loop that waits for the call.
        return None, RuntimeError(f"{type(error).__name__} in a thread")
