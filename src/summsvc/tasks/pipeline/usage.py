"""What the tasks answer: values that the server turns into messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from summsvc.articles.document import IdentifiedLanguage, Segment
from summsvc.tasks.translation.glossary import TermUse
from summsvc.types import Field, Span, Warning


@dataclass(frozen=True, slots=True)
class ModelUse:
    """Which model did a step of the work, from which language to which (BCP-47)."""

    model: str
    engine: str
    revision: str
    source: str
    target: str


@dataclass(slots=True)
class Stats:
    """Where the time of a request went, in seconds, and what it cost, in tokens."""

    queue_s: float = 0.0
    segmentation_s: float = 0.0
    inference_s: float = 0.0
    total_s: float = 0.0
    segments: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_hits: int = 0

    def add(self, other: Stats) -> None:
        """Add another request's share of work, its segments and total time apart."""
        self.queue_s += other.queue_s
        self.inference_s += other.inference_s
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cache_hits += other.cache_hits


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """One segment and its translation.

    index: among the document's segments, title first. text: the translation
    with its inline markup. separator: what stands before it in the translated
    field. target_span: code points into the translated field. score: mean
    log-probability, at most 0; 0 when nothing was translated.
    """

    index: int
    segment: Segment
    text: str
    separator: str
    target_span: Span
    score: float
    warnings: tuple[Warning, ...] = ()
    terms: tuple[TermUse, ...] = ()


@dataclass(frozen=True, slots=True)
class TranslationStarted:
    """Known before the first segment: what will be done, and by which models."""

    language: IdentifiedLanguage
    target: str
    segments: int
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True)
class TranslationFinished:
    """Known after the last segment; the separators close each field."""

    separator: str
    title_separator: str
    warnings: tuple[Warning, ...]
    stats: Stats


@dataclass(frozen=True, slots=True)
class Translation:
    """A whole translated article."""

    title: str
    body: str
    started: TranslationStarted
    finished: TranslationFinished
    segments: tuple[TranslatedSegment, ...]


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """One sentence of a summary; field, span, source and score when it is extracted."""

    text: str
    field: Field | None = None
    span: Span | None = None
    source: str = ""
    score: float = 0.0
    warnings: tuple[Warning, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary with its sentences in article order."""

    sentences: tuple[SummarySentence, ...]
    language: IdentifiedLanguage
    target: str
    extractive: bool
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]
    stats: Stats = field(default_factory=Stats)

    @property
    def text(self) -> str:
        """The sentences joined by single spaces."""
        return " ".join(sentence.text for sentence in self.sentences)
