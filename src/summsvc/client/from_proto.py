"""Conversion of protobuf replies to the client's result types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from enum import Enum
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from summsvc.client import server_types, types
from summsvc.client.errors import SummsvcClientError, error_from_status
from summsvc.client.options import DecodingOptions, SummaryMethod
from summsvc.types import Field, Page, PageExtraction, SegmentKind, Span, WarningType
from summsvc.v1 import (
    article_pb2,
    model_service_pb2,
    summarization_service_pb2,
    translation_service_pb2,
)

EnumT = TypeVar("EnumT", bound=Enum)
ValueT = TypeVar("ValueT")


def summary(message: summarization_service_pb2.SummarizeResponse) -> types.Summary:
    method = _enum_word(summarization_service_pb2.SummaryMethod.DESCRIPTOR, message.method)
    return types.Summary(
        text=message.summary,
        sentences=tuple(
            types.SummarySentence(
                text=sentence.text,
                field=_field(sentence.field),
                span=_span(sentence, "source_span"),
                source_text=sentence.source_text,
                score=sentence.score,
                warnings=_warnings(sentence.warnings),
            )
            for sentence in message.sentences
        ),
        language=_same_fields(types.Language, message.language),
        target_language=message.summary_language_code,
        method=cast("SummaryMethod | None", method),
        models=_models(message.models),
        warnings=_warnings(message.warnings),
        stats=_same_fields(types.Stats, message.stats),
        page=_page(message),
        raw=message,
    )


def summaries(
    message: summarization_service_pb2.BatchSummarizeResponse,
) -> list[types.Summary | SummsvcClientError]:
    return [
        error_from_status(result.error) if result.HasField("error") else summary(result.response)
        for result in message.results
    ]


def translation(message: translation_service_pb2.TranslateResponse) -> types.Translation:
    return types.Translation(
        title=message.title,
        body=message.body,
        language=_same_fields(types.Language, message.language),
        target_language=message.target_language_code,
        segments=tuple(_segment(segment, segment) for segment in message.segments),
        models=_models(message.models),
        warnings=_warnings(message.warnings),
        stats=_same_fields(types.Stats, message.stats),
        page=_page(message),
        raw=message,
    )


def translations(
    message: translation_service_pb2.BatchTranslateResponse,
) -> list[types.Translation | SummsvcClientError]:
    return [
        error_from_status(result.error)
        if result.HasField("error")
        else translation(result.response)
        for result in message.results
    ]


def event(
    message: translation_service_pb2.StreamTranslateResponse,
) -> types.TranslationEvent | None:
    """Convert an event of a stream; None for an event type newer than this client."""
    match message.WhichOneof("event"):
        case "started":
            started = message.started
            return types.TranslationStarted(
                language=_same_fields(types.Language, started.language),
                target_language=started.target_language_code,
                segments=started.segments,
                models=_models(started.models),
                warnings=_warnings(started.warnings),
                page=_page(started),
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
                stats=_same_fields(types.Stats, finished.stats),
                raw=message,
            )
        case _:
            return None


def model_list(message: model_service_pb2.ListModelsResponse) -> server_types.ModelList:
    return server_types.ModelList(
        models=tuple(_model(model) for model in message.models),
        routes=tuple(
            server_types.Route(
                source_language=route.pair.source_language_code,
                target_language=route.pair.target_language_code,
                models=tuple(route.models),
                installed=route.installed,
            )
            for route in message.routes
        ),
        raw=message,
    )


def server_info(message: model_service_pb2.GetServerInfoResponse) -> server_types.ServerInfo:
    return server_types.ServerInfo(
        version=message.version,
        components=dict(message.components),
        limits=_same_fields(server_types.Limits, message.limits),
        languages=tuple(message.languages),
        uptime_s=message.uptime_s,
        mime_types=tuple(message.mime_types),
        default_summary_method=message.default_summary_method,
        caller=message.caller,
        processes=message.processes,
        raw=message,
    )


def health(message: health_pb2.HealthCheckResponse) -> server_types.HealthStatus:
    """Convert a health status; any status but SERVING and NOT_SERVING becomes UNKNOWN."""
    if message.status == health_pb2.HealthCheckResponse.SERVING:
        return "SERVING"
    return (
        "NOT_SERVING" if message.status == health_pb2.HealthCheckResponse.NOT_SERVING else "UNKNOWN"
    )


def _segment(
    message: translation_service_pb2.TranslatedSegment,
    raw: translation_service_pb2.TranslatedSegment
    | translation_service_pb2.StreamTranslateResponse,
) -> types.TranslatedSegment:
    return types.TranslatedSegment(
        index=message.index,
        field=_field(message.field),
        paragraph=message.paragraph,
        kind=_member(SegmentKind, translation_service_pb2.SegmentKind.DESCRIPTOR, message.kind),
        source_span=_span(message, "source_span"),
        target_span=_span(message, "target_span"),
        source_text=message.source_text,
        text=message.text,
        separator=message.separator,
        score=message.score,
        warnings=_warnings(message.warnings),
        terms=tuple(_same_fields(types.TermUse, term) for term in message.terms),
        raw=raw,
    )


def _model(message: model_service_pb2.Model) -> server_types.Model:
    pb = model_service_pb2
    task = _enum_word(pb.ModelTask.DESCRIPTOR, message.task)
    state = _enum_word(pb.ModelState.DESCRIPTOR, message.state)
    decoding = {field.name: value for field, value in message.decoding.ListFields()}
    return server_types.Model(
        id=message.id,
        task=cast("server_types.Task | None", task),
        state=cast("server_types.ModelState | None", state),
        error=message.error,
        engine=message.engine,
        device=message.device,
        compute_type=message.compute_type,
        pairs=tuple(
            (pair.source_language_code, pair.target_language_code)
            for pair in message.language_pairs
        ),
        license=_same_fields(server_types.License, message.license),
        size_bytes=message.size_bytes,
        repository=message.repository,
        revision=message.revision,
        max_input_tokens=message.max_input_tokens,
        decoding=DecodingOptions(**decoding),
        word_alignment=message.word_alignment,
    )


def _page(
    reply: summarization_service_pb2.SummarizeResponse
    | translation_service_pb2.TranslateResponse
    | translation_service_pb2.TranslationStarted,
) -> Page | None:
    if not reply.HasField("page"):
        return None
    page = reply.page
    return Page(
        title=page.title,
        language_code=page.language_code,
        byline=page.byline,
        published=page.published,
        extraction=_member(PageExtraction, article_pb2.PageExtraction.DESCRIPTOR, page.extraction),
        furniture_blocks=page.furniture_blocks,
        furniture_code_points=page.furniture_code_points,
        furniture=tuple(_same_fields(Span, span) for span in page.furniture),
    )


def _warnings(messages: Iterable[article_pb2.Warning]) -> tuple[types.Warning, ...]:
    return tuple(
        types.Warning(
            type=_member(WarningType, article_pb2.WarningType.DESCRIPTOR, message.type),
            message=message.message,
            field=_field(message.field),
            span=_span(message, "span"),
            output_span=_span(message, "output_span"),
        )
        for message in messages
    )


def _models(messages: Iterable[article_pb2.ModelUse]) -> tuple[types.ModelUse, ...]:
    return tuple(
        types.ModelUse(
            model=message.model,
            engine=message.engine,
            revision=message.revision,
            source_language=message.source_language_code,
            target_language=message.target_language_code,
            word_alignment=message.word_alignment,
        )
        for message in messages
    )


def _field(number: int) -> Field | None:
    return _member(Field, article_pb2.ArticleField.DESCRIPTOR, number)


def _span(message: Message, name: str) -> Span | None:
    return _same_fields(Span, getattr(message, name)) if message.HasField(name) else None


def _same_fields(kind: type[ValueT], message: Message) -> ValueT:
    """Convert a message to a dataclass that has the same field names."""
    names = [field.name for field in fields(cast("Any", kind))]
    return kind(**{name: getattr(message, name) for name in names})


def _member(kind: type[EnumT], enum: EnumDescriptor, number: int) -> EnumT | None:
    """Convert a proto enum value; None for 0 ("unspecified") and for an unknown number."""
    return kind.__members__.get(_short_name(enum, number))


def _enum_word(enum: EnumDescriptor, number: int) -> str | None:
    """Convert a proto enum value to its lower-case name, with None as in ``_member``."""
    return _short_name(enum, number).lower() or None


def _short_name(enum: EnumDescriptor, number: int) -> str:
    """Name of a proto enum value without the enum's prefix; empty for 0 and unknown numbers."""
    if number == 0 or number not in enum.values_by_number:
        return ""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return str(enum.values_by_number[number].name).removeprefix(prefix)
