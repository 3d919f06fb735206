"""Replies encoded in chunks equal the reply encoded at once."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.errors import LanguageUnknownError, TextTooLongError
from summsvc.server.codec import to_proto
from summsvc.server.codec.status import status_of
from summsvc.v1 import translation_service_pb2 as pb

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SEGMENTS = st.lists(st.builds(lambda text: pb.TranslatedSegment(text=text), TEXTS), max_size=700)


@given(TEXTS, SEGMENTS)
def test_a_reply_encoded_in_chunks_equals_the_reply(
    body: str, segments: list[pb.TranslatedSegment]
) -> None:
    data = to_proto.encode_reply(
        1_000_000, pb.TranslateResponse(body=body), segments=iter(segments)
    )
    assert pb.TranslateResponse.FromString(data) == pb.TranslateResponse(
        body=body, segments=segments
    )


@given(st.lists(st.one_of(st.text("aя", max_size=300), st.none()), max_size=5))
def test_a_batch_of_replies_and_errors_is_in_order(bodies: list[str | None]) -> None:
    error = LanguageUnknownError("no", field="article.language_code")
    outcomes = [
        error if body is None else pb.TranslateResponse(body=body).SerializeToString()
        for body in bodies
    ]
    data = to_proto.encode_batch(1_000_000, pb.BatchTranslateResponse, outcomes)
    reply = pb.BatchTranslateResponse.FromString(data)
    for body, result in itertools.zip_longest(bodies, reply.results):
        if body is None:
            assert result.error == status_of(error)
        else:
            assert result.WhichOneof("result") == "response"
            assert result.response == pb.TranslateResponse(body=body)


def test_a_reply_over_the_limit_is_rejected() -> None:
    head = pb.TranslateResponse(body="x" * 98)
    assert len(to_proto.encode_reply(100, head)) == 100
    with pytest.raises(TextTooLongError) as caught:
        to_proto.encode_reply(100, head, segments=[pb.TranslatedSegment()])
    assert caught.value.metadata == {"limit": "100", "length": "102"}
