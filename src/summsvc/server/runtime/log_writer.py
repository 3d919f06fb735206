"""Non-blocking log writer: a slow reader never blocks the event loop."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue

MAX_QUEUED_LINES = 10_000
"""Lines that may wait to be written, about 3 MB; further lines are dropped."""

LINES_PER_TURN = 1_000
"""Most lines that are taken from the queue at once."""

BYTES_PER_WRITE = 4_096
"""Most bytes of several lines that are written with one system call: PIPE_BUF of Linux. Processes
that share a pipe do not mix their writes up to this size."""

WRITE_DELAY_S = 0.02
"""Seconds during which lines are collected before a write: waking the thread for each line would
cost more than the line."""

BLOCKED_RETRY_S = 0.05
"""Seconds before a write to a full non-blocking pipe is retried."""


class LogWriter:
    """Output stream for logging that writes in a thread of its own.

    A pipe holds 64 KB. A write to a full pipe blocks until its reader empties it; here it
    blocks the writer's thread and not the event loop.

    descriptor: file descriptor to write to.
    on_dropped: called in the thread, once lines can be written again, with the number of
        lines that were dropped before.
    dropped: number of lines that were never written.
    """

    def __init__(self, descriptor: int, on_dropped: Callable[[int], None]) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._on_dropped = on_dropped
        self._drop_lock = threading.Lock()
        self._queue: SimpleQueue[str | threading.Event] = SimpleQueue()
        threading.Thread(target=self._write_lines, name="log", daemon=True).start()

    def write(self, line: str) -> None:
        """Queue a line, or drop it when the queue is full. Thread-safe."""
        if self._queue.qsize() < MAX_QUEUED_LINES:
            self._queue.put(line)
        else:
            self._drop(1)

    def flush(self) -> None:
        """Do nothing; logging calls it after each line."""

    def wait_until_written(self, seconds: float) -> bool:
        """Wait until the lines queued so far are written; False after ``seconds``."""
        reached = threading.Event()
        self._queue.put(reached)
        return reached.wait(seconds)

    def _write_lines(self) -> None:
        reported = 0
        while True:
            entries: list[str | threading.Event] = [self._queue.get()]
            time.sleep(WRITE_DELAY_S)
            while len(entries) < LINES_PER_TURN:
                try:
                    entries.append(self._queue.get_nowait())
                except Empty:
                    break
            for lines in _writes(entry for entry in entries if isinstance(entry, str)):
                try:
                    self._write(b"".join(lines))
                except OSError:
                    # The reader has closed the pipe, or the disk is full.
                    self._drop(len(lines))
                else:
                    missing, reported = self.dropped - reported, self.dropped
                    if missing:
                        self._on_dropped(missing)
            for entry in entries:
                if isinstance(entry, threading.Event):
                    entry.set()

    def _write(self, data: bytes) -> None:
        while data:
            try:
                # Not through sys.stderr: Python would wait for its lock at exit.
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                time.sleep(BLOCKED_RETRY_S)

    def _drop(self, count: int) -> None:
        with self._drop_lock:
            self.dropped += count


def _writes(lines: Iterable[str]) -> Iterator[list[bytes]]:
    """Divide lines into groups of at most ``BYTES_PER_WRITE``; a longer line is one alone."""
    group: list[bytes] = []
    for line in lines:
        data = line.encode("utf-8", "backslashreplace")
        if group and sum(map(len, group)) + len(data) > BYTES_PER_WRITE:
            yield group
            group = []
        group.append(data)
    if group:
        yield group
