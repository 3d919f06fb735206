"""Output formats: JSON replies, headings, language lines and warnings."""

from __future__ import annotations

from collections.abc import Iterable

import click
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from summsvc.cli.inputs import Source
from summsvc.client import Language, ModelUse, Warning


def to_json(message: Message) -> str:
    """Encode a message in protobuf's JSON mapping with proto field names, on one line."""
    return MessageToJson(message, preserving_proto_field_name=True, indent=None, ensure_ascii=False)


class Headings:
    """Prints the source's name above each result if there are several inputs."""

    def __init__(self, inputs: int) -> None:
        self._has_headings = inputs > 1
        self._shown = 0

    def show(self, source: Source) -> None:
        if self._has_headings:
            click.echo(f"{chr(10) if self._shown else ''}==> {source.name} <==")
        self._shown += 1


def language_line(language: Language, target: str, models: Iterable[ModelUse]) -> str:
    """Format the language, for example ``Language: en (confidence 0.98) -> ru, by opus-en-ru``."""
    origin = f"confidence {language.confidence:.2f}" if language.identified else "as given"
    into = f" -> {target}" if target != language.code else ""
    by = ", ".join(dict.fromkeys(use.model for use in models))
    return f"Language: {language.code} ({origin}){into}{', by ' if by else ''}{by}"


def show_warnings(source: Source, warnings: Iterable[Warning]) -> None:
    """Print one line per warning on standard error."""
    for warning in warnings:
        kind = warning.type.name if warning.type else "WARNING"
        place = ""
        if warning.field is not None and warning.span is not None:
            place = f" at {warning.field.value} {warning.span.start}-{warning.span.end}"
        elif warning.output_span is not None:
            place = f" at summary {warning.output_span.start}-{warning.output_span.end}"
        message = " ".join(warning.message.split())
        click.echo(f"{source.name}: warning: {kind}{place}: {message}", err=True)
