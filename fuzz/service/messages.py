"""Deserialization of requests: what protobuf accepts, or an error that names the reason."""

from __future__ import annotations

from google.protobuf.message import DecodeError, Message

from summsvc.config import Settings
from summsvc.errors import InvalidInputError, SummsvcError
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.v1 import article_pb2, model_service_pb2
from summsvc.v1 import summarization_service_pb2 as summarization
from summsvc.v1 import translation_service_pb2 as translation

REQUESTS: tuple[type[Message], ...] = (
    translation.TranslateRequest,
    summarization.SummarizeRequest,
    translation.BatchTranslateRequest,
    summarization.BatchSummarizeRequest,
    translation.StreamTranslateRequest,
    model_service_pb2.ListModelsRequest,
    model_service_pb2.GetServerInfoRequest,
)
"""The request of each method; an input's first byte chooses one."""

INNER: dict[type[Message], type[Message]] = {
    translation.BatchTranslateRequest: translation.TranslateRequest,
    summarization.BatchSummarizeRequest: summarization.SummarizeRequest,
}
"""The request in each kind of batch."""

_DESERIALIZERS = [(RequestDeserializer(Settings(max_terms=terms)), terms) for terms in (500, 2)]
_USED = [
    (each.deserializer(request), each, terms)
    for each, terms in _DESERIALIZERS
    for request in REQUESTS
]


def run(data: bytes) -> None:
    """Deserialize a request, and compare the message with that of protobuf."""
    choice, data = data[:1], data[1:]
    number = choice[0] if choice else 0
    deserialize, deserializer, _ = _USED[number % len(_USED)]
    request = REQUESTS[number % len(REQUESTS)]
    found = deserialize(data)
    if isinstance(found, SummsvcError):
        assert isinstance(found, InvalidInputError)
        assert str(found).isprintable()
        return
    if isinstance(found, list):
        inner = INNER[request]
        for part in found:
            try:
                deserializer.parse(inner, part)
            except InvalidInputError:
                continue
        return
    try:
        parsed = request.FromString(data)
    except DecodeError:
        raise AssertionError("protobuf rejects what was accepted") from None
    assert found.SerializeToString(deterministic=True) == parsed.SerializeToString(
        deterministic=True
    )


def requests() -> list[Message]:
    """Valid requests of every method, with every field."""
    article = article_pb2.Article(
        title="The mayor met the bishop",
        body="The mayor met the bishop in Riga on Friday. The talks will continue.",
        language_code="en",
        mime_type="text/plain",
    )
    page = article_pb2.Article(
        body="<html><body><h1>A bridge</h1><p>The mayor met the <b>bishop</b> in Riga.</p></body>",
        mime_type="text/html",
        language_code="en",
    )
    decoding = article_pb2.DecodingOptions(beam_size=2, max_output_tokens=20)
    translate = translation.TranslateRequest(
        article=article,
        target_language_code="ru",
        include_segments=True,
        do_not_translate=["Riga"],
        glossary=[translation.GlossaryEntry(source="mayor", target="мэр")],
        decoding=decoding,
    )
    other = translation.TranslateRequest(
        article=page, target_language_code="lt", keep_boilerplate=True
    )
    summarize = summarization.SummarizeRequest(article=article)
    summarize.length.max_sentences = 1
    words = summarization.SummarizeRequest(
        article=page, method=summarization.SUMMARY_METHOD_EXTRACTIVE, target_language_code="ru"
    )
    words.length.max_words = 9
    return [
        translate,
        other,
        summarize,
        words,
        translation.BatchTranslateRequest(requests=[translate, other]),
        summarization.BatchSummarizeRequest(requests=[summarize, words]),
        translation.StreamTranslateRequest(request=translate),
        model_service_pb2.ListModelsRequest(),
        model_service_pb2.GetServerInfoRequest(),
    ]


def seeds() -> list[bytes]:
    """The valid requests with the byte that chooses their method, and with that of another."""
    found: list[bytes] = []
    for message in requests():
        number = REQUESTS.index(type(message))
        for choice in (number, number + len(REQUESTS), 0):
            found.append(bytes([choice]) + message.SerializeToString())
    return found
