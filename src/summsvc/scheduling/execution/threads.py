"""A pool of daemon threads for calls of engines, which may never return."""

from __future__ import annotations

import asyncio
import atexit
import functools
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar
from weakref import WeakSet

R = TypeVar("R")

NICENESS = 5
"""Niceness of the threads above that of the process (``setpriority(2)``); a thread that a library
starts in one of them has the same. The event loop answers all callers, and so does not wait for a
core while an engine has all of them."""

EXIT_TIMEOUT_S = 1.0
"""Seconds that the interpreter waits for running calls at its exit. A thread that returns from a
C library during interpreter shutdown would abort the process."""


_Call = Callable[[], Callable[[], None]]
"""Executes a call. Returns what sets the outcome on the call's future."""


class DaemonThreadPool:
    """Executes each call in an idle thread, or in a new one when no thread is idle.

    ``concurrent.futures`` joins its threads at interpreter exit, so a call that hangs would
    keep the process alive. The threads of this pool are not joined.

    name: prefix of the thread names. on_terminated: called once, by the last thread that ends
    after ``shutdown``.
    """

    def __init__(self, name: str, on_terminated: Callable[[], None] = lambda: None) -> None:
        self.terminated: Future[None] = Future()
        """Done when all threads have ended and ``on_terminated`` has returned or raised."""
        self._name = name
        self._on_terminated = on_terminated
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._shut_down = False
        self._idle = self._alive = 0
        _pools.add(self)

    def submit(self, function: Callable[[], R]) -> Future[R]:
        """Start a call; it cannot be cancelled.

        Raises RuntimeError after ``shutdown``, or when the system cannot start a thread.
        """
        future: Future[R] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._shut_down:
                raise RuntimeError(f"the thread pool {self._name} has been shut down")
            if self._idle:
                self._idle -= 1
            else:
                self._start_thread()
            self._calls.put(functools.partial(_execute, function, future))
        return future

    def shutdown(self) -> None:
        """Accept no more calls; each thread ends when its call returns. Does not wait."""
        with self._lock:
            if self._shut_down:
                return
            self._shut_down = True
            if not self._alive:
                self._start_thread()
            for _ in range(self._alive):
                self._calls.put(None)

    def _start_thread(self) -> None:
        name = f"{self._name}-{self._alive + 1}"
        threading.Thread(target=self._execute_calls, name=name, daemon=True).start()
        # Not before: the system may have no thread left.
        self._alive += 1

    def _execute_calls(self) -> None:
        _lower_priority()
        while (call := self._calls.get()) is not None:
            publish = call()
            # Idle before the future is done: otherwise the caller's next call starts a thread.
            with self._lock:
                self._idle += 1
            publish()
            # An idle thread holds no reference to a text.
            del call, publish
        with self._lock:
            self._alive -= 1
            is_last = not self._alive
        if is_last:
            _execute(self._on_terminated, self.terminated)()


def _lower_priority() -> None:
    # On Linux alone, a thread has a niceness of its own.
    if sys.platform == "linux":
        thread = threading.get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread) + NICENESS
        os.setpriority(os.PRIO_PROCESS, thread, niceness)


def _execute(function: Callable[[], R], future: Future[R]) -> Callable[[], None]:
    """Call a function. Returns what sets its result or its exception on the future."""
    try:
        return functools.partial(future.set_result, function())
    except Exception as error:
        return functools.partial(future.set_exception, error)
    except BaseException as error:
        # SystemExit raised by a library would end the event loop that waits for the call.
        failure = RuntimeError(f"{type(error).__name__} in a thread")
        return functools.partial(future.set_exception, failure)


_pools: WeakSet[DaemonThreadPool] = WeakSet()


@atexit.register
def _shut_down_pools() -> None:
    until = time.monotonic() + EXIT_TIMEOUT_S
    pools = list(_pools)
    for pool in pools:
        pool.shutdown()
    for pool in pools:
        with suppress(Exception):
            pool.terminated.result(max(0.0, until - time.monotonic()))


async def wait_done(future: Future[R], timeout_s: float = math.inf) -> bool:
    """Wait until a future is done, at most ``timeout_s`` seconds. Returns whether it is.

    Neither raises the exception of the future nor cancels it.
    """
    if not future.done():
        waiting = asyncio.wrap_future(future)
        # Marks the exception as retrieved; the caller gets it from ``future`` itself.
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait({waiting}, timeout=max(0.0, timeout_s))
    return future.done()
