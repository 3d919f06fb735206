"""Invalid input of every kind: a documented status with details, other calls undisturbed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from summsvc.server.codec.wire_format import length_delimited
from summsvc.v1 import article_pb2, translation_service_pb2
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import refusal

INVALID = grpc.StatusCode.INVALID_ARGUMENT
GOOD = "The president met the mayor in Riga on Friday. It will rain tomorrow. Nobody was hurt."


def article(body: str = GOOD, **fields: str) -> article_pb2.Article:
    return article_pb2.Article(body=body, **fields)


def summarize(channel: grpc.Channel, **fields: Any) -> Any:
    return SummarizationServiceStub(channel).Summarize(pb.SummarizeRequest(**fields), timeout=60)


def translate(channel: grpc.Channel, **fields: Any) -> Any:
    request = translation_service_pb2.TranslateRequest(**fields)
    return TranslationServiceStub(channel).Translate(request, timeout=60)


@pytest.fixture
def neighbour(channel: grpc.Channel) -> Iterator[None]:
    """Repeats a valid call during the test; its replies must not change."""
    expected = summarize(channel, article=article()).summary
    stop = threading.Event()
    answers: list[str] = []

    def call() -> None:
        while not stop.is_set() or not answers:
            answers.append(summarize(channel, article=article()).summary)

    thread = threading.Thread(target=call)
    thread.start()
    yield
    stop.set()
    thread.join(60)
    assert set(answers) == {expected}


def length(**fields: Any) -> dict[str, Any]:
    return {"article": article(), "length": pb.SummaryLength(**fields)}


Call = Callable[..., Any]
CASES: list[tuple[str, Call, dict[str, Any], str, str]] = [
    ("empty", summarize, {"article": article("")}, "EMPTY_ARTICLE", "article.body"),
    ("white space", summarize, {"article": article(" \n\t\u00a0 ")}, "EMPTY_ARTICLE",
     "article.body"),
    ("no article", summarize, {}, "EMPTY_ARTICLE", "article.body"),
    ("only emoji", summarize, {"article": article("😀😀!")}, "EMPTY_ARTICLE", "article.body"),
    ("2 MB", summarize, {"article": article("word " * 400_000)}, "TEXT_TOO_LONG", "article.body"),
    ("long title", summarize, {"article": article(title="t" * 3000)}, "TEXT_TOO_LONG",
     "article.title"),
    ("NUL", summarize, {"article": article("One\x00two three.")}, "INVALID_FIELD", "article.body"),
    ("NUL in title", translate, {"article": article(title="a\x00"), "target_language_code": "ru"},
     "INVALID_FIELD", "article.title"),
    ("mime type", summarize, {"article": article(mime_type="application/pdf")}, "INVALID_FIELD",
     "article.mime_type"),
    ("language", summarize, {"article": article(language_code="xx")}, "LANGUAGE_UNKNOWN",
     "article.language_code"),
    ("malformed language", summarize, {"article": article(language_code="en_!")},
     "LANGUAGE_UNKNOWN", "article.language_code"),
    ("target language", translate, {"article": article(), "target_language_code": "zz"},
     "LANGUAGE_UNKNOWN", "target_language_code"),
    ("no target", translate, {"article": article()}, "INVALID_FIELD", "target_language_code"),
    ("same language", translate, {"article": article(), "target_language_code": "en"},
     "UNSUPPORTED_PAIR", "target_language_code"),
    ("pair", translate, {"article": article(), "target_language_code": "fr"}, "UNSUPPORTED_PAIR",
     "target_language_code"),
    ("too short to tell", summarize, {"article": article("OK")}, "LANGUAGE_UNDETERMINED",
     "article.language_code"),
    ("0 sentences", summarize, length(max_sentences=0), "INVALID_FIELD", "length.max_sentences"),
    ("-1 sentences", summarize, length(max_sentences=-1), "INVALID_FIELD", "length.max_sentences"),
    ("10^9 sentences", summarize, length(max_sentences=10**9), "INVALID_FIELD",
     "length.max_sentences"),
    ("0 words", summarize, length(max_words=0), "INVALID_FIELD", "length.max_words"),
    ("ratio NaN", summarize, length(ratio=float("nan")), "INVALID_FIELD", "length.ratio"),
    ("ratio infinite", summarize, length(ratio=float("inf")), "INVALID_FIELD", "length.ratio"),
    ("ratio above 1", summarize, length(ratio=1.5), "INVALID_FIELD", "length.ratio"),
    ("two lengths", summarize, length(max_words=9, ratio=0.5), "INVALID_FIELD", "length.ratio"),
    ("method", summarize, {"article": article(), "method": 77}, "INVALID_FIELD", "method"),
    ("a model to extract", summarize,
     {"article": article(), "method": pb.SUMMARY_METHOD_EXTRACTIVE, "model": "distilbart-cnn"},
     "INVALID_FIELD", "model"),
    ("unknown model", translate,
     {"article": article(), "target_language_code": "ru", "model": "nope"},
     "UNKNOWN_MODEL", "model"),
    ("beam size", translate,
     {"article": article(), "target_language_code": "ru",
      "decoding": article_pb2.DecodingOptions(beam_size=99)},
     "INVALID_FIELD", "decoding.beam_size"),
    ("empty term", translate,
     {"article": article(), "target_language_code": "ru", "do_not_translate": [" "]},
     "INVALID_FIELD", "do_not_translate[0]"),
]  # fmt: skip


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize(("call", "fields", "reason", "field"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_refused_with_the_field_named(
    channel: grpc.Channel, call: Call, fields: dict[str, Any], reason: str, field: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, **fields)
    said = refusal(caught.value)
    assert (said.code, said.reason, said.domain) == (INVALID, reason, "summsvc")
    assert said.fields == [field]
    assert said.message
    assert said.metadata["request_id"]


def raw(channel: grpc.Channel, method: str, data: bytes) -> bytes:
    call = channel.unary_unary(method, request_serializer=None, response_deserializer=None)
    answer: bytes = call(data, timeout=30)
    return answer


@pytest.mark.parametrize(
    ("text", "field"),
    [(b"\xff\xfe", "article.body"), (b"\xed\xa0\x80", "article.body"), (b"\xc3", "article.body")],
    ids=["not UTF-8", "surrogate", "cut short"],
)
def test_invalid_utf8_on_the_wire_names_the_field(
    channel: grpc.Channel, text: bytes, field: str
) -> None:
    inner = b"\x12" + bytes([len(text)]) + text
    data = b"\x0a" + bytes([len(inner)]) + inner
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, "/summsvc.v1.SummarizationService/Summarize", data)
    said = refusal(caught.value)
    assert (said.code, said.reason, said.fields) == (INVALID, "MALFORMED_REQUEST", [field])


def test_bytes_that_are_not_a_message(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, "/summsvc.v1.TranslationService/Translate", b"\x0a\xff")
    said = refusal(caught.value)
    assert (said.code, said.reason) == (INVALID, "MALFORMED_REQUEST")


OTHERS = (
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
)
"""Methods of services that are not part of summsvc."""


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("method", OTHERS)
@pytest.mark.parametrize(
    "data",
    [b"\x0a\xff", b"\x0a\x01\xff", length_delimited(1, b"a" * 8_000_000), b"\x0a\x01a" * 2_500_000],
    ids=["no message", "not UTF-8", "8 MB in one field", "8 MB in many"],
)
def test_bad_requests_to_health_and_reflection(
    channel: grpc.Channel, method: str, data: bytes
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, method, data)
    said = refusal(caught.value)
    assert (said.code, said.reason) == (INVALID, "MALFORMED_REQUEST")
    assert said.metadata["request_id"]
    if len(data) > 1_000_000:
        assert said.metadata["limit"] == "65536"


@pytest.mark.parametrize(
    "method", ["/summsvc.v1.SummarizationService/Rewrite", "/no.such.Service/Do"]
)
def test_an_unknown_method(channel: grpc.Channel, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, method, b"")
    said = refusal(caught.value)
    assert (said.code, said.reason) == (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")
    assert said.metadata["method"] == method


def test_an_oversized_message_is_refused_by_the_transport(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        summarize(channel, article=article("x" * 9_000_000))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "8388608" in str(caught.value.details())


def test_a_title_alone_is_summarized_and_translated(channel: grpc.Channel) -> None:
    only = article_pb2.Article(title="The president will visit Riga next week.")
    assert summarize(channel, article=only).summary == only.title
    answer = translate(channel, article=only, target_language_code="ru")
    assert answer.title == "Президент посетит Ригу на следующей неделе."
    assert answer.body == ""


def test_right_to_left_and_emoji_text_passes_unchanged(channel: grpc.Channel) -> None:
    text = "الرئيس زار المدينة يوم الجمعة 😀. قال إن المحادثات ستستمر. لم يصب أحد."
    answer = summarize(channel, article=article(text, language_code="ar"))
    for sentence in answer.sentences:
        span = sentence.source_span
        assert text[span.start : span.end] == sentence.text


def test_one_sentence_of_50_000_code_points(channel: grpc.Channel) -> None:
    text = ("and then the president said that the talks will continue " * 1000)[:49_999] + "."
    answer = summarize(channel, article=article(text))
    assert answer.sentences[0].source_span.end == len(text)
    length_ = pb.SummaryLength(max_words=10)
    short = summarize(channel, article=article(text), length=length_)
    assert short.warnings[-1].type == article_pb2.WARNING_TYPE_LENGTH_NOT_MET


def test_in_a_batch_only_the_bad_article_fails(channel: grpc.Channel) -> None:
    requests = [
        pb.SummarizeRequest(article=article()),
        pb.SummarizeRequest(article=article("")),
        pb.SummarizeRequest(article=article(), length=pb.SummaryLength(max_sentences=0)),
        pb.SummarizeRequest(article=article()),
    ]
    batch = pb.BatchSummarizeRequest(requests=requests)
    results = SummarizationServiceStub(channel).BatchSummarize(batch, timeout=60).results
    assert [each.WhichOneof("result") for each in results] == [
        "response", "error", "error", "response",
    ]  # fmt: skip
    assert results[1].error.code == INVALID.value[0]
    assert "requests[2].length.max_sentences" in str(results[2].error.details)


@pytest.mark.parametrize("count", [0, 257])
def test_a_batch_of_too_few_or_too_many(channel: grpc.Channel, count: int) -> None:
    requests = [translation_service_pb2.TranslateRequest()] * count
    batch = translation_service_pb2.BatchTranslateRequest(requests=requests)
    with pytest.raises(grpc.RpcError) as caught:
        TranslationServiceStub(channel).BatchTranslate(batch, timeout=60)
    assert refusal(caught.value).fields == ["requests"]


def test_in_a_batch_only_the_malformed_request_fails(channel: grpc.Channel) -> None:
    good = pb.SummarizeRequest(article=article()).SerializeToString()
    not_utf8 = b"\x0a\x03\x12\x01\xff"
    data = b"".join(length_delimited(1, part) for part in (good, not_utf8, b"\x0b", good))
    answer = raw(channel, "/summsvc.v1.SummarizationService/BatchSummarize", data)
    results = pb.BatchSummarizeResponse.FromString(answer).results
    assert [each.error.code for each in results] == [0, INVALID.value[0], INVALID.value[0], 0]
    assert "requests[1].article.body" in str(results[1].error.details)
    assert "summsvc.v1.SummarizeRequest" in results[2].error.message


def test_in_a_batch_only_the_request_with_too_many_terms_fails(channel: grpc.Channel) -> None:
    requests = [
        translation_service_pb2.TranslateRequest(
            article=article(), target_language_code="ru", do_not_translate=["Riga"] * count
        )
        for count in (500, 501)
    ]
    batch = translation_service_pb2.BatchTranslateRequest(requests=requests)
    first, second = TranslationServiceStub(channel).BatchTranslate(batch, timeout=60).results
    assert first.response.body
    assert second.error.code == INVALID.value[0]
    assert "requests[1].do_not_translate" in str(second.error.details)
