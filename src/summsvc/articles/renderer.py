"""A translated article in the form of the original.

Separators are put back as they were. Markup inside a segment goes to the same
share of the translation's length, moved to the nearest edge of a word and never
past other markup: its order is kept, so tags that were well nested stay so.
Nothing is lost but Markdown emphasis for which the translation has no word.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.document import Document, InlineMark, Segment
from summsvc.articles.formats.escape import escaped
from summsvc.interruption import checked
from summsvc.types import Field, MimeType, Span

_WORD = re.compile(r"\S+")
_LINE_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_BREAK = re.compile(r"[ \\]*[\r\n]|<br\b", re.IGNORECASE)
"""Markup that stands where otherwise a space would."""

_EMPHASIS = re.compile(r"\*+|_+|~~")


_PUNCTUATION = ".,;:!?…)]}\"'”’»"


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
        self._nbsp = "&nbsp;" if "&nbsp;" in document.article.body else "\u00a0"

    def place(self, index: int, translation: str) -> Placed:
        """Place segment ``index``; call once for each segment, in order.

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
        text = "".join(_pieces(segment, translation, mime_type, at_line_start=at_line_start))
        if mime_type is MimeType.HTML:
            text = text.replace("\u00a0", self._nbsp)
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
    placed = tuple(renderer.place(i, text) for i, text in enumerate(checked(translations, 1)))
    closing = renderer.finish()
    parts: dict[Field, list[str]] = {Field.TITLE: [], Field.BODY: []}
    for segment, each in checked(zip(document.segments, placed, strict=True)):
        parts[segment.field] += [each.separator, each.text]
    return Rendered(
        title="".join(parts[Field.TITLE]) + closing.title,
        body="".join(parts[Field.BODY]) + closing.body,
        placed=placed,
    )


def _pieces(segment: Segment, text: str, mime_type: MimeType, *, at_line_start: bool) -> list[str]:
    """A translation in pieces, markup between them."""
    pieces: list[str] = []
    at = 0
    for mark, target in checked(_kept_marks(segment, text, mime_type)):
        piece = escaped(
            text[at:target],
            mime_type,
            at_line_start=at_line_start and at == 0,
            before_markup=True,
        )
        pieces += [piece.removesuffix(" ") if _BREAK.match(mark.source) else piece, mark.source]
        at = target
    pieces.append(escaped(text[at:], mime_type, at_line_start=at_line_start and at == 0))
    return pieces


def _kept_marks(segment: Segment, text: str, mime_type: MimeType) -> list[tuple[InlineMark, int]]:
    """The marks with their targets; in Markdown without emphasis that would hold nothing.

    Two such marks side by side would mean something else, or show as asterisks.
    """
    kept: list[tuple[InlineMark, int]] = []
    for mark, target in checked(
        zip(segment.marks, _targets(segment.text, text, segment.marks), strict=True)
    ):
        same = kept and (kept[-1][0].source.strip(), kept[-1][1]) == (mark.source.strip(), target)
        if same and mime_type is MimeType.MARKDOWN and _EMPHASIS.fullmatch(mark.source.strip()):
            kept.pop()
        else:
            kept.append((mark, target))
    return kept


def _targets(source: str, text: str, marks: Sequence[InlineMark]) -> list[int]:
    """Offset in ``text`` for each mark, never decreasing.

    Exact when the text is the source, else in proportion: markup that closes
    goes to the end of a word, other markup to the start of one.
    """
    if source == text:
        return [mark.offset for mark in marks]
    words = [match.span() for match in checked(_WORD.finditer(text))] if marks else []
    starts = [0, *(start for start, _ in words)]
    ends = [end for _, end in words] or [0]
    # Punctuation that follows markup goes on following it.
    bare_ends = [
        start + len(text[start:end].rstrip(_PUNCTUATION)) for start, end in checked(words)
    ] or [0]
    targets: list[int] = []
    last_target = last_offset = 0
    for mark in checked(marks):
        wanted = round(mark.offset * len(text) / len(source))
        before, after = source[mark.offset - 1], source[mark.offset : mark.offset + 1]
        closes = not before.isspace() and (before.isalnum() or not after.isalnum())
        punctuated = bool(after) and not (after.isspace() or after.isalnum())
        edges = (bare_ends if punctuated else ends) if closes else starts
        # What had words between keeps at least one.
        apart = closes and mark.offset > last_offset
        low = (bisect.bisect_right if apart else bisect.bisect_left)(edges, last_target)
        target = _nearest(edges, wanted, low) if low < len(edges) else last_target
        targets.append(target)
        last_target, last_offset = target, mark.offset
    return targets


def _nearest(edges: Sequence[int], wanted: int, low: int) -> int:
    """The one of ``edges[low:]``, which is not empty, nearest to ``wanted``."""
    at = bisect.bisect_left(edges, wanted, low)
    return min(edges[max(low, at - 1) : at + 1], key=lambda edge: abs(edge - wanted))
