"""Segments of a translation in two columns: the source on the left, its translation beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from summsvc.cli.display.terminal import printable
from summsvc.client import TranslatedSegment
from summsvc.types import Field, SegmentKind

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def print_segment(console: Console, segment: TranslatedSegment) -> None:
    """Print one segment as one row; rows have the same columns, so that a stream is a table.

    Below the translation are its score, its warnings and the terms that were prescribed.
    """
    from rich.table import Table

    row = Table.grid(expand=True, padding=(0, 1))
    row.add_column(width=4, justify="right", style="dim")
    row.add_column(ratio=1)
    row.add_column(width=1, style="dim")
    row.add_column(ratio=1)
    # An offset of 1 would confuse: the index is that of the JSON and of the plain output.
    row.add_row(str(segment.index), _source(segment), "│", _target(segment))
    console.print(row)


def _style(segment: TranslatedSegment) -> str:
    return "bold" if segment.field is Field.TITLE or segment.kind is SegmentKind.HEADING else ""


def _source(segment: TranslatedSegment) -> Text:
    from rich.text import Text

    return Text(printable(segment.source_text), _style(segment))


def _target(segment: TranslatedSegment) -> Text:
    from rich.text import Text

    text = Text(printable(segment.text), _style(segment))
    text.append(f"\nscore {segment.score:.2f}", "not bold dim")
    for warning in segment.warnings:
        name = warning.type.name if warning.type else "WARNING"
        text.append(f"\n{name}: {printable(' '.join(warning.message.split()))}", "not bold yellow")
    for term in segment.terms:
        missing = "" if term.applied else " (not applied)"
        style = "not bold green" if term.applied else "not bold yellow"
        text.append(f"\n{printable(term.source)} => {printable(term.target)}{missing}", style)
    return text
