"""Single keys of the terminal at standard input, without waiting for Enter."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def single_keys() -> Iterator[None]:
    """Context in which the terminal passes each key at once and does not show it."""
    if not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def pressed(key: str, seconds: float) -> bool:
    """Wait for a key; False if it was not pressed within the time, in seconds."""
    import os

    if not sys.stdin.isatty():
        time.sleep(seconds)
        return False
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left)[0]:
            # Below Python's buffer, which would hide further keys from select.
            typed = os.read(sys.stdin.fileno(), 64)
            if not typed:
                return True
            if key.encode() in typed:
                return True
    return False
