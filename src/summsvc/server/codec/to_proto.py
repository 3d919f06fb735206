"""Conversion of domain results to encoded reply messages, in steps with a short GIL hold time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import Message

from summsvc.articles.document import IdentifiedLanguage
from summsvc.errors import SummsvcError, TextTooLongError
from summsvc.server.codec.status import status_of
from summsvc.server.codec.wire_format import chunked, length_delimited
from summsvc.tasks.pipeline import usage
from summsvc.tasks.summarization import types as summaries
from summsvc.tasks.translation import types as translations
from summsvc.types import Field, Page, SegmentKind, Span, Warning
from summsvc.v1 import article_pb2, summarization_service_pb2, translation_service_pb2

_ARTICLE_FIELDS = {
    None: article_pb2.ARTICLE_FIELD_UNSPECIFIED,
    Field.TITLE: article_pb2.ARTICLE_FIELD_TITLE,
    Field.BODY: article_pb2.ARTICLE_FIELD_BODY,
}
_SEGMENT_KINDS = {
    SegmentKind.SENTENCE: translation_service_pb2.SEGMENT_KIND_SENTENCE,
    SegmentKind.HEADING: translation_service_pb2.SEGMENT_KIND_HEADING,
    SegmentKind.FRAGMENT: translation_service_pb2.SEGMENT_KIND_FRAGMENT,
}


def encode_reply(limit: int, head: Message, **repeated: Iterable[Message]) -> bytes:
    """Encode a reply in chunks. Blocks, but releases the GIL between chunks.

    limit: largest size of the reply in bytes; raises TextTooLongError above it.
    head: the reply without its repeated fields.
    repeated: messages of each repeated field. They are encoded apart from ``head``:
        concatenated encodings of a message type are one message of that type.
    """
    parts = [head.SerializeToString()]
    for name, items in repeated.items():
        for chunk in chunked(items):
            parts.append(type(head)(**{name: chunk}).SerializeToString())
    return _join_within(limit, parts)


def encode_batch(
    limit: int, reply: type[Message], outcomes: Iterable[bytes | SummsvcError]
) -> bytes:
    """Encode the reply to a batch from encoded replies and errors.

    reply: message type of the batch's reply. limit: as in ``encode_reply``.
    """
    result = reply.DESCRIPTOR.fields_by_name["results"]
    assert result.message_type is not None
    response = result.message_type.fields_by_name["response"]
    return _join_within(
        limit,
        [
            length_delimited(result.number, length_delimited(response.number, outcome))
            if isinstance(outcome, bytes)
            else reply(results=[{"error": status_of(outcome)}]).SerializeToString()
            for outcome in outcomes
        ],
    )


def _join_within(limit: int, parts: Sequence[bytes]) -> bytes:
    size = sum(map(len, parts))
    if size > limit:
        raise TextTooLongError(
            f"the reply has {size} bytes and the limit is {limit}; request it without segments, "
            "send less text in a request, or use a streaming method",
            metadata={"limit": str(limit), "length": str(size)},
        )
    return b"".join(parts)


def encode_summary(limit: int, value: summaries.Summary) -> bytes:
    """Encode a SummarizeResponse; ``limit`` as in ``encode_reply``."""
    pb = summarization_service_pb2
    head = pb.SummarizeResponse(
        summary=value.text,
        language=_language(value.language),
        summary_language_code=value.target,
        method=pb.SUMMARY_METHOD_EXTRACTIVE if value.extractive else pb.SUMMARY_METHOD_ABSTRACTIVE,
        models=_models(value.models),
        stats=_stats(value.stats),
        page=_page(value.page),
    )
    sentences = map(_sentence, value.sentences)
    return encode_reply(limit, head, sentences=sentences, warnings=map(_warning, value.warnings))


def _sentence(value: summaries.SummarySentence) -> summarization_service_pb2.SummarySentence:
    return summarization_service_pb2.SummarySentence(
        text=value.text,
        field=_ARTICLE_FIELDS[value.field],
        source_span=_span(value.span),
        source_text=value.source,
        score=value.score,
        warnings=map(_warning, value.warnings),
    )


def encode_translation(
    limit: int, value: translations.Translation, *, include_segments: bool
) -> bytes:
    """Encode a TranslateResponse; ``limit`` as in ``encode_reply``."""
    head = translation_service_pb2.TranslateResponse(
        title=value.title,
        body=value.body,
        language=_language(value.started.language),
        target_language_code=value.started.target,
        models=_models(value.started.models),
        stats=_stats(value.finished.stats),
        page=_page(value.started.page),
    )
    segments = map(_segment, value.segments if include_segments else ())
    return encode_reply(
        limit, head, segments=segments, warnings=map(_warning, value.finished.warnings)
    )


def _segment(value: translations.TranslatedSegment) -> translation_service_pb2.TranslatedSegment:
    source = value.segment
    return translation_service_pb2.TranslatedSegment(
        index=value.index,
        field=_ARTICLE_FIELDS[source.field],
        paragraph=source.paragraph,
        kind=_SEGMENT_KINDS[source.kind],
        source_span=_span(source.span),
        target_span=_span(value.target_span),
        source_text=source.text,
        text=value.text,
        separator=value.separator,
        score=value.score,
        warnings=map(_warning, value.warnings),
        terms=[
            translation_service_pb2.TermUse(
                source=term.source, target=term.target, applied=term.applied
            )
            for term in value.terms
        ],
    )


def stream_event(
    value: translations.TranslationStarted
    | translations.TranslatedSegment
    | translations.TranslationFinished,
) -> translation_service_pb2.StreamTranslateResponse:
    """Convert one event of a translation stream to its message."""
    pb = translation_service_pb2
    if isinstance(value, translations.TranslatedSegment):
        return pb.StreamTranslateResponse(segment=_segment(value))
    if isinstance(value, translations.TranslationStarted):
        started = pb.TranslationStarted(
            language=_language(value.language),
            target_language_code=value.target,
            segments=value.segments,
            models=_models(value.models),
            warnings=map(_warning, value.warnings),
            page=_page(value.page),
        )
        return pb.StreamTranslateResponse(started=started)
    finished = pb.TranslationFinished(
        separator=value.separator,
        title_separator=value.title_separator,
        warnings=map(_warning, value.warnings),
        stats=_stats(value.stats),
    )
    return pb.StreamTranslateResponse(finished=finished)


def _span(value: Span | None) -> article_pb2.Span | None:
    return None if value is None else article_pb2.Span(start=value.start, end=value.end)


def _language(value: IdentifiedLanguage) -> article_pb2.Language:
    return article_pb2.Language(
        code=value.code, confidence=value.confidence, identified=value.identified
    )


def _page(value: Page | None) -> article_pb2.Page | None:
    if value is None:
        return None
    extraction = value.extraction.name if value.extraction else "UNSPECIFIED"
    return article_pb2.Page(
        title=value.title,
        language_code=value.language_code,
        byline=value.byline,
        published=value.published,
        extraction=article_pb2.PageExtraction.Value(f"PAGE_EXTRACTION_{extraction}"),
        furniture_blocks=value.furniture_blocks,
        furniture_code_points=value.furniture_code_points,
        furniture=[article_pb2.Span(start=each.start, end=each.end) for each in value.furniture],
    )


def _warning(value: Warning) -> article_pb2.Warning:
    return article_pb2.Warning(
        type=article_pb2.WarningType.Value(f"WARNING_TYPE_{value.type.name}"),
        message=value.message,
        field=_ARTICLE_FIELDS[value.field],
        span=_span(value.span),
        output_span=_span(value.output_span),
    )


def _models(values: Iterable[usage.ModelUse]) -> list[article_pb2.ModelUse]:
    return [
        article_pb2.ModelUse(
            model=value.model,
            engine=value.engine,
            revision=value.revision,
            source_language_code=value.source,
            target_language_code=value.target,
            word_alignment=value.word_alignment,
        )
        for value in values
    ]


def _stats(value: usage.Stats) -> article_pb2.Stats:
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
