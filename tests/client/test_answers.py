"""Encoding of requests and conversion of replies, with both clients and a fake server."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from google.rpc import status_pb2
from hypothesis import given
from hypothesis import strategies as st

from summsvc.client import (
    Article,
    DecodingOptions,
    Field,
    InvalidArgumentError,
    Language,
    Limits,
    MimeType,
    NotFoundError,
    SegmentKind,
    Span,
    Stats,
    Summary,
    TranslatedSegment,
    TranslationFinished,
    TranslationStarted,
    WarningType,
    from_proto,
    to_proto,
)
from summsvc.v1 import article_pb2
from summsvc.v1 import model_service_pb2 as models
from summsvc.v1 import summarization_service_pb2 as summaries
from summsvc.v1 import translation_service_pb2 as translations
from tests.client.conftest import Caller
from tests.client.fake import FakeServer

ARTICLE = Article("Headline", "<p>Body.</p>", "en", MimeType.HTML)
LANGUAGE = article_pb2.Language(code="en", confidence=0.75, identified=True)
USE = article_pb2.ModelUse(model="m", engine="e", source_language_code="en")
LOST = article_pb2.Warning(
    type=article_pb2.WARNING_TYPE_NUMBER_LOST,
    message="123 is gone",
    field=article_pb2.ARTICLE_FIELD_BODY,
    span=article_pb2.Span(start=3, end=6),
)
SUMMARY = summaries.SummarizeResponse(
    summary="One. Two.",
    sentences=[
        summaries.SummarySentence(
            text="One.",
            field=article_pb2.ARTICLE_FIELD_BODY,
            source_span=article_pb2.Span(start=0, end=4),
            source_text="One.",
            score=0.5,
        ),
        summaries.SummarySentence(text="Two."),
    ],
    language=LANGUAGE,
    summary_language_code="ru",
    method=summaries.SUMMARY_METHOD_EXTRACTIVE,
    models=[USE],
    warnings=[LOST],
    stats=article_pb2.Stats(queue_ms=1.5, segments=2, cache_hits=1),
)
SEGMENT = translations.TranslatedSegment(
    index=1,
    field=article_pb2.ARTICLE_FIELD_TITLE,
    kind=translations.SEGMENT_KIND_HEADING,
    source_span=article_pb2.Span(start=0, end=8),
    source_text="Headline",
    text="Заголовок",
    score=-0.25,
    terms=[translations.TermUse(source="a", target="b", applied=True)],
)
TRANSLATION = translations.TranslateResponse(
    title="Заголовок",
    body="<p>Текст.</p>",
    language=LANGUAGE,
    target_language_code="ru",
    segments=[SEGMENT],
    models=[USE],
)


def test_every_summary_option_reaches_the_server(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = lambda *_: SUMMARY
    call(
        fake.address,
        "summarize",
        ARTICLE,
        max_words=50,
        method="abstractive",
        target_language="lt",
        model="a",
        translation_model="b",
        keep_boilerplate=True,
        decoding=DecodingOptions(beam_size=1, length_penalty=0.0),
        bypass_cache=True,
    )
    assert fake.last_request == summaries.SummarizeRequest(
        article=article_pb2.Article(
            title="Headline", body="<p>Body.</p>", language_code="en", mime_type="text/html"
        ),
        length=summaries.SummaryLength(max_words=50),
        method=summaries.SUMMARY_METHOD_ABSTRACTIVE,
        target_language_code="lt",
        model="a",
        translation_model="b",
        keep_boilerplate=True,
        decoding=article_pb2.DecodingOptions(beam_size=1, length_penalty=0.0),
        bypass_cache=True,
    )


def test_omitted_options_are_not_sent(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = lambda *_: SUMMARY
    call(fake.address, "summarize", "Body.")
    assert fake.last_request == summaries.SummarizeRequest(
        article=article_pb2.Article(body="Body."), length=summaries.SummaryLength()
    )
    assert not fake.last_request.length.ListFields()


def test_zero_is_sent_and_left_to_the_server_to_reject(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = lambda *_: SUMMARY
    call(fake.address, "summarize", "Body.", max_sentences=0)
    assert fake.last_request.length.HasField("max_sentences")


def test_a_summary_is_converted_to_its_type(fake: FakeServer, call: Caller) -> None:
    fake.answers["Summarize"] = lambda *_: SUMMARY
    summary = call(fake.address, "summarize", "One. Two.")
    assert summary.text == "One. Two."
    assert summary.language == Language("en", 0.75, True)
    assert (summary.target_language, summary.method) == ("ru", "extractive")
    first, second = summary.sentences
    assert (first.field, first.span, first.score) == (Field.BODY, Span(0, 4), 0.5)
    assert (second.field, second.span) == (None, None)
    assert summary.models[0].engine == "e"
    (warning,) = summary.warnings
    assert warning.type is WarningType.NUMBER_LOST
    assert (warning.field, warning.span) == (Field.BODY, Span(3, 6))
    assert summary.stats == Stats(1.5, 0, 0, 0, 2, 0, 0, 1)
    assert summary.raw == SUMMARY


def test_every_translation_option_reaches_the_server(fake: FakeServer, call: Caller) -> None:
    fake.answers["Translate"] = lambda *_: TRANSLATION
    call(
        fake.address,
        "translate",
        ARTICLE,
        "ru",
        model="a",
        include_segments=True,
        do_not_translate=["Vilnius"],
        glossary={"potash": "калий"},
        keep_boilerplate=True,
        decoding=DecodingOptions(no_repeat_ngram_size=3),
        bypass_cache=True,
    )
    assert fake.last_request == translations.TranslateRequest(
        article=article_pb2.Article(
            title="Headline", body="<p>Body.</p>", language_code="en", mime_type="text/html"
        ),
        target_language_code="ru",
        model="a",
        include_segments=True,
        do_not_translate=["Vilnius"],
        glossary=[translations.GlossaryEntry(source="potash", target="калий")],
        keep_boilerplate=True,
        decoding=article_pb2.DecodingOptions(no_repeat_ngram_size=3),
        bypass_cache=True,
    )


def test_a_translation_is_converted_to_its_type(fake: FakeServer, call: Caller) -> None:
    fake.answers["Translate"] = lambda *_: TRANSLATION
    translation = call(fake.address, "translate", ARTICLE, "ru")
    assert (translation.title, translation.body) == ("Заголовок", "<p>Текст.</p>")
    assert translation.target_language == "ru"
    (segment,) = translation.segments
    assert segment.kind is SegmentKind.HEADING
    assert segment.field is Field.TITLE
    assert (segment.source_span, segment.target_span) == (Span(0, 8), None)
    assert (segment.text, segment.score) == ("Заголовок", -0.25)
    assert segment.terms[0].applied
    assert segment.raw == SEGMENT


@pytest.mark.parametrize("method", ["batch_summarize", "batch_translate"])
def test_a_batch_returns_results_and_errors_in_order(
    fake: FakeServer, call: Caller, method: str
) -> None:
    error = status_pb2.Status(code=3, message="no text")
    fake.answers["BatchSummarize"] = lambda *_: summaries.BatchSummarizeResponse(
        results=[
            summaries.SummarizeResult(response=SUMMARY),
            summaries.SummarizeResult(error=error),
            summaries.SummarizeResult(response=SUMMARY),
        ]
    )
    fake.answers["BatchTranslate"] = lambda *_: translations.BatchTranslateResponse(
        results=[
            translations.TranslateResult(response=TRANSLATION),
            translations.TranslateResult(error=error),
            translations.TranslateResult(response=TRANSLATION),
        ]
    )
    target = ["ru"] if method == "batch_translate" else []
    first, bad, last = call(fake.address, method, ["a", ARTICLE, "c"], *target, bypass_cache=True)
    assert first == last
    assert isinstance(bad, InvalidArgumentError)
    assert bad.message == "no text"
    sent = fake.last_request.requests
    assert [each.article.body for each in sent] == ["a", "<p>Body.</p>", "c"]
    assert all(each.bypass_cache for each in sent)


def test_a_stream_yields_typed_events_and_skips_unknown_ones(
    fake: FakeServer, call: Caller
) -> None:
    event = translations.StreamTranslateResponse
    fake.answers["StreamTranslate"] = lambda *_: iter(
        [
            event(started=translations.TranslationStarted(language=LANGUAGE, segments=1)),
            event(segment=SEGMENT),
            event(),
            event(finished=translations.TranslationFinished(separator="\n")),
        ]
    )
    started, segment, finished = call(fake.address, "stream_translate", ARTICLE, "ru")
    assert isinstance(started, TranslationStarted)
    assert (started.segments, started.language.code) == (1, "en")
    assert isinstance(segment, TranslatedSegment)
    assert segment.text == "Заголовок"
    assert segment.raw == event(segment=SEGMENT)
    assert isinstance(finished, TranslationFinished)
    assert finished.separator == "\n"


def test_models_and_server_info_are_converted_to_their_types(
    fake: FakeServer, call: Caller
) -> None:
    pair = models.LanguagePair(source_language_code="en", target_language_code="ru")
    fake.answers["ListModels"] = lambda *_: models.ListModelsResponse(
        models=[
            models.Model(
                id="opus-en-ru",
                task=models.MODEL_TASK_TRANSLATION,
                state=models.MODEL_STATE_NOT_INSTALLED,
                language_pairs=[pair],
                license=models.License(spdx_id="CC-BY-4.0"),
                decoding=article_pb2.DecodingOptions(beam_size=4),
            ),
            models.Model(id="newer", state=99),  # type: ignore[arg-type]
        ],
        routes=[models.Route(pair=pair, models=["opus-en-ru"])],
    )
    listed = call(fake.address, "list_models")
    model, newer = listed.models
    assert (model.id, model.task, model.state) == ("opus-en-ru", "translation", "not_installed")
    assert model.pairs == (("en", "ru"),)
    assert model.license.spdx_id == "CC-BY-4.0"
    assert model.decoding == DecodingOptions(beam_size=4)
    assert newer.state is None
    assert listed.routes[0].models == ("opus-en-ru",)

    fake.answers["GetServerInfo"] = lambda *_: models.GetServerInfoResponse(
        version="1.2",
        components={"python": "3.11"},
        limits=models.Limits(max_terms=7, max_wait_s=1.5),
        languages=["en", "lt"],
        default_summary_method="auto",
    )
    info = call(fake.address, "server_info")
    assert (info.version, info.components, info.languages) == (
        "1.2",
        {"python": "3.11"},
        ("en", "lt"),
    )
    assert (info.limits.max_terms, info.limits.max_wait_s) == (7, 1.5)
    assert {each.name for each in fields(Limits)} == set(models.Limits.DESCRIPTOR.fields_by_name)
    assert info.default_summary_method == "auto"


def test_health_of_services(fake: FakeServer, call: Caller) -> None:
    assert call(fake.address, "health") == "SERVING"
    assert call(fake.address, "health", "asleep") == "NOT_SERVING"
    with pytest.raises(NotFoundError):
        call(fake.address, "health", "nobody")


def test_unknown_enum_values_of_a_newer_server_become_none() -> None:
    message = summaries.SummarizeResponse()
    message.warnings.add().ParseFromString(b"\x08\xe7\x07\x12\x03new")
    assert message.warnings[0].type == 999
    summary = from_proto.summary(message)
    assert isinstance(summary, Summary)
    assert summary.warnings[0].type is None
    assert summary.warnings[0].message == "new"
    assert summary.method is None


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"method": "magic"}, ValueError),
        ({"max_sentences": 10**12}, ValueError),
        ({"ratio": "much"}, TypeError),
    ],
)
def test_values_that_protobuf_cannot_encode_raise_before_the_call(
    options: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        to_proto.summarize("text", **options)


def test_a_string_of_terms_is_rejected() -> None:
    with pytest.raises(TypeError, match="list of terms"):
        to_proto.translate("text", "ru", do_not_translate="Minsk")


@given(st.text(), st.text())
def test_any_unicode_text_is_sent_unchanged(title: str, body: str) -> None:
    sent = to_proto.summarize(Article(title, body))
    again = summaries.SummarizeRequest.FromString(sent.SerializeToString())
    assert (again.article.title, again.article.body) == (title, body)


def test_a_lone_surrogate_is_rejected() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        to_proto.summarize("bad \ud800 text")
