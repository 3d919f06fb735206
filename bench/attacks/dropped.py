"""Connections that are dropped as soon as they have a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from tests.server.connection import RawConnection
from tests.server.frames import TRANSLATE


def steps(port: int) -> Iterator[None]:
    """Open a connection, send the headers of a call and close the connection in each step."""
    while True:
        with suppress(OSError), RawConnection(port) as wire:
            wire.open(TRANSLATE, range(1))
        yield
