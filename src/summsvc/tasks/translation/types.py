"""Request and result types of the translation of one article."""

from __future__ import annotations

from dataclasses import dataclass, field

from summsvc.articles.document import IdentifiedLanguage, Segment
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.usage import ModelUse, Stats
from summsvc.tasks.translation.term_uses import TermUse
from summsvc.types import Article, Page, Span, Warning


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """A request to translate one article.

    target: BCP-47 code. model: id, or "" for any. do_not_translate: terms to keep as they
    are. glossary: (source, target) terms. deadline: ``loop.time()`` seconds, or None. bulk:
    True for batch calls. caller: for the fair order of callers.
    """

    article: Article
    target: str
    model: str = ""
    do_not_translate: tuple[str, ...] = ()
    glossary: tuple[tuple[str, str], ...] = ()
    keep_boilerplate: bool = False
    decoding: DecodingRequest = field(default_factory=DecodingRequest)
    use_cache: bool = True
    deadline: float | None = None
    bulk: bool = False
    caller: Caller = ANONYMOUS


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """One segment and its translation.

    index: among the document's segments, title first. text: the translation with its
    inline markup. separator: the text before it in the translated field. target_span: code
    points in the translated field. score: mean log-probability per token, at most 0; 0 for
    a segment that was not translated.
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
    """Known before the first segment: languages, number of segments, models, warnings."""

    language: IdentifiedLanguage
    target: str
    segments: int
    models: tuple[ModelUse, ...]
    warnings: tuple[Warning, ...]
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class TranslationFinished:
    """Known after the last segment; the separators follow the last segment of each field."""

    separator: str
    title_separator: str
    warnings: tuple[Warning, ...]
    stats: Stats


@dataclass(frozen=True, slots=True)
class Translation:
    """A translated article."""

    title: str
    body: str
    started: TranslationStarted
    finished: TranslationFinished
    segments: tuple[TranslatedSegment, ...]


Event = TranslationStarted | TranslatedSegment | TranslationFinished
"""An element of a streamed translation."""
