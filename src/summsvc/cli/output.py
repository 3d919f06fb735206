"""What commands print: results on standard output, remarks on standard error."""

from __future__ import annotations

from collections.abc import Iterable

import click
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from summsvc.cli.inputs import Source
from summsvc.client import Language, ModelUse, Warning


def to_json(message: Message) -> str:
    """Protobuf's JSON mapping with the proto's field names, on one line."""
    return MessageToJson(message, preserving_proto_field_name=True, indent=None, ensure_ascii=False)


class Headings:
    """A line with the source's name over its result, when there are several."""

    def __init__(self, inputs: int) -> None:
        self._several = inputs > 1
        self._shown = 0

    def show(self, source: Source) -> None:
        if self._several:
            click.echo(f"{chr(10) if self._shown else ''}==> {source.name} <==")
        self._shown += 1


def language_line(language: Language, target: str, models: Iterable[ModelUse]) -> str:
    """For example ``Language: en (confidence 0.98) -> ru, by opus-en-ru``."""
    how = f"confidence {language.confidence:.2f}" if language.identified else "as given"
    into = f" -> {target}" if target != language.code else ""
    by = ", ".join(dict.fromkeys(use.model for use in models))
    return f"Language: {language.code} ({how}){into}{', by ' if by else ''}{by}"


def show_warnings(source: Source, warnings: Iterable[Warning]) -> None:
    """One line for each on standard error."""
    for warning in warnings:
        kind = warning.type.name if warning.type else "WARNING"
        place = ""
        if warning.field is not None and warning.span is not None:
            place = f" at {warning.field.value} {warning.span.start}-{warning.span.end}"
        elif warning.output_span is not None:
            place = f" at summary {warning.output_span.start}-{warning.output_span.end}"
        message = " ".join(warning.message.split())
        click.echo(f"{source.name}: warning: {kind}{place}: {message}", err=True)
