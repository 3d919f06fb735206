"""Connections that are dropped as soon as they have a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from tests.server.connection import RawConnection

METHOD = "/summsvc.v1.TranslationService/Translate"


def steps(port: int) -> Iterator[None]:
    """Open a connection, send the headers of a call and close the connection in each step."""
    while True:
        with suppress(OSError), RawConnection(port) as wire:
            wire.open(METHOD, range(1))
        yield
