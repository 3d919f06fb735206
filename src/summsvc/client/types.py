"""Result types of summaries and translations.

``raw`` of a result is the protobuf message it was made from. Language codes are
BCP-47. Spans and offsets count Unicode code points.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from google.protobuf.message import Message

from summsvc.client import html
from summsvc.client.options import SummaryMethod
from summsvc.types import Field, Page, SegmentKind, Span, WarningType


@dataclass(frozen=True, slots=True)
class Language:
    """Language of an article.

    confidence: probability, 0 to 1. identified: whether the server identified the
    language; False if the request named it.
    """

    code: str
    confidence: float
    identified: bool


@dataclass(frozen=True, slots=True)
class Warning:
    """A warning about a result that is otherwise valid.

    type: None if the warning type is newer than this client. field, span: position
    in the article as sent; None if the warning concerns the whole article.
    output_span: position in the sentence that has the warning, or in the whole
    summary; None if the warning has no position there.
    """

    type: WarningType | None
    message: str
    field: Field | None
    span: Span | None
    output_span: Span | None = None


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that took part in a request, and its language pair.

    word_alignment: whether it gave a word alignment; inline markup of a translation was
    placed by its relative position if one of the models gave none.
    """

    model: str
    engine: str
    revision: str
    source_language: str
    target_language: str
    word_alignment: bool = False


@dataclass(frozen=True, slots=True)
class Stats:
    """Durations of a request in milliseconds, and its segment and token counts."""

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

    field, span, source_text: position and text of the source sentence; None, None
    and "" in an abstractive summary. score: centrality of the sentence, 0 to 1;
    0 in an abstractive summary.
    """

    text: str
    field: Field | None
    span: Span | None
    source_text: str
    score: float
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary.

    text: the sentences joined by single spaces. language: language of the article.
    method: None if the method is newer than this client. page: the article's body as a page; None
    if it is not one.
    """

    text: str
    sentences: tuple[SummarySentence, ...]
    language: Language
    target_language: str
    method: SummaryMethod | None
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]
    stats: Stats
    page: Page | None
    raw: Message = dataclasses.field(repr=False, compare=False)

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        return html.summary(self)


@dataclass(frozen=True, slots=True)
class TermUse:
    """A protected term or glossary entry that occurs in a segment.

    applied: whether the translation contains ``target``.
    """

    source: str
    target: str
    applied: bool


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """A segment and its translation.

    index: position among the article's segments, from 0, title first. paragraph:
    number within the field, from 0. kind: None if newer than this client.
    source_span, target_span: position in the text as sent and in the translated
    text. separator: text between the previous segment and this one; separators and
    texts in order give the translated field. score: mean log-probability of the
    output tokens, at most 0.
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
    """A translated article.

    segments: empty unless include_segments was set. page: as in ``Summary``.
    """

    title: str
    body: str
    language: Language
    target_language: str
    segments: tuple[TranslatedSegment, ...]
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]
    stats: Stats
    page: Page | None
    raw: Message = dataclasses.field(repr=False, compare=False)

    def _repr_html_(self) -> str:
        """HTML for a notebook: segments beside each other if they were asked for."""
        return html.translation(self)


@dataclass(frozen=True, slots=True)
class TranslationStarted:
    """The first event of a stream.

    segments: number of segments that follow. page: as in ``Summary``.
    """

    language: Language
    target_language: str
    segments: int
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]
    page: Page | None
    raw: Message = dataclasses.field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TranslationFinished:
    """The last event of a stream.

    separator, title_separator: text after the last segment of the body and of the
    title. warnings: all warnings of the translation.
    """

    separator: str
    title_separator: str
    warnings: tuple[Warning, ...]
    stats: Stats
    raw: Message = dataclasses.field(repr=False, compare=False)


TranslationEvent = TranslationStarted | TranslatedSegment | TranslationFinished
