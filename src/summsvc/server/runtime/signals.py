"""SIGTERM and SIGINT handling: the first signal starts the shutdown, the second exits at once.

A server process below a supervisor is also told to shut down by a message. That is no signal: a
service manager that sends SIGTERM to all processes of the service does not end it at once.
"""

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

FORCED_EXIT_S = 1.0
"""Seconds after the time of the shutdown at which the process exits even if it is blocked."""

TERMINATION_SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Signals that shut the server down."""


class TerminationSignals:
    """Handles the termination signals, from its construction on.

    shutdown_s: seconds that a shutdown may take, without the time to close the transport.
    exit_process: exits with a code; called in the main thread on the second signal, with
        128 plus its number.
    received: set by the first signal.
    """

    def __init__(self, shutdown_s: float, exit_process: Callable[[int], None]) -> None:
        self.received = asyncio.Event()
        # The event is set by the event loop, which may be blocked.
        self._signalled = self._begun = False
        self._limit_s = shutdown_s + FORCED_EXIT_S
        self._exit_process = exit_process
        self._loop = asyncio.get_running_loop()
        for signum in TERMINATION_SIGNALS:
            # The loop's handler wakes the loop, whichever thread receives the signal.
            # Python's handler also runs while the loop is blocked.
            self._loop.add_signal_handler(signum, lambda: None)
            signal.signal(signum, self._handle)

    def _handle(self, signum: int, _frame: FrameType | None) -> None:
        if self._signalled:
            log.warning("second signal, exiting immediately", signal=signal.Signals(signum).name)
            self._exit_process(128 + signum)
        self._signalled = True
        self.begin()

    def begin(self) -> None:
        """Start the shutdown like the first signal, without effect after it. Thread-safe."""
        if self._begun:
            return
        self._begun = True
        self._loop.call_soon_threadsafe(self.received.set)
        # Exits the process without the event loop and without the GIL.
        faulthandler.dump_traceback_later(self._limit_s, file=_unblocked_stderr(), exit=True)


def _unblocked_stderr() -> int:
    """Open a non-blocking descriptor of standard error; of /dev/null where that is impossible."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK
    try:
        return os.open(f"/dev/fd/{sys.stderr.fileno()}", flags)
    except OSError:
        # Standard error is a socket, or belongs to another user.
        return os.open(os.devnull, flags)
