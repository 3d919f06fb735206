"""A reader that stops reading: little is made in advance for it, and nothing is left."""

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
from tests.server.connection import Wire
from tests.server.watched import eventually

STREAM_TRANSLATE = "/summsvc.v1.TranslationService/StreamTranslate"
LINES = 1_500
READERS = 5


@pytest.fixture
def made() -> Iterator[list[Any]]:
    """The responses that were made, the newest last."""
    events: list[Any] = []
    make = to_proto.stream_event

    def made_and_kept(event: Any) -> Any:
        events.append(event)
        return make(event)

    with patch.object(to_proto, "stream_event", made_and_kept):
        yield events


def request() -> bytes:
    """Lines without words: they need no model, and are as long in the answer."""
    body = "\n".join(f"{number:04d} " + "7 " * 60 for number in range(LINES))
    return pb.StreamTranslateRequest(
        request=pb.TranslateRequest(
            article=article_pb2.Article(body=body, language_code="en"), target_language_code="ru"
        )
    ).SerializeToString()


def settled(made: list[Any]) -> int:
    """How many responses there are once no more are made."""
    eventually(lambda: bool(made))
    before = -1
    while before < len(made):
        before = len(made)
        time.sleep(1)
    return before


def test_responses_are_made_no_faster_than_they_are_read(
    translating_server: Running, made: list[Any]
) -> None:
    wires = [Wire(translating_server.server.port) for _ in range(READERS)]
    for wire in wires:
        wire.call(STREAM_TRANSLATE, request())
    # The transport holds some 64 KB of each.
    assert settled(made) < READERS * LINES / 2
    assert translating_server.health() == health_pb2.HealthCheckResponse.SERVING
    assert not translating_server.server._active_calls.idle()
    for wire in wires:
        wire.close()
    eventually(translating_server.server._active_calls.idle)


def test_a_reader_that_stopped_is_ended_by_its_deadline(
    translating_server: Running, made: list[Any]
) -> None:
    with Wire(translating_server.server.port) as wire:
        wire.call(STREAM_TRANSLATE, request(), grpc_timeout="3S")
        eventually(lambda: bool(made))
        eventually(translating_server.server._active_calls.idle)
    assert len(made) < LINES / 2
