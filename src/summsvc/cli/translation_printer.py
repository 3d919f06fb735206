"""Printing of translations: complete results or events of a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from summsvc.cli.display import terminal
from summsvc.cli.display.segments import print_segment
from summsvc.cli.inputs import Source
from summsvc.cli.output import Headings, show_language, show_warnings, to_json
from summsvc.client import (
    TranslatedSegment,
    Translation,
    TranslationEvent,
    TranslationFinished,
    TranslationStarted,
)
from summsvc.types import Article, Field


class TranslationPrinter:
    """Prints the translations of several articles, one after another.

    articles: number of articles. as_json: print replies or events as JSON. segments:
    print each segment with its source and score instead of the joined text. titled:
    whether the articles have a title of their own; that of a page is in the page itself.
    """

    def __init__(self, articles: int, *, as_json: bool, segments: bool, titled: bool) -> None:
        self._headings = Headings(articles)
        self._as_json = as_json
        self._segments = segments
        self._titled = titled
        self._skips_title = False
        self._last_field: Field | None = None
        self._line_open = False

    def print_translation(self, source: Source, article: Article, translation: Translation) -> None:
        """Print a complete translation."""
        if self._as_json:
            click.echo(to_json(translation.raw))
            return
        self._headings.show(source)
        if self._segments:
            for segment in translation.segments:
                _show_segment(segment)
        else:
            if translation.title and (self._titled or translation.page is None):
                self._print(f"{translation.title}\n\n")
            self._print(translation.body)
            self._end_line()
        show_language(translation.language, translation.target_language, translation.models)
        show_warnings(source, translation.warnings, article)

    def print_event(self, source: Source, article: Article, event: TranslationEvent) -> None:
        """Print one event of the stream of an article."""
        if self._as_json:
            click.echo(to_json(event.raw))
            return
        match event:
            case TranslationStarted():
                self._headings.show(source)
                show_language(event.language, event.target_language, event.models)
                self._last_field = None
                self._skips_title = event.page is not None and not self._titled
            case TranslatedSegment() if self._segments:
                _show_segment(event)
            case TranslatedSegment(field=Field.TITLE) if self._skips_title:
                pass
            case TranslatedSegment():
                if self._last_field is Field.TITLE and event.field is Field.BODY:
                    self._print("\n\n")
                self._last_field = event.field
                self._print(event.separator + event.text)
            case TranslationFinished():
                if not self._segments:
                    self._print(event.separator)
                self._end_line()
                show_warnings(source, event.warnings, article)

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Context of one stream; ends the current line if the stream breaks off."""
        try:
            yield
        finally:
            self._end_line()

    def _print(self, text: str) -> None:
        click.echo(text, nl=False)
        if text:
            self._line_open = not text.endswith("\n")

    def _end_line(self) -> None:
        if self._line_open:
            click.echo()
        self._line_open = False


def _show_segment(segment: TranslatedSegment) -> None:
    if console := terminal.out():
        print_segment(console, segment)
        return
    field = segment.field.value if segment.field else "?"
    kind = segment.kind.value if segment.kind else "?"
    click.echo(f"[{segment.index}] {field}, {kind}, score {segment.score:.2f}")
    click.echo(f"    {segment.source_text}")
    click.echo(f"    {segment.text}")
    for term in segment.terms:
        applied = "" if term.applied else " (not applied)"
        click.echo(f"    {term.source} => {term.target}{applied}")
