"""SIGTERM and SIGINT: the first begins the end of the process, the second is the end."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

import structlog

log = structlog.get_logger("summsvc.server")

LAST_S = 1.0
"""Seconds after the drain at which the process ends whatever runs in it."""

ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Listens to the signals that end this process, from the moment it is made.

    drain_s: seconds given to accepted calls. leave: ends the process at once with an
    exit code; called in the main thread on the second signal, with 128 + its number.
    """

    def __init__(self, drain_s: float, leave: Callable[[int], None]) -> None:
        self.first = asyncio.Event()
        self._limit_s = drain_s + LAST_S
        self._leave = leave
        self._loop = asyncio.get_running_loop()
        for signum in ENDING:
            # The loop's own way wakes it, whichever thread the system gives the signal to.
            # A handler of Python's runs also while the loop is held up.
            self._loop.add_signal_handler(signum, lambda: None)
            signal.signal(signum, self._handle)

    def _handle(self, signum: int, _frame: FrameType | None) -> None:
        if self.first.is_set():
            log.warning("ended by a second signal", signal=signal.Signals(signum).name)
            self._leave(128 + signum)
        self._loop.call_soon_threadsafe(self.first.set)
        # Needs neither the event loop nor the interpreter's lock.
        faulthandler.dump_traceback_later(self._limit_s, file=_unblocked_stderr(), exit=True)


def _unblocked_stderr() -> int:
    """A descriptor of standard error that never waits for a reader; of nothing without one."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK
    try:
        return os.open(f"/dev/fd/{sys.stderr.fileno()}", flags)
    except OSError:
        # It is a socket, or belongs to another user.
        return os.open(os.devnull, flags)
