"""A client that stops reading: few responses are produced in advance, none are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from grpc_health.v1 import health_pb2

from summsvc.server.codec import to_proto
from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb
from tests.running import Running
from tests.server.connection import RawConnection
from tests.server.watched import eventually

STREAM_TRANSLATE = "/summsvc.v1.TranslationService/StreamTranslate"
LINES = 1_500
READERS = 5


@pytest.fixture
def made() -> Iterator[list[Any]]:
    """The produced responses, the newest last."""
    events: list[Any] = []
    make = to_proto.stream_event

    def made_and_kept(event: Any) -> Any:
        events.append(event)
        return make(event)

    with patch.object(to_proto, "stream_event", made_and_kept):
        yield events


def request() -> bytes:
    """Lines without words, which need no model and keep their length in the reply."""
    body = "\n".join(f"{number:04d} " + "7 " * 60 for number in range(LINES))
    return pb.StreamTranslateRequest(
        request=pb.TranslateRequest(
            article=article_pb2.Article(body=body, language_code="en"), target_language_code="ru"
        )
    ).SerializeToString()


def settled(made: list[Any]) -> int:
    """Wait until no more responses are produced; return their number."""
    eventually(lambda: bool(made))
    before = -1
    while before < len(made):
        before = len(made)
        time.sleep(1)
    return before


def test_responses_are_produced_no_faster_than_they_are_read(
    translating_server: Running, made: list[Any]
) -> None:
    before = translating_server.codes()
    wires = [RawConnection(translating_server.server.port) for _ in range(READERS)]
    for wire in wires:
        wire.call(STREAM_TRANSLATE, request())
    # The transport buffers about 64 KB of each stream.
    assert settled(made) < READERS * LINES / 2
    assert translating_server.health() == health_pb2.HealthCheckResponse.SERVING
    assert not translating_server.server._active_calls.idle()
    for wire in wires:
        wire.close()
    eventually(translating_server.server._active_calls.idle)
    # A write to a caller that has left is no failure.
    assert translating_server.codes() - before == {"CANCELLED": READERS}


def test_a_stalled_reader_ends_with_its_deadline(
    translating_server: Running, made: list[Any]
) -> None:
    with RawConnection(translating_server.server.port) as wire:
        wire.call(STREAM_TRANSLATE, request(), grpc_timeout="3S")
        eventually(lambda: bool(made))
        eventually(translating_server.server._active_calls.idle)
    assert len(made) < LINES / 2
