"""Renderer: inserts translations into the original markup of an article.

Separators are restored as they were. ``mark_places`` places the markup inside a segment; properly
nested tags stay nested. The only markup that is dropped is Markdown emphasis for which the
translation has no word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.alignment import Alignment, edited
from summsvc.articles.aligned_marks import Place
from summsvc.articles.document import Document
from summsvc.articles.formats.escape import escape
from summsvc.articles.mark_places import places_of
from summsvc.interruption import checked, checked_matches
from summsvc.types import Field, MimeType, Span

_LINE_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_BREAK_MARKUP = re.compile(r"[ \\]*[\r\n]|<br\b", re.IGNORECASE)
"""Line-break markup, which replaces a space."""

_EMPHASIS = re.compile(r"\*+|_+|~~")


@dataclass(frozen=True, slots=True)
class RenderedSegment:
    """A translated segment, ready to be appended to its field.

    text: with markup and escapes. separator: the source text before it. target_span:
    position in the translated field, in code points.
    """

    text: str
    separator: str
    target_span: Span


@dataclass(frozen=True, slots=True)
class TrailingSeparators:
    """The source text after the last segment of each field."""

    title: str
    body: str


class Renderer:
    """Renders the segments of one document one by one, so that a response can be streamed."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._segments = document.segments
        self._length = {Field.TITLE: 0, Field.BODY: 0}
        self._nbsp = "&nbsp;" if "&nbsp;" in document.article.body else "\u00a0"

    def place(self, index: int, translation: str, alignment: Alignment = ()) -> RenderedSegment:
        """Render segment ``index``; call once for each segment, in order.

        alignment: of the translation with the segment's text; without one, markup is placed by
        its relative position. Line breaks in a translation become spaces.
        """
        document, segment = self._document, self._segments[index]
        if segment.field is Field.TITLE:
            separator, mime_type = document.title_separators[index], MimeType.PLAIN
        else:
            separator = document.body_separators[index - len(document.title)]
            mime_type = document.article.mime_type
        translation, alignment = _on_one_line(translation, alignment)
        at_line_start = not separator or separator[-1] in "\r\n"
        if segment.marks:
            places = places_of(segment, translation, alignment)
            if mime_type is MimeType.MARKDOWN:
                places = _without_empty_emphasis(places)
            pieces = _render_pieces(places, translation, mime_type, at_line_start=at_line_start)
            text = "".join(pieces)
        else:
            text = escape(translation, mime_type, at_line_start=at_line_start)
        if mime_type is MimeType.HTML:
            text = text.replace("\u00a0", self._nbsp)
        start = self._length[segment.field] + len(separator)
        self._length[segment.field] = start + len(text)
        return RenderedSegment(text, separator, Span(start, start + len(text)))

    def finish(self) -> TrailingSeparators:
        """Return the trailing separators; call after the last segment."""
        document = self._document
        return TrailingSeparators(document.title_separators[-1], document.body_separators[-1])


def _on_one_line(text: str, alignment: Alignment) -> tuple[str, Alignment]:
    """The text with each run of line breaks as a space, and its alignment."""
    breaks = [(*match.span(), " ") for match in checked_matches(_LINE_BREAKS, text)]
    if not breaks:
        return text, alignment
    return _LINE_BREAKS.sub(" ", text), edited(alignment, breaks)


def _render_pieces(
    places: Sequence[Place], text: str, mime_type: MimeType, *, at_line_start: bool
) -> list[str]:
    """The translation's pieces with the markup between them, escaped for the format."""
    pieces: list[str] = []
    at = 0
    for place in checked(places):
        piece = escape(
            text[at : place.start],
            mime_type,
            at_line_start=at_line_start and at == 0,
            before_markup=True,
        )
        source = place.mark.source
        pieces += [piece.removesuffix(" ") if _BREAK_MARKUP.match(source) else piece, source]
        at = place.end
    pieces.append(escape(text[at:], mime_type, at_line_start=at_line_start and at == 0))
    return pieces


def _without_empty_emphasis(places: Sequence[Place]) -> list[Place]:
    """The places without Markdown emphasis around empty text.

    Two equal emphasis marks side by side would have another meaning or be shown as asterisks.
    """
    kept: list[Place] = []
    for place in checked(places):
        source = place.mark.source.strip()
        same = kept and (kept[-1].mark.source.strip(), kept[-1].end) == (source, place.start)
        if same and _EMPHASIS.fullmatch(source):
            kept.pop()
        else:
            kept.append(place)
    return kept
