"""Vocabulary shared by server and client: articles, spans, segment kinds and warning kinds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Field(Enum):
    """The text field of an article that a span or warning refers to."""

    TITLE = "title"
    BODY = "body"


class MimeType(Enum):
    """Supported formats of an article body."""

    PLAIN = "text/plain"
    HTML = "text/html"
    MARKDOWN = "text/markdown"


class SegmentKind(Enum):
    """The kind of a segment.

    SENTENCE: ends with a sentence terminator. HEADING: a title or section heading.
    FRAGMENT: any other text, such as a list item or table cell.
    """

    SENTENCE = "sentence"
    HEADING = "heading"
    FRAGMENT = "fragment"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range [start, end) of Unicode code points in a text as sent by the client."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """An article as sent by the client.

    language: BCP-47 code, or "" to identify the language from the text.
    """

    title: str
    body: str
    language: str = ""
    mime_type: MimeType = MimeType.PLAIN


class WarningType(Enum):
    """Kinds of warnings. Names are those of the protobuf enum without its prefix."""

    BOILERPLATE_REMOVED = 1
    LANGUAGE_UNCERTAIN = 2
    LANGUAGE_MISMATCH = 3
    SEGMENT_SPLIT = 4
    OUTPUT_TRUNCATED = 5
    REPETITION = 6
    LENGTH_RATIO = 7
    UNTRANSLATED = 8
    WRONG_SCRIPT = 9
    NUMBER_LOST = 10
    TERM_LOST = 11
    EMPTY_OUTPUT = 12
    UNSUPPORTED_CLAIM = 13
    GLOSSARY_NOT_APPLIED = 14
    RETRIED = 15
    PIVOT = 16
    SHORT_ARTICLE = 17
    LENGTH_NOT_MET = 18
    WRONG_LANGUAGE = 19
    BRACKETS_LOST = 20
    MODEL_BROKEN = 21
    ATTEMPTS_CUT = 22
    PAGE_FURNITURE_REMOVED = 23
    PAGE_WITHOUT_ARTICLE = 24
    ENCODING_REPAIRED = 25
    ENCODING_DOUBTFUL = 26
    OTHER_LANGUAGE_PART = 27
    CODE_REMOVED = 28


class PageExtraction(Enum):
    """How the article of a page was separated from the rest of the page.

    LIBRARY: by a library and the service's rules. RULES: by the rules alone. WHOLE: not at all.
    """

    LIBRARY = "library"
    RULES = "rules"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML body that is a whole page.

    title, language_code, byline, published: what the page says about itself, "" for nothing;
        published is an ISO 8601 date with or without a time.
    extraction: None if the way is newer than the client.
    furniture_blocks, furniture_code_points: number and visible length of the blocks that are
        not part of the article. furniture: their positions in the body, neighbours joined.
    """

    title: str
    language_code: str
    byline: str
    published: str
    extraction: PageExtraction | None
    furniture_blocks: int
    furniture_code_points: int
    furniture: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Warning:
    """A warning about a successful response.

    span: position in ``field`` of the article. output_span: position in the response's text.
    """

    type: WarningType
    message: str
    field: Field | None = None
    span: Span | None = None
    output_span: Span | None = None
