"""Renderer: inserts translations into the original markup of an article.

Separators are restored as they were. Markup inside a segment moves to the proportional
position in the translation, is aligned to the nearest word boundary, and never passes
other markup. The order of markup is preserved, so properly nested tags stay nested. The only
markup that is dropped is Markdown emphasis for which the translation has no word.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.document import Document, InlineMark, Segment
from summsvc.articles.formats.escape import escape
from summsvc.interruption import checked, checked_matches
from summsvc.types import Field, MimeType, Span

_NON_SPACE_RUN = re.compile(r"\S+")
_LINE_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_BREAK_MARKUP = re.compile(r"[ \\]*[\r\n]|<br\b", re.IGNORECASE)
"""Line-break markup, which replaces a space."""

_EMPHASIS = re.compile(r"\*+|_+|~~")
_FOLLOWING_PUNCTUATION = ".,;:!?…)]}\"'”’»"


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

    def place(self, index: int, translation: str) -> RenderedSegment:
        """Render segment ``index``; call once for each segment, in order.

        Line breaks in a translation become spaces.
        """
        document, segment = self._document, self._segments[index]
        if segment.field is Field.TITLE:
            separator, mime_type = document.title_separators[index], MimeType.PLAIN
        else:
            separator = document.body_separators[index - len(document.title)]
            mime_type = document.article.mime_type
        translation = _LINE_BREAKS.sub(" ", translation)
        at_line_start = not separator or separator[-1] in "\r\n"
        if segment.marks:
            pieces = _render_pieces(segment, translation, mime_type, at_line_start=at_line_start)
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


def _render_pieces(
    segment: Segment, text: str, mime_type: MimeType, *, at_line_start: bool
) -> list[str]:
    """The translation's pieces with the markup between them, escaped for the format."""
    pieces: list[str] = []
    at = 0
    for mark, target in checked(_place_marks(segment, text, mime_type)):
        piece = escape(
            text[at:target],
            mime_type,
            at_line_start=at_line_start and at == 0,
            before_markup=True,
        )
        pieces += [
            piece.removesuffix(" ") if _BREAK_MARKUP.match(mark.source) else piece,
            mark.source,
        ]
        at = target
    pieces.append(escape(text[at:], mime_type, at_line_start=at_line_start and at == 0))
    return pieces


def _place_marks(segment: Segment, text: str, mime_type: MimeType) -> list[tuple[InlineMark, int]]:
    """The marks with their target offsets, without Markdown emphasis around empty text.

    Two equal emphasis marks side by side would have another meaning or be shown as asterisks.
    """
    kept: list[tuple[InlineMark, int]] = []
    for mark, target in checked(
        zip(segment.marks, _mark_offsets(segment.text, text, segment.marks), strict=True)
    ):
        same = kept and (kept[-1][0].source.strip(), kept[-1][1]) == (mark.source.strip(), target)
        if same and mime_type is MimeType.MARKDOWN and _EMPHASIS.fullmatch(mark.source.strip()):
            kept.pop()
        else:
            kept.append((mark, target))
    return kept


def _mark_offsets(source: str, text: str, marks: Sequence[InlineMark]) -> list[int]:
    """Offset in ``text`` for each mark, never decreasing.

    Exact when the text equals the source, otherwise proportional: closing markup moves to the
    end of a word, other markup to the start of a word.
    """
    if source == text:
        return [mark.offset for mark in marks]
    words = [match.span() for match in checked_matches(_NON_SPACE_RUN, text)] if marks else []
    starts = [0, *(start for start, _ in words)]
    ends = [end for _, end in words] or [0]
    # Punctuation that follows markup still follows it after translation.
    bare_ends = [
        start + len(text[start:end].rstrip(_FOLLOWING_PUNCTUATION)) for start, end in checked(words)
    ] or [0]
    targets: list[int] = []
    last_target = last_offset = 0
    for mark in checked(marks):
        wanted = round(mark.offset * len(text) / len(source))
        before, after = source[mark.offset - 1], source[mark.offset : mark.offset + 1]
        closes = not before.isspace() and (before.isalnum() or not after.isalnum())
        punctuated = bool(after) and not (after.isspace() or after.isalnum())
        edges = (bare_ends if punctuated else ends) if closes else starts
        # Two marks with text between them keep at least one word between them.
        apart = closes and mark.offset > last_offset
        low = (bisect.bisect_right if apart else bisect.bisect_left)(edges, last_target)
        target = _nearest_edge(edges, wanted, low) if low < len(edges) else last_target
        targets.append(target)
        last_target, last_offset = target, mark.offset
    return targets


def _nearest_edge(edges: Sequence[int], wanted: int, low: int) -> int:
    """The value of ``edges[low:]``, which is not empty, that is nearest to ``wanted``."""
    at = bisect.bisect_left(edges, wanted, low)
    return min(edges[max(low, at - 1) : at + 1], key=lambda edge: abs(edge - wanted))
