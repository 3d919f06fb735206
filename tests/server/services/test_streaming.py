"""StreamTranslate sends segments while later ones wait; checked by order, not by time."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.checkpoints import pairs
from tests.server.test_leaving import (
    GREEDY,
    channel,
    small_batches,
    watched,
)
from tests.server.watched import ControlledEngine

__all__ = ["channel", "small_batches", "watched"]


KNOWN = [source for source, _ in pairs("en-ru")]


def request() -> pb.StreamTranslateRequest:
    body = "\n\n".join(KNOWN)
    return pb.StreamTranslateRequest(
        request=pb.TranslateRequest(
            article=article_pb2.Article(body=body, language_code="en"),
            target_language_code="ru",
            # One of them is a line that looks like boilerplate.
            keep_boilerplate=True,
            decoding=GREEDY,
            bypass_cache=True,
        )
    )


def test_the_first_segment_comes_after_the_first_batch(
    watched: ControlledEngine, channel: grpc.Channel
) -> None:
    call: Any = TranslationServiceStub(channel).StreamTranslate(request(), timeout=120)
    assert next(call).started.segments == len(KNOWN)
    watched.let(1)
    assert next(call).segment.index == 0
    # The second batch waits for its release, and all others wait behind it.
    watched.wait_for(2)
    assert len(watched.batches) == 2
    call.cancel()


@pytest.mark.parametrize("_time", range(6))
def test_no_segment_is_computed_after_the_reader_disconnects(
    watched: ControlledEngine, channel: grpc.Channel, _time: int
) -> None:
    """Repeated, because the caller disconnects while a segment is sent or computed."""
    call: Any = TranslationServiceStub(channel).StreamTranslate(request(), timeout=120)
    watched.let(3)
    # Every batch starts with the first queued segment.
    received = [next(call) for _ in range(4)]
    assert [event.segment.index for event in received[1:]] == [0, 1, 2]
    watched.wait_for(4)
    call.cancel()
    watched.wait_until_left()
    watched.free()
    watched.wait_until_idle()
    assert len(watched.batches) == 4
