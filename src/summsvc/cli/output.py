"""Output formats: JSON replies, headings, texts, language lines and warnings.

Plain output is the same whatever the terminal is; on a terminal ``display`` takes its place.
"""

from __future__ import annotations

from collections.abc import Iterable

import click
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from summsvc.cli.display import terminal
from summsvc.cli.inputs import Source
from summsvc.client import Language, ModelUse, Summary, Warning
from summsvc.types import Article


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
            gap = "\n" if self._shown else ""
            if console := terminal.out():
                console.print(f"{gap}==> {terminal.printable(source.name)} <==", style="bold cyan")
            else:
                click.echo(f"{gap}==> {source.name} <==")
        self._shown += 1


def show_summary(summary: Summary) -> None:
    """Print a summary and the article's language on standard output."""
    line = language_line(summary.language, summary.target_language, summary.models)
    if console := terminal.out():
        columns = min(console.width, terminal.MAX_TEXT_COLUMNS)
        console.print(terminal.printable(summary.text), width=columns)
        console.print(f"\n{terminal.printable(line)}", style="dim")
    else:
        click.echo(f"{summary.text}\n")
        click.echo(line)


def show_language(language: Language, target: str, models: Iterable[ModelUse]) -> None:
    """Print the language line on standard error."""
    line = language_line(language, target, models)
    if console := terminal.err():
        console.print(terminal.printable(line), style="dim")
    else:
        click.echo(line, err=True)


def language_line(language: Language, target: str, models: Iterable[ModelUse]) -> str:
    """Format the language, for example ``Language: en (confidence 0.98) -> ru, by opus-en-ru``."""
    origin = f"confidence {language.confidence:.2f}" if language.identified else "as given"
    into = f" -> {target}" if target != language.code else ""
    by = ", ".join(dict.fromkeys(use.model for use in models))
    return f"Language: {language.code} ({origin}){into}{', by ' if by else ''}{by}"


def show_warnings(
    source: Source, warnings: Iterable[Warning], article: Article | None, summary: str = ""
) -> None:
    """Print warnings on standard error: in groups on a terminal, else one line per warning.

    article: as it was sent. summary: as it was received.
    """
    if console := terminal.err():
        from summsvc.cli.display.warnings import print_warnings

        print_warnings(console, warnings, article, summary)
        return
    for warning in warnings:
        kind = warning.type.name if warning.type else "WARNING"
        place = ""
        if warning.field is not None and warning.span is not None:
            place = f" at {warning.field.value} {warning.span.start}-{warning.span.end}"
        elif warning.output_span is not None:
            place = f" at summary {warning.output_span.start}-{warning.output_span.end}"
        message = " ".join(warning.message.split())
        click.echo(f"{source.name}: warning: {kind}{place}: {message}", err=True)
