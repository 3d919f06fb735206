"""An article read: its segments in order, and everything between them.

A document keeps every character. For each of the two fields, the text as sent
is the alternation separator, segment, separator, ... segment, separator; what
was removed as boilerplate is part of no separator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from summsvc.types import Article, Field, Span, Warning


class SegmentKind(Enum):
    """What kind of text a segment is."""

    SENTENCE = "sentence"
    HEADING = "heading"
    FRAGMENT = "fragment"


@dataclass(frozen=True, slots=True)
class InlineMark:
    """Markup inside a segment: the source characters, and where they stand.

    offset: code points into ``Segment.text`` before which the markup stands.
    """

    offset: int
    source: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, heading or fragment.

    text: what a model or ranker reads: markup taken out, character references
        decoded, runs of white space made one space; never empty.
    span: where it stands in the field as sent, from its first to its last
        visible character, inner markup included.
    paragraph: number of its paragraph within the field, from 0.
    marks: inline markup within the segment, in source order.
    """

    text: str
    span: Span
    field: Field
    kind: SegmentKind
    paragraph: int
    marks: tuple[InlineMark, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentifiedLanguage:
    """A language and how sure one is of it.

    code: BCP-47. confidence: 0 to 1. identified: False when the caller named it.
    """

    code: str
    confidence: float
    identified: bool


@dataclass(frozen=True, slots=True)
class Document:
    """An article read.

    title, body: segments in order. title_separators, body_separators: the
        source text between them; always one more than there are segments.
    removed: what was taken out of the body as boilerplate, in order.
    """

    article: Article
    language: IdentifiedLanguage
    title: tuple[Segment, ...]
    body: tuple[Segment, ...]
    title_separators: tuple[str, ...]
    body_separators: tuple[str, ...]
    removed: tuple[Span, ...] = ()
    warnings: tuple[Warning, ...] = field(default=())

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Title segments, then body segments."""
        return self.title + self.body
