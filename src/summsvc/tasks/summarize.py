"""The summary of an article: extracted or written, and translated when asked."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from summsvc.articles.article import Article, Warning, WarningType
from summsvc.articles.document import Document, Segment, SegmentKind
from summsvc.articles.language import normalize_code
from summsvc.engines import extractive
from summsvc.engines.length import Length
from summsvc.errors import InvalidFieldError
from summsvc.scheduling.work import Priority
from summsvc.tasks.chain import Chain
from summsvc.tasks.decoding import DecodingRequest
from summsvc.tasks.reading import TextWorkers
from summsvc.tasks.repair import repair
from summsvc.tasks.results import ModelUse, Stats, Summary, SummarySentence
from summsvc.tasks.router import Router
from summsvc.tasks.terms import Terms

DEFAULT_SENTENCES = 3
MAX_WORDS = 100_000


@dataclass(frozen=True, slots=True)
class LengthRequest:
    """How long a summary may be, as a caller says it: at most one of the three."""

    max_sentences: int | None = None
    max_words: int | None = None
    ratio: float | None = None

    def resolve(self, max_sentences: int) -> Length:
        """Check the ranges and return the limit to hold.

        max_sentences: the server's own limit. Raises InvalidFieldError.
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


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """What a caller asks for.

    target: BCP-47 code of the summary's language, or "" for the article's own.
    model, translation_model: ids, or "". deadline: ``loop.time()`` seconds, or
    None. bulk: True for batch calls.
    """

    article: Article
    length: LengthRequest = field(default_factory=LengthRequest)
    extractive: bool = True
    target: str = ""
    model: str = ""
    translation_model: str = ""
    keep_boilerplate: bool = False
    decoding: DecodingRequest = field(default_factory=DecodingRequest)
    use_cache: bool = True
    deadline: float | None = None
    bulk: bool = False


class Summarizer:
    """Summarizes articles; translates the summaries with the models of a router.

    max_sentences: most sentences one may ask for.
    """

    def __init__(self, workers: TextWorkers, router: Router, *, max_sentences: int) -> None:
        self._workers = workers
        self._router = router
        self._max_sentences = max_sentences

    async def summarize(self, request: SummaryRequest) -> Summary:
        """Summarize an article.

        Raises InvalidInputError; for the abstractive method and for another
        target language also ModelUnavailableError, NotReadyError,
        OverloadedError, DeadlineError and EngineError.
        """
        begun = time.perf_counter()
        length = request.length.resolve(self._max_sentences)
        target = (
            normalize_code(request.target, field="target_language_code") if request.target else ""
        )
        document = await self._workers.read(
            request.article, keep_boilerplate=request.keep_boilerplate
        )
        stats = Stats(segmentation_s=time.perf_counter() - begun, segments=len(document.segments))
        if not request.extractive:
            raise InvalidFieldError("", field="method")
        ranking = time.perf_counter()
        sentences, warnings = await self._workers.run(_extract, document, length)
        stats.inference_s = time.perf_counter() - ranking
        language = document.language.code
        summary = Summary(
            sentences=sentences,
            language=document.language,
            target=target or language,
            extractive=True,
            models=(ModelUse("extractive", "extractive", "", language, language),),
            warnings=document.warnings + warnings,
            stats=stats,
        )
        if summary.target != language:
            summary = await self._translated(request, document, summary)
        stats.total_s = time.perf_counter() - begun
        return summary
