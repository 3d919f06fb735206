"""Connections of an attack: one after the other, or many at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

from tests.server.connection import RawConnection

PAUSE_S = 0.01
"""Seconds between the steps of an attack that is not a flood."""


class Closable(Protocol):
    """A connection or a socket."""

    def close(self) -> None: ...


def one_by_one(port: int, steps: Callable[[RawConnection], Iterator[None]]) -> Iterator[None]:
    """Take the steps on one connection, and on another one whenever the server closes it."""
    while True:
        try:
            with RawConnection(port) as wire:
                yield from steps(wire)
        except OSError:
            yield


def many(count: int, connect: Callable[[], Closable]) -> Iterator[None]:
    """Keep so many connections open; a step opens one, and closes the oldest above the count."""
    held: deque[Closable] = deque()
    try:
        while True:
            with suppress(OSError):
                held.append(connect())
            if len(held) > count:
                held.popleft().close()
                time.sleep(PAUSE_S)
            yield
    finally:
        for each in held:
            each.close()
