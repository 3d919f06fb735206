"""Agreement of result types: server's types, proto messages and client's types.

The client's types are compared with the proto messages field by field. The server's
types are compared by value: every field gets a distinct value, is encoded by the
server and converted by the client. The tables list all deliberate differences.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import count
from operator import attrgetter
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from summsvc import client
from summsvc.client import from_proto, options, server_types
from summsvc.server.codec import to_proto
from summsvc.tasks.summarization.types import Summary
from summsvc.tasks.translation.types import Translation
from summsvc.types import (
    Field,
    Page,
    PageExtraction,
    SegmentKind,
    Span,
    Warning,
    WarningType,
)
from summsvc.v1 import article_pb2, model_service_pb2
from summsvc.v1 import summarization_service_pb2 as summarization_pb2
from summsvc.v1 import translation_service_pb2 as translation_pb2

MESSAGES: dict[type, Descriptor] = {
    Span: article_pb2.Span.DESCRIPTOR,
    Page: article_pb2.Page.DESCRIPTOR,
    client.Language: article_pb2.Language.DESCRIPTOR,
    client.Warning: article_pb2.Warning.DESCRIPTOR,
    client.ModelUse: article_pb2.ModelUse.DESCRIPTOR,
    client.Stats: article_pb2.Stats.DESCRIPTOR,
    client.DecodingOptions: article_pb2.DecodingOptions.DESCRIPTOR,
    client.SummarySentence: summarization_pb2.SummarySentence.DESCRIPTOR,
    client.Summary: summarization_pb2.SummarizeResponse.DESCRIPTOR,
    client.TermUse: translation_pb2.TermUse.DESCRIPTOR,
    client.TranslatedSegment: translation_pb2.TranslatedSegment.DESCRIPTOR,
    client.Translation: translation_pb2.TranslateResponse.DESCRIPTOR,
    client.TranslationStarted: translation_pb2.TranslationStarted.DESCRIPTOR,
    client.TranslationFinished: translation_pb2.TranslationFinished.DESCRIPTOR,
    client.License: model_service_pb2.License.DESCRIPTOR,
    client.Model: model_service_pb2.Model.DESCRIPTOR,
    client.Route: model_service_pb2.Route.DESCRIPTOR,
    client.ModelList: model_service_pb2.ListModelsResponse.DESCRIPTOR,
    client.Limits: model_service_pb2.Limits.DESCRIPTOR,
    client.ServerInfo: model_service_pb2.GetServerInfoResponse.DESCRIPTOR,
}
"""Proto message of each type of the client."""

ENUMS: dict[str, Any] = {
    "ArticleField": Field,
    "SegmentKind": SegmentKind,
    "WarningType": WarningType,
    "PageExtraction": PageExtraction,
    "SummaryMethod": options.SummaryMethod,
    "ModelTask": server_types.Task,
    "ModelState": server_types.ModelState,
}
"""Type of the client for each proto enum, without None."""

SCALARS = {
    FieldDescriptor.CPPTYPE_INT32: int,
    FieldDescriptor.CPPTYPE_INT64: int,
    FieldDescriptor.CPPTYPE_DOUBLE: float,
    FieldDescriptor.CPPTYPE_BOOL: bool,
    FieldDescriptor.CPPTYPE_STRING: str,
}

PROTO_NAMES: dict[type, dict[str, str]] = {
    client.ModelUse: {
        "source_language": "source_language_code",
        "target_language": "target_language_code",
    },
    client.SummarySentence: {"span": "source_span"},
    client.Summary: {"text": "summary", "target_language": "summary_language_code"},
    client.Translation: {"target_language": "target_language_code"},
    client.TranslationStarted: {"target_language": "target_language_code"},
    client.Model: {"pairs": "language_pairs"},
    client.Route: {"source_language": "pair", "target_language": "pair"},
}
"""Deliberate differences to the proto: client's name -> proto's name."""

PROTO_TYPES: dict[tuple[type, str], Any] = {
    (client.Model, "pairs"): tuple[tuple[str, str], ...],
    (client.Route, "source_language"): str,
    (client.Route, "target_language"): str,
}
"""Deliberate differences to the proto: a LanguagePair is one or two plain codes."""

RAW = "raw"
"""The proto message itself, which the client's results carry."""

SERVER_NAMES: dict[type, dict[str, str]] = {
    client.ModelUse: {"source_language": "source", "target_language": "target"},
    client.Stats: {
        name: name.removesuffix("_ms") + "_s"
        for name in ("queue_ms", "segmentation_ms", "inference_ms", "total_ms")
    },
    client.SummarySentence: {"source_text": "source"},
    client.Summary: {"target_language": "target", "method": "extractive"},
    client.TranslatedSegment: {
        "field": "segment.field",
        "paragraph": "segment.paragraph",
        "kind": "segment.kind",
        "source_span": "segment.span",
        "source_text": "segment.text",
    },
    client.Translation: {
        "language": "started.language",
        "target_language": "started.target",
        "models": "started.models",
        "page": "started.page",
        "warnings": "finished.warnings",
        "stats": "finished.stats",
    },
    client.TranslationStarted: {"target_language": "target"},
}
"""Deliberate differences to the server: client's name -> path of the server's attribute."""

SERVER_VALUES: dict[tuple[type, str], Callable[[Any], Any]] = {
    (client.Summary, "method"): lambda extractive: "extractive" if extractive else "abstractive",
    **{(client.Stats, name): lambda seconds: seconds * 1000 for name in SERVER_NAMES[client.Stats]},
}
"""Deliberate differences to the server: conversion of a value; the client has milliseconds."""

NOT_SENT = {
    (client.TranslatedSegment, "segment.marks"),  # contained in text
    (client.Translation, "started.segments"),  # the number of segments
    (client.Translation, "started.warnings"),  # contained in finished.warnings
    (client.Translation, "finished.separator"),  # contained in body
    (client.Translation, "finished.title_separator"),  # contained in title
}
"""Attributes of the server's types without a counterpart in the client's type."""


def annotation(field: FieldDescriptor) -> Any:
    """Type that the client must have for a proto field."""
    message, enum = field.message_type, field.enum_type
    if message is not None and message.GetOptions().map_entry:
        return Mapping[str, str]
    if enum is not None:
        return ENUMS[enum.name] | None
    if message is not None:
        (kind,) = [kind for kind, known in MESSAGES.items() if known is message]
        # Only a span and a page may be absent; the server always sets every other message.
        optional = kind in (Span, Page) and not field.is_repeated
        value: Any = kind | None if optional else kind
    else:
        value = SCALARS[field.cpp_type]
        value = value | None if field.has_presence else value
    return tuple[value, ...] if field.is_repeated else value


def names(kind: type) -> list[str]:
    return [field.name for field in fields(kind) if field.name != RAW]


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_proto_field_has_a_counterpart_in_the_client(kind: type) -> None:
    renamed = PROTO_NAMES.get(kind, {})
    counterparts = {renamed.get(name, name) for name in names(kind)}
    assert counterparts == set(MESSAGES[kind].fields_by_name)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_field_of_the_client_has_the_type_of_the_proto_field(kind: type) -> None:
    hints = get_type_hints(kind)
    for name in names(kind):
        field = MESSAGES[kind].fields_by_name[PROTO_NAMES.get(kind, {}).get(name, name)]
        expected = PROTO_TYPES.get((kind, name)) or annotation(field)
        assert hints[name] == expected, name


def test_every_result_type_of_the_client_is_compared() -> None:
    public = {getattr(client, name) for name in client.__all__}
    results = {kind for kind in public if is_dataclass(kind)}
    assert results - set(MESSAGES) == {client.Article, client.FieldViolation}


@pytest.mark.parametrize("name", ENUMS)
def test_every_proto_enum_value_has_a_counterpart_in_the_client(name: str) -> None:
    modules = (article_pb2, model_service_pb2, summarization_pb2, translation_pb2)
    (enum,) = [
        found.enum_types_by_name[name]
        for found in (module.DESCRIPTOR for module in modules)
        if name in found.enum_types_by_name
    ]
    assert isinstance(enum, EnumDescriptor)
    first, *others = [value.name for value in enum.values]
    prefix = first.removesuffix("UNSPECIFIED")
    values = [value.removeprefix(prefix) for value in others]
    if get_origin(ENUMS[name]) is Literal:
        assert [value.lower() for value in values] == list(get_args(ENUMS[name]))
    else:
        assert set(values) == set(ENUMS[name].__members__)


def example(kind: Any, numbers: Iterator[int]) -> Any:
    """A value of a type in which every number and text occurs once and no default occurs."""
    if get_origin(kind) in (Union, types.UnionType):
        return example(get_args(kind)[0], numbers)
    if get_origin(kind) is tuple:
        return tuple(example(get_args(kind)[0], numbers) for _ in range(2))
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{field.name: example(hints[field.name], numbers) for field in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)[next(numbers) % len(kind)]
    # Eighths are exact in binary, also as milliseconds.
    makers: dict[Any, Callable[[int], Any]] = {
        str: lambda number: f"text {number}",
        int: lambda number: number,
        float: lambda number: number / 8,
        bool: lambda _: True,
    }
    return makers[kind](next(numbers))


def attributes(value: Any, nested: set[str], prefix: str = "") -> Iterator[str]:
    """Paths of the attributes of a server's value; those in ``nested`` are expanded."""
    for field in fields(value):
        path = f"{prefix}{field.name}"
        if path in nested:
            yield from attributes(getattr(value, field.name), set(), f"{path}.")
        else:
            yield path


def assert_agree(server: Any, converted: Any) -> None:
    """Every attribute of the server's value is in the client's value, and nothing else is."""
    kind = type(converted)
    if isinstance(server, tuple):
        assert len(server) == len(converted)
        for one, other in zip(server, converted, strict=True):
            assert_agree(one, other)
        return
    if not is_dataclass(server) or kind is Span:
        assert (server, type(server)) == (converted, kind)
        return
    paths = {name: SERVER_NAMES.get(kind, {}).get(name, name) for name in names(kind)}
    nested = {path.partition(".")[0] for path in paths.values() if "." in path}
    not_sent = {path for known, path in NOT_SENT if known is kind}
    # The text of a summary is a property of the server's type.
    derived = {"text"} if kind is client.Summary else set()
    assert set(paths.values()) - derived == set(attributes(server, nested)) - not_sent
    for name, path in paths.items():
        convert = SERVER_VALUES.get((kind, name), lambda value: value)
        assert_agree(convert(attrgetter(path)(server)), getattr(converted, name))


def test_the_servers_summary_arrives_in_the_client() -> None:
    summary = example(Summary, count(1))
    encoded = to_proto.encode_summary(10**9, summary)
    message = summarization_pb2.SummarizeResponse.FromString(encoded)
    assert_agree(summary, from_proto.summary(message))


def test_the_servers_translation_arrives_in_the_client() -> None:
    translation = example(Translation, count(1))
    encoded = to_proto.encode_translation(10**9, translation, include_segments=True)
    message = translation_pb2.TranslateResponse.FromString(encoded)
    assert_agree(translation, from_proto.translation(message))


def test_the_servers_stream_events_arrive_in_the_client() -> None:
    translation = example(Translation, count(1))
    events = [translation.started, *translation.segments, translation.finished]
    for event in events:
        assert_agree(event, from_proto.event(to_proto.stream_event(event)))


def test_the_servers_warning_has_the_fields_of_the_clients() -> None:
    """In the client every field but the message is optional: the type may be newer."""
    server, ours = get_type_hints(Warning), get_type_hints(client.Warning)
    assert server.keys() == ours.keys()
    assert ours == {**server, "type": WarningType | None}
