"""Request deserialization: agrees with protobuf, and scans a bounded number of fields."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from summsvc.config import Settings
from summsvc.errors import InvalidFieldError, InvalidInputError, MalformedRequestError
from summsvc.server.codec.deserialize import EXTRA_FIELDS, FIELDS_PER_TERM, RequestDeserializer
from summsvc.server.codec.wire_format import length_delimited
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as pb

BAD = b"\x0a\x01\xff"
SMALL = RequestDeserializer(Settings(max_batch_articles=3, max_terms=2))
BY_DEFAULT = RequestDeserializer(Settings())

words = st.text("aб \n", max_size=3)
articles = st.builds(article_pb2.Article, title=words, body=words)
requests = st.builds(
    pb.TranslateRequest,
    article=articles,
    target_language_code=words,
    include_segments=st.booleans(),
    do_not_translate=st.lists(words, max_size=4),
    glossary=st.lists(st.builds(pb.GlossaryEntry, source=words, target=words), max_size=4),
    decoding=st.builds(article_pb2.DecodingOptions, length_penalty=st.floats(-1, 1)),
)
UNKNOWN = (b"\x78\x96\x01", b"\x7a\x02\x32\x00", b"\x79" + b"2" * 8, b"\x7d" + b"2" * 4)
"""Field 15 of each wire type, with bytes that could be mistaken for a glossary entry."""

encoded = st.lists(
    st.one_of(requests.map(pb.TranslateRequest.SerializeToString), st.sampled_from(UNKNOWN)),
    max_size=3,
).map(b"".join)
"""Concatenated messages, which are one message with the lists of all of them."""


def refused(receiver: RequestDeserializer, message: type, data: bytes) -> InvalidInputError:
    answer = receiver.deserializer(message)(data)
    assert isinstance(answer, InvalidInputError)
    return answer


@given(encoded)
def test_field_counts_agree_with_protobuf(data: bytes) -> None:
    parsed = pb.TranslateRequest.FromString(data)
    read = SMALL.deserializer(pb.TranslateRequest)(data)
    if max(len(parsed.do_not_translate), len(parsed.glossary)) <= 2:
        assert read == parsed
    else:
        assert isinstance(read, InvalidFieldError)
        assert len(getattr(parsed, read.field)) > 2
        assert read.metadata == {"limit": "2"}


@given(st.lists(st.one_of(requests, st.sampled_from(UNKNOWN)), max_size=6))
def test_a_batch_is_split_as_protobuf_does(parts: list[pb.TranslateRequest | bytes]) -> None:
    data = b"".join(
        part
        if isinstance(part, bytes)
        else pb.BatchTranslateRequest(requests=[part]).SerializeToString()
        for part in parts
    )
    parsed = list(pb.BatchTranslateRequest.FromString(data).requests)
    if 0 < len(parsed) <= 3:
        divided = SMALL.split_batch(pb.BatchTranslateRequest, data)
        assert list(map(pb.TranslateRequest.FromString, divided)) == parsed
    else:
        error = refused(SMALL, pb.BatchTranslateRequest, data)
        assert (error.reason, error.field) == ("INVALID_FIELD", "requests")


@given(encoded, st.data())
def test_invalid_messages_are_rejected_as_malformed(data: bytes, drawn: st.DataObject) -> None:
    """Truncated or changed bytes: what protobuf rejects is rejected, and little else."""
    at = drawn.draw(st.integers(0, len(data)))
    data = data[:at] + drawn.draw(st.binary(max_size=2)) + data[at + 1 :]
    read = BY_DEFAULT.deserializer(pb.TranslateRequest)(data)
    try:
        parsed = pb.TranslateRequest.FromString(data)
    except DecodeError:
        assert isinstance(read, MalformedRequestError)
    else:
        # Groups, which protobuf would skip, are rejected.
        assert read == parsed or isinstance(read, MalformedRequestError)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_a_batch_or_an_error(data: bytes) -> None:
    for message in (article_pb2.Article, pb.TranslateRequest):
        read = BY_DEFAULT.deserializer(message)(data)
        assert isinstance(read, message | InvalidInputError)
    batch = BY_DEFAULT.deserializer(pb.BatchTranslateRequest)(data)
    assert isinstance(batch, list | InvalidInputError)


@given(st.lists(encoded, max_size=3))
def test_concatenated_messages_are_counted_together(parts: list[bytes]) -> None:
    data = b"".join(length_delimited(1, part) for part in parts)
    parsed = pb.StreamTranslateRequest.FromString(data)
    read = SMALL.deserializer(pb.StreamTranslateRequest)(data)
    counts = {
        "request.do_not_translate": len(parsed.request.do_not_translate),
        "request.glossary": len(parsed.request.glossary),
    }
    if max(counts.values()) <= 2:
        assert read == parsed
    else:
        assert isinstance(read, InvalidFieldError)
        assert counts[read.field] > 2


def test_an_invalid_utf8_string_is_named_at_any_depth_and_position() -> None:
    request = pb.TranslateRequest(target_language_code="ru", bypass_cache=True)
    request.decoding.length_penalty = 0.5
    before = request.SerializeToString()
    error = refused(BY_DEFAULT, pb.TranslateRequest, before + b"\x0a\x03" + BAD)
    assert (error.reason, error.field) == ("MALFORMED_REQUEST", "article.title")


@pytest.mark.parametrize(
    ("message", "unit"),
    [
        (pb.TranslateRequest, b"\x32\x00"),
        (pb.TranslateRequest, b"\x2a\x00"),
        (pb.TranslateRequest, b"\x0a\x02\x0a\x00"),
        (pb.TranslateRequest, b"\x20\x01"),
        (pb.TranslateRequest, b"\x7a\x00"),
        (pb.StreamTranslateRequest, b"\x0a\x02\x32\x00"),
        (pb.BatchTranslateRequest, b"\x0a\x00"),
        (pb.BatchTranslateRequest, b"\x78\x01"),
        (summaries.BatchSummarizeRequest, b"\x0a\x00"),
        (summaries.SummarizeRequest, b"\x12\x02\x08\x01"),
    ],
)
def test_the_number_of_scanned_fields_is_bounded(message: type, unit: bytes) -> None:
    steps = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event == "call"

    data = unit * 200_000
    sys.setprofile(count)
    try:
        refused(BY_DEFAULT, message, data)
    finally:
        sys.setprofile(None)
    limits = Settings()
    most = EXTRA_FIELDS + limits.max_batch_articles + FIELDS_PER_TERM * limits.max_terms
    assert steps < 10 * most
