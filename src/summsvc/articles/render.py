"""A translated article in the form of the original.

Separators are put back as they were. Markup inside a segment goes to the same
share of the translation's length, moved to the nearest edge of a word and never
past other markup: its order is kept, so tags that were well nested stay so.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.article import Field, MimeType, Span
from summsvc.articles.document import Document, InlineMark

_MARKDOWN_SPECIAL = re.compile(r"([\\`*\[\]<]|(?<!\w)_|_(?!\w)|~~)")
_MARKDOWN_START = re.compile(r"(?:(#{1,6}|[-+>])(?=\s)|(\d{1,9})([.)])(?=\s)|([=~-]{2,}\s*\Z))")


@dataclass(frozen=True, slots=True)
class Placed:
    """A translation put in its place.

    text: with markup and escapes. separator: what stands before it.
    target_span: code points into the translated field.
    """

    text: str
    separator: str
    target_span: Span


@dataclass(frozen=True, slots=True)
class Closing:
    """What stands after the last segment of each field."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A whole article, and where each segment stands in it."""

    title: str
    body: str
    placed: tuple[Placed, ...]


class Renderer:
    """Puts translations back one after the other, so that an answer can be streamed."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._segments = document.segments
        self._length = {Field.TITLE: 0, Field.BODY: 0}

    def place(self, index: int, translation: str) -> Placed:
        """Place segment ``index``; call once for each segment, in order."""
        document, segment = self._document, self._segments[index]
        if segment.field is Field.TITLE:
            separator, mime = document.title_separators[index], MimeType.PLAIN
        else:
            separator = document.body_separators[index - len(document.title)]
            mime = document.article.mime_type
        text = _with_marks(segment.text, translation, segment.marks, mime)
        start = self._length[segment.field] + len(separator)
        self._length[segment.field] = start + len(text)
        return Placed(text, separator, Span(start, start + len(text)))

    def finish(self) -> Closing:
        """The last separators; call after the last segment."""
        document = self._document
        return Closing(document.title_separators[-1], document.body_separators[-1])


def render(document: Document, translations: Sequence[str]) -> Rendered:
    """Put all translations, one per segment, back at once."""
    renderer = Renderer(document)
    placed = tuple(renderer.place(i, text) for i, text in enumerate(translations))
    closing = renderer.finish()
    parts: dict[Field, list[str]] = {Field.TITLE: [], Field.BODY: []}
    for segment, each in zip(document.segments, placed, strict=True):
        parts[segment.field] += [each.separator, each.text]
    return Rendered(
        title="".join(parts[Field.TITLE]) + closing.title,
        body="".join(parts[Field.BODY]) + closing.body,
        placed=placed,
    )


def _with_marks(source: str, text: str, marks: Sequence[InlineMark], mime: MimeType) -> str:
    pieces: list[str] = []
    at = 0
    for mark in marks:
        target = max(at, _place(source, text, mark))
        pieces += [_escaped(text[at:target], mime, first=at == 0), mark.source]
        at = target
    pieces.append(_escaped(text[at:], mime, first=at == 0))
    return "".join(pieces)


def _place(source: str, text: str, mark: InlineMark) -> int:
    """Offset in ``text`` for a mark: exact when the text is the source, else in proportion."""
    if source == text:
        return mark.offset
    wanted = round(mark.offset * len(text) / len(source))
    before, after = source[mark.offset - 1], source[mark.offset : mark.offset + 1]
    closes = before.isalnum() or not (before.isspace() or after.isalnum())
    edges = [m.end() if closes else m.start() for m in re.finditer(r"\S+", text)]
    candidates = [*edges, len(text)] if closes else [0, *edges]
    return min(candidates, key=lambda edge: abs(edge - wanted))


def _escaped(text: str, mime: MimeType, *, first: bool) -> str:
    """Text in the form's own syntax, so that nothing in it is taken for markup."""
    if mime is MimeType.HTML:
        return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")
    if mime is MimeType.MARKDOWN:
        escaped = _MARKDOWN_SPECIAL.sub(r"\\\1", text)
        start = _MARKDOWN_START.match(escaped) if first else None
        return _escape_start(start) + escaped[start.end() :] if start else escaped
    return text


def _escape_start(match: re.Match[str]) -> str:
    if match[2]:
        return f"{match[2]}\\{match[3]}"
    return f"\\{match[0]}"
