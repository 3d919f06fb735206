"""Document: a parsed article as segments in order, with the source text between them.

A document keeps every character of the source. Each of the two fields, as sent, is the
alternation separator, segment, separator, ..., segment, separator. Source text that was
removed as boilerplate belongs to no separator.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from summsvc.types import Article, Field, Page, SegmentKind, Span, Warning


@dataclass(frozen=True, slots=True)
class InlineMark:
    """Inline markup inside a segment.

    offset: position in ``Segment.text``, in code points, before which the markup stands.
    source: the markup as written in the article.
    length: code points of the text from ``offset`` on that the markup stands for: the quotation
        mark of a ``q`` tag, or a part that translations keep as it is, markup included (kept).
    """

    offset: int
    source: str
    length: int = 0
    kept: bool = False

    @property
    def end(self) -> int:
        """Position after the text that the markup stands for."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, heading or fragment; the unit that models and rankers process.

    text: visible text without markup, with character references decoded and each run of
        white space replaced by one space; never empty.
    span: position in the field as sent, from the first to the last visible character,
        including inner markup and the tags at its edges of elements inside it.
    paragraph: index of the segment's block within the field, from 0.
    marks: inline markup within the segment, in source order.
    """

    text: str
    span: Span
    field: Field
    kind: SegmentKind
    paragraph: int
    marks: tuple[InlineMark, ...] = ()

    @property
    def kept(self) -> list[tuple[int, int]]:
        """The ranges [start, end) of the text that translations keep as they are, in order."""
        ranges: list[tuple[int, int]] = []
        for mark in self.marks:
            text = self.text[mark.offset : mark.end] if mark.kept else ""
            if text.strip():
                start = mark.offset + len(text) - len(text.lstrip())
                ranges.append((start, start + len(text.strip())))
        return ranges


@dataclass(frozen=True, slots=True)
class IdentifiedLanguage:
    """The language of an article.

    code: BCP-47. confidence: 0 to 1. identified: False when the client named the language.
    """

    code: str
    confidence: float
    identified: bool


@dataclass(frozen=True, slots=True)
class LanguagePart:
    """Neighbouring segments of one field that are in another language than the article.

    first, last: their numbers [first, last) among all segments. code: ISO 639 code. share: of
    the letters of all segments, 0 to 1. span: position in the field as sent.
    """

    field: Field
    first: int
    last: int
    code: str
    share: float
    span: Span


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed article.

    article: as read: with repaired texts, whose places are those of the texts as sent.
    title, body: segments in order. title_separators, body_separators: the source text
        around them; always one more than there are segments.
    removed: spans of the body that were removed as boilerplate, in order.
    page: the body as a page, None if it is not one.
    parts: the parts in another language, in order.
    """

    article: Article
    language: IdentifiedLanguage
    title: tuple[Segment, ...]
    body: tuple[Segment, ...]
    title_separators: tuple[str, ...]
    body_separators: tuple[str, ...]
    removed: tuple[Span, ...] = ()
    warnings: tuple[Warning, ...] = field(default=())
    page: Page | None = None
    parts: tuple[LanguagePart, ...] = ()

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Title segments, followed by body segments."""
        return self.title + self.body

    def in_language(self, code: str) -> frozenset[int]:
        """The numbers of the segments that are in this language, unlike the article."""
        return frozenset(
            number
            for part in self.parts
            if part.code == code
            for number in range(part.first, part.last)
        )
