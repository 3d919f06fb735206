"""Lines of text on their way out, written by a thread: whoever is to read them may be late."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

MOST_LINES = 10_000
"""Lines that may wait, some 3 MB; those beyond are dropped."""

AT_ONCE = 1_000
"""Lines written with one system call, at most."""

GATHER_S = 0.02
"""Seconds for which lines are gathered: waking a thread for each costs more than the line."""

RETRY_S = 0.05


class Lines:
    """A stream for logging that never waits for its reader.

    A pipe holds 64 KB. When nobody empties it, a write to it waits for ever, and
    with it whoever writes: here that is a thread and not the event loop.
    descriptor: of the file or pipe. gap: told, in the thread, how many lines are
    missing once others are written again. dropped: lines that were never written.
    """

    def __init__(self, descriptor: int, gap: Callable[[int], None]) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._gap = gap
        self._counting = threading.Lock()
        self._waiting: SimpleQueue[str | threading.Event] = SimpleQueue()
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, line: str) -> None:
        """Have a line written soon; any thread may call it."""
        if self._waiting.qsize() < MOST_LINES:
            self._waiting.put(line)
        else:
            self._drop(1)

    def flush(self) -> None:
        """Does nothing; logging calls it after every line."""

    def wait(self, seconds: float) -> bool:
        """Wait until what was given so far is written; False when it was not by then."""
        reached = threading.Event()
        self._waiting.put(reached)
        return reached.wait(seconds)

    def _run(self) -> None:
        told = 0
        while True:
            given = [self._waiting.get()]
            time.sleep(GATHER_S)
            while len(given) < AT_ONCE:
                try:
                    given.append(self._waiting.get_nowait())
                except Empty:
                    break
            lines = [each for each in given if isinstance(each, str)]
            try:
                self._write("".join(lines).encode("utf-8", "backslashreplace"))
            except OSError:
                # Closed by its reader, or on a full disk.
                self._drop(len(lines))
            else:
                missing, told = self.dropped - told, self.dropped
                if missing:
                    self._gap(missing)
            for each in given:
                if isinstance(each, threading.Event):
                    each.set()

    def _write(self, data: bytes) -> None:
        while data:
            try:
                # Not through sys.stderr: when Python ends it would wait for its lock.
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                time.sleep(RETRY_S)

    def _drop(self, count: int) -> None:
        with self._counting:
            self.dropped += count
