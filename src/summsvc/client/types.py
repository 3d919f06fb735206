"""What a server answers, as values.

Each answer's ``raw`` is the message it was read from. Codes of languages are
BCP-47; spans count Unicode code points.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from google.protobuf.message import Message

from summsvc.client.options import SummaryMethod
from summsvc.types import Field, SegmentKind, Span, WarningType


@dataclass(frozen=True, slots=True)
class Language:
    """The article's language.

    confidence: 0 to 1. identified: False when the caller named it.
    """

    code: str
    confidence: float
    identified: bool


@dataclass(frozen=True, slots=True)
class Warning:
    """Something to know about an answer that is otherwise good.

    type: None when this client is older than the warning. field, span: where in
    the article as sent; None when it is about the whole. output_span: in the
    sentence that carries the warning, or in the whole summary; None when it is
    about no one place there.
    """

    type: WarningType | None
    message: str
    field: Field | None
    span: Span | None
    output_span: Span | None = None


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that did a part of the work."""

    model: str
    engine: str
    revision: str
    source_language: str
    target_language: str


@dataclass(frozen=True, slots=True)
class Stats:
    """Where the time went, in milliseconds, and what it cost."""

    queue_ms: float
    segmentation_ms: float
    inference_ms: float
    total_ms: float
    segments: int
    input_tokens: int
    output_tokens: int
    cache_hits: int


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """A sentence of a summary.

    field, span, source_text, score (0 to 1): where it comes from and how central
    it is; None, None, "" and 0 in an abstractive summary.
    """

    text: str
    field: Field | None
    span: Span | None
    source_text: str
    score: float
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary. text: its sentences joined by spaces. language: the article's."""

    text: str
    sentences: tuple[SummarySentence, ...]
    language: Language
    target_language: str
    method: SummaryMethod | None
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]
    stats: Stats
    raw: Message = dataclasses.field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TermUse:
    """What became of a protected term or glossary entry in a segment."""

    source: str
    target: str
    applied: bool


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """A segment and its translation.

    index: among the article's segments, from 0, title first. paragraph: within
    its field, from 0. source_span, target_span: in the text as sent and in the
    translated text. separator: what stands before ``text``; separators and texts
    in order give the translated field. score: mean log-probability of the
    tokens, at most 0.
    """

    index: int
    field: Field | None
    paragraph: int
    kind: SegmentKind | None
    source_span: Span | None
    target_span: Span | None
    source_text: str
    text: str
    separator: str
    score: float
    warnings: tuple[Warning, ...]
    terms: tuple[TermUse, ...]
    raw: Message = dataclasses.field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Translation:
    """A translated article. segments: empty unless asked for."""

    title: str
    body: str
    language: Language
    target_language: str
    segments: tuple[TranslatedSegment, ...]
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]
    stats: Stats
    raw: Message = dataclasses.field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TranslationStarted:
    """The first event of a stream. segments: how many will follow."""

    language: Language
    target_language: str
    segments: int
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]
    raw: Message = dataclasses.field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TranslationFinished:
    """The last event of a stream.

    separator, title_separator: what stands after the last segment of the body
    and of the title. warnings: all of the answer.
    """

    separator: str
    title_separator: str
    warnings: tuple[Warning, ...]
    stats: Stats
    raw: Message = dataclasses.field(repr=False, compare=False)


TranslationEvent = TranslationStarted | TranslatedSegment | TranslationFinished
