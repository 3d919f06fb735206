"""Domain values in, messages out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from google.protobuf.message import Message

from summsvc.articles.article import Field, Span, Warning
from summsvc.articles.document import IdentifiedLanguage, SegmentKind
from summsvc.errors import TextTooLongError
from summsvc.tasks import results
from summsvc.v1 import article_pb2, summarization_service_pb2, translation_service_pb2

P = ParamSpec("P")
M = TypeVar("M", bound=Message)

_FIELDS = {
    None: article_pb2.ARTICLE_FIELD_UNSPECIFIED,
    Field.TITLE: article_pb2.ARTICLE_FIELD_TITLE,
    Field.BODY: article_pb2.ARTICLE_FIELD_BODY,
}
_KINDS = {
    SegmentKind.SENTENCE: translation_service_pb2.SEGMENT_KIND_SENTENCE,
    SegmentKind.HEADING: translation_service_pb2.SEGMENT_KIND_HEADING,
    SegmentKind.FRAGMENT: translation_service_pb2.SEGMENT_KIND_FRAGMENT,
}


def within(limit: int, build: Callable[P, M], *args: P.args, **kwargs: P.kwargs) -> M:
    """Make a message; raise TextTooLongError when it has more bytes than may be sent."""
    message = build(*args, **kwargs)
    size = message.ByteSize()
    if size > limit:
        raise TextTooLongError(
            f"the reply has {size} bytes, this server sends at most {limit}; ask without segments, "
            "for less text at once, or for a stream",
            metadata={"limit": str(limit), "length": str(size)},
        )
    return message


def summary(value: results.Summary) -> summarization_service_pb2.SummarizeResponse:
    pb = summarization_service_pb2
    return pb.SummarizeResponse(
        summary=value.text,
        sentences=[
            pb.SummarySentence(
                text=sentence.text,
                field=_FIELDS[sentence.field],
                source_span=_span(sentence.span),
                source_text=sentence.source,
                score=sentence.score,
                warnings=_warnings(sentence.warnings),
            )
            for sentence in value.sentences
        ],
        language=_language(value.language),
        summary_language_code=value.target,
        method=pb.SUMMARY_METHOD_EXTRACTIVE if value.extractive else pb.SUMMARY_METHOD_ABSTRACTIVE,
        models=_models(value.models),
        warnings=_warnings(value.warnings),
        stats=_stats(value.stats),
    )


def translation(
    value: results.Translation, *, include_segments: bool
) -> translation_service_pb2.TranslateResponse:
    return translation_service_pb2.TranslateResponse(
        title=value.title,
        body=value.body,
        language=_language(value.started.language),
        target_language_code=value.started.target,
        segments=[segment(each) for each in value.segments] if include_segments else [],
        models=_models(value.started.models),
        warnings=_warnings(value.finished.warnings),
        stats=_stats(value.finished.stats),
    )


def segment(value: results.TranslatedSegment) -> translation_service_pb2.TranslatedSegment:
    source = value.segment
    return translation_service_pb2.TranslatedSegment(
        index=value.index,
        field=_FIELDS[source.field],
        paragraph=source.paragraph,
        kind=_KINDS[source.kind],
        source_span=_span(source.span),
        target_span=_span(value.target_span),
        source_text=source.text,
        text=value.text,
        separator=value.separator,
        score=value.score,
        warnings=_warnings(value.warnings),
        terms=[
            translation_service_pb2.TermUse(
                source=term.source, target=term.target, applied=term.applied
            )
            for term in value.terms
        ],
    )


def event(
    value: results.TranslationStarted | results.TranslatedSegment | results.TranslationFinished,
) -> translation_service_pb2.StreamTranslateResponse:
    pb = translation_service_pb2
    if isinstance(value, results.TranslatedSegment):
        return pb.StreamTranslateResponse(segment=segment(value))
    if isinstance(value, results.TranslationStarted):
        started = pb.TranslationStarted(
            language=_language(value.language),
            target_language_code=value.target,
            segments=value.segments,
            models=_models(value.models),
            warnings=_warnings(value.warnings),
        )
        return pb.StreamTranslateResponse(started=started)
    finished = pb.TranslationFinished(
        separator=value.separator,
        title_separator=value.title_separator,
        warnings=_warnings(value.warnings),
        stats=_stats(value.stats),
    )
    return pb.StreamTranslateResponse(finished=finished)


def _span(value: Span | None) -> article_pb2.Span | None:
    return None if value is None else article_pb2.Span(start=value.start, end=value.end)


def _language(value: IdentifiedLanguage) -> article_pb2.Language:
    return article_pb2.Language(
        code=value.code, confidence=value.confidence, identified=value.identified
    )


def _warnings(values: Iterable[Warning]) -> list[article_pb2.Warning]:
    return [
        article_pb2.Warning(
            type=article_pb2.WarningType.Value(f"WARNING_TYPE_{value.type.name}"),
            message=value.message,
            field=_FIELDS[value.field],
            span=_span(value.span),
            output_span=_span(value.output_span),
        )
        for value in values
    ]


def _models(values: Iterable[results.ModelUse]) -> list[article_pb2.ModelUse]:
    return [
        article_pb2.ModelUse(
            model=value.model,
            engine=value.engine,
            revision=value.revision,
            source_language_code=value.source,
            target_language_code=value.target,
        )
        for value in values
    ]


def _stats(value: results.Stats) -> article_pb2.Stats:
    return article_pb2.Stats(
        queue_ms=value.queue_s * 1000,
        segmentation_ms=value.segmentation_s * 1000,
        inference_ms=value.inference_s * 1000,
        total_ms=value.total_s * 1000,
        segments=value.segments,
        input_tokens=value.input_tokens,
        output_tokens=value.output_tokens,
        cache_hits=value.cache_hits,
    )
