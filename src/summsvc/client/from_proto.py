"""Messages in, typed values out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from summsvc.client import types
from summsvc.client.errors import SummsvcClientError, from_status
from summsvc.client.fields import member, same, word
from summsvc.client.options import SummaryMethod
from summsvc.types import Field, SegmentKind, Span, WarningType
from summsvc.v1 import (
    article_pb2,
    summarization_service_pb2,
    translation_service_pb2,
)


def summary(message: summarization_service_pb2.SummarizeResponse) -> types.Summary:
    method = word(summarization_service_pb2.SummaryMethod, "SUMMARY_METHOD_", message.method)
    return types.Summary(
        text=message.summary,
        sentences=tuple(
            types.SummarySentence(
                text=each.text,
                field=_field(each.field),
                span=_span(each, "source_span"),
                source_text=each.source_text,
                score=each.score,
                warnings=_warnings(each.warnings),
            )
            for each in message.sentences
        ),
        language=same(types.Language, message.language),
        target_language=message.summary_language_code,
        method=cast("SummaryMethod | None", method),
        models=_models(message.models),
        warnings=_warnings(message.warnings),
        stats=same(types.Stats, message.stats),
        raw=message,
    )


def summaries(
    message: summarization_service_pb2.BatchSummarizeResponse,
) -> list[types.Summary | SummsvcClientError]:
    return [
        from_status(each.error) if each.HasField("error") else summary(each.response)
        for each in message.results
    ]


def translation(message: translation_service_pb2.TranslateResponse) -> types.Translation:
    return types.Translation(
        title=message.title,
        body=message.body,
        language=same(types.Language, message.language),
        target_language=message.target_language_code,
        segments=tuple(_segment(each, each) for each in message.segments),
        models=_models(message.models),
        warnings=_warnings(message.warnings),
        stats=same(types.Stats, message.stats),
        raw=message,
    )


def translations(
    message: translation_service_pb2.BatchTranslateResponse,
) -> list[types.Translation | SummsvcClientError]:
    return [
        from_status(each.error) if each.HasField("error") else translation(each.response)
        for each in message.results
    ]


def event(
    message: translation_service_pb2.StreamTranslateResponse,
) -> types.TranslationEvent | None:
    """The event, or None for a kind that this client does not know."""
    match message.WhichOneof("event"):
        case "started":
            started = message.started
            return types.TranslationStarted(
                language=same(types.Language, started.language),
                target_language=started.target_language_code,
                segments=started.segments,
                models=_models(started.models),
                warnings=_warnings(started.warnings),
                raw=message,
            )
        case "segment":
            return _segment(message.segment, message)
        case "finished":
            finished = message.finished
            return types.TranslationFinished(
                separator=finished.separator,
                title_separator=finished.title_separator,
                warnings=_warnings(finished.warnings),
                stats=same(types.Stats, finished.stats),
                raw=message,
            )
        case _:
            return None


def _segment(
    message: translation_service_pb2.TranslatedSegment,
    raw: translation_service_pb2.TranslatedSegment
    | translation_service_pb2.StreamTranslateResponse,
) -> types.TranslatedSegment:
    return types.TranslatedSegment(
        index=message.index,
        field=_field(message.field),
        paragraph=message.paragraph,
        kind=member(
            SegmentKind, translation_service_pb2.SegmentKind, "SEGMENT_KIND_", message.kind
        ),
        source_span=_span(message, "source_span"),
        target_span=_span(message, "target_span"),
        source_text=message.source_text,
        text=message.text,
        separator=message.separator,
        score=message.score,
        warnings=_warnings(message.warnings),
        terms=tuple(same(types.TermUse, each) for each in message.terms),
        raw=raw,
    )


def _warnings(messages: Iterable[article_pb2.Warning]) -> tuple[types.Warning, ...]:
    return tuple(
        types.Warning(
            type=member(WarningType, article_pb2.WarningType, "WARNING_TYPE_", each.type),
            message=each.message,
            field=_field(each.field),
            span=_span(each, "span"),
            output_span=_span(each, "output_span"),
        )
        for each in messages
    )


def _models(messages: Iterable[article_pb2.ModelUse]) -> tuple[types.ModelUse, ...]:
    return tuple(
        types.ModelUse(
            model=each.model,
            engine=each.engine,
            revision=each.revision,
            source_language=each.source_language_code,
            target_language=each.target_language_code,
        )
        for each in messages
    )


def _field(number: int) -> Field | None:
    return member(Field, article_pb2.ArticleField, "ARTICLE_FIELD_", number)


def _span(message: Any, name: str) -> Span | None:
    if not message.HasField(name):
        return None
    span = getattr(message, name)
    return Span(span.start, span.end)
