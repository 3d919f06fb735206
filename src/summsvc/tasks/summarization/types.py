"""Summary request: article, length, method and target language."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from summsvc.articles.document import IdentifiedLanguage
from summsvc.articles.length import Length
from summsvc.errors import InvalidFieldError
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.usage import ModelUse, Stats
from summsvc.types import Article, Field, Page, Span, Warning

DEFAULT_SENTENCES = 3
"""Sentences of a summary whose request has no length."""

MAX_WORDS = 100_000
"""The greatest ``max_words`` of a request."""


@dataclass(frozen=True, slots=True)
class LengthRequest:
    """The requested length of a summary: at most one of three limits."""

    max_sentences: int | None = None
    max_words: int | None = None
    ratio: float | None = None

    def resolve(self, max_sentences: int) -> Length:
        """Validate the request and return the limit to apply.

        max_sentences: the server's own limit. Raises InvalidFieldError for more than one
        limit, or one out of range.
        """
        given = [name for name in self.__slots__ if getattr(self, name) is not None]
        if len(given) > 1:
            raise InvalidFieldError(
                f"length has {' and '.join(given)}; set one of them", field=f"length.{given[1]}"
            )
        if not given:
            return Length(max_sentences=min(DEFAULT_SENTENCES, max_sentences))
        name = given[0]
        value = getattr(self, name)
        highest = {"max_sentences": max_sentences, "max_words": MAX_WORDS, "ratio": 1}[name]
        lowest = "above 0" if name == "ratio" else "1"
        if not (math.isfinite(value) and 0 < value <= highest):
            raise InvalidFieldError(
                f"{name} is {value}; it must be from {lowest} to {highest}",
                field=f"length.{name}",
                metadata={"minimum": lowest, "maximum": str(highest)},
            )
        return Length(**{name: value})


class Method(Enum):
    """How a summary is made. AUTO: abstractive if a working model for the language is
    installed, else extractive.
    """

    EXTRACTIVE = "extractive"
    ABSTRACTIVE = "abstractive"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """A request for one summary.

    target: BCP-47 code of the summary's language, or "" for the article's own.
    model, translation_model: ids, or "" for the default. deadline: ``loop.time()``
    seconds, or None. bulk: True for batch calls. caller: to whose share of the server
    the work counts.
    """

    article: Article
    length: LengthRequest = field(default_factory=LengthRequest)
    method: Method = Method.EXTRACTIVE
    target: str = ""
    model: str = ""
    translation_model: str = ""
    keep_boilerplate: bool = False
    decoding: DecodingRequest = field(default_factory=DecodingRequest)
    use_cache: bool = True
    deadline: float | None = None
    bulk: bool = False
    caller: Caller = ANONYMOUS


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
    page: Page | None = None

    @property
    def text(self) -> str:
        """The sentences joined by single spaces."""
        return " ".join(sentence.text for sentence in self.sentences)
