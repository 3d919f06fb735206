"""Calls whose request message arrives byte by byte."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count

from bench.attacks.connections import PAUSE_S
from tests.server import frames
from tests.server.connection import RawConnection

CONNECTIONS = 20
STREAMS = 100
START = b"\0" + (1_000_000).to_bytes(4)
"""Start of a message of a megabyte."""


def steps(port: int) -> Iterator[None]:
    """Send one byte more of the messages of ``CONNECTIONS`` x ``STREAMS`` calls in each step."""
    with ExitStack() as stack:
        wires = [stack.enter_context(RawConnection(port)) for _ in range(CONNECTIONS)]
        for wire in wires:
            wire.open(frames.TRANSLATE, range(STREAMS))
        for at in count():
            byte = START[at : at + 1] or b"x"
            for wire in wires:
                with suppress(OSError):
                    wire.send(
                        *(frames.frame(frames.DATA, 0, 1 + 2 * n, byte) for n in range(STREAMS))
                    )
            yield
            time.sleep(PAUSE_S)
