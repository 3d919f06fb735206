"""Why bytes are no message, said in bounded time."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.errors import MalformedRequestError
from summsvc.server.wire import LOOKED_AT, invalid_utf8, tolerant
from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb

BAD = b"\x0a\x01\xff"
DESCRIPTOR = pb.TranslateRequest.DESCRIPTOR


def test_the_field_is_named_however_deep_and_whatever_stands_before_it() -> None:
    request = pb.TranslateRequest(target_language_code="ru", bypass_cache=True)
    request.decoding.length_penalty = 0.5
    before = request.SerializeToString()
    assert invalid_utf8(before + b"\x0a\x03" + BAD, DESCRIPTOR) == "article.title"
    assert invalid_utf8(before, DESCRIPTOR) == ""


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    invalid_utf8(data, DESCRIPTOR)
    read = tolerant(article_pb2.Article)(data)
    assert isinstance(read, article_pb2.Article | MalformedRequestError)


@pytest.mark.parametrize("unit", [b"\x0a\x00", b"\x78\x01", b"\x0a\x02\x0a\x00"])
def test_no_more_than_so_many_fields_are_looked_at(unit: bytes) -> None:
    steps = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event == "call"

    sys.setprofile(count)
    try:
        found = invalid_utf8(unit * 200_000 + b"\x0a\x03" + BAD, DESCRIPTOR)
    finally:
        sys.setprofile(None)
    assert found == ""
    assert steps < 10 * LOOKED_AT
