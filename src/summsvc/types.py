"""An article as it came in, and places and warnings that refer to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Field(Enum):
    """Which of an article's two texts something is about."""

    TITLE = "title"
    BODY = "body"


class MimeType(Enum):
    """Forms of article body that are read."""

    PLAIN = "text/plain"
    HTML = "text/html"
    MARKDOWN = "text/markdown"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, [start, end), in Unicode code points of the text as sent."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """What a caller sends.

    language: BCP-47 code, or "" to have it identified.
    """

    title: str
    body: str
    language: str = ""
    mime_type: MimeType = MimeType.PLAIN


class WarningType(Enum):
    """The kinds of warning; names are those of the proto enum without prefix."""

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


@dataclass(frozen=True, slots=True)
class Warning:
    """Something the caller should know about an answer that is otherwise good.

    span: in the article's field. output_span: in the text of the answer.
    """

    type: WarningType
    message: str
    field: Field | None = None
    span: Span | None = None
    output_span: Span | None = None
