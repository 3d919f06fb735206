"""The translation of an article: read, run through models, check, put back."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from summsvc.articles.document import Document
from summsvc.articles.language import normalize_code
from summsvc.articles.renderer import Renderer
from summsvc.errors import UnsupportedPairError
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline import preflight
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.pipeline import GROUP_SIZE, Pipeline, pivot_warning
from summsvc.tasks.pipeline.router import Router
from summsvc.tasks.pipeline.sizes import SEGMENT_OVERHEAD, size
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.pipeline.usage import (
    Stats,
    TranslatedSegment,
    Translation,
    TranslationFinished,
    TranslationStarted,
)
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.translation.assembly import placed, whole, with_the_unchanged
from summsvc.tasks.translation.glossary import Found, Terms
from summsvc.tasks.translation.outputs import outputs_of
from summsvc.tasks.translation.retry import translatable
from summsvc.types import Article

BULK_SEGMENTS = 64
"""An article of more segments than this waits behind shorter ones."""


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """What a caller asks for.

    target: BCP-47 code. model: id, or "". glossary: (source, target) terms.
    deadline: ``loop.time()`` seconds, or None. bulk: True for batch calls. caller: whose turn
    the work takes.
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


Event = TranslationStarted | TranslatedSegment | TranslationFinished


class Translator:
    """Translates articles with the models of a router.

    checks: doubts about outputs that requests share; None: they share none.
    """

    def __init__(self, workers: TextWorkers, router: Router, checks: Checks | None = None) -> None:
        self._workers = workers
        self._router = router
        self._checks = checks

    async def translate(self, request: TranslationRequest) -> Translation:
        """Translate an article whole; raises as ``stream``."""
        segments: list[TranslatedSegment] = []
        async with aclosing(self._run(request, min_group=GROUP_SIZE)) as parts:
            async for part in parts:
                if isinstance(part, TranslationStarted):
                    started = part
                elif isinstance(part, TranslationFinished):
                    finished = part
                else:
                    segments += part
        size = len(request.article.body)
        return await self._workers.offload(size, whole, started, segments, finished)

    async def stream(self, request: TranslationRequest) -> AsyncGenerator[Event, None]:
        """Yield one start, each segment as it and all before it are done, one finish.

        It starts once a model has let the request in: no limit of a queue ends it then.
        Raises InvalidInputError, ModelUnavailableError, NotReadyError,
        OverloadedError, DeadlineError or EngineError. Closing the generator
        stops the work.
        """
        async with aclosing(self._run(request, min_group=1)) as parts:
            async for part in parts:
                if isinstance(part, list):
                    for segment in part:
                        yield segment
                else:
                    yield part

    async def _run(
        self, request: TranslationRequest, *, min_group: int
    ) -> AsyncGenerator[TranslationStarted | list[TranslatedSegment] | TranslationFinished, None]:
        """What ``stream`` yields, with segments that are done together as one list.

        together: segments that are waited for before some are yielded.
        """
        begun = time.perf_counter()
        target = normalize_code(request.target, field="target_language_code")
        await self._refuse_unread(request, target)
        document = await self._workers.read(
            request.article,
            keep_boilerplate=request.keep_boilerplate,
            deadline=request.deadline,
            caller=request.caller,
        )
        segments = document.segments
        stats = Stats(segmentation_s=time.perf_counter() - begun, segments=len(segments))
        pipeline = await self._pipeline(request, document, target)
        warnings = [*document.warnings, *pivot_warning(pipeline)]
        pipeline.terms, terms = await pipeline.workers.offload(
            size(each.text for each in segments) + SEGMENT_OVERHEAD * len(request.glossary),
            _plan,
            request,
            document,
        )
        chosen = list(terms)
        # Whoever is refused is told so before anything begins.
        submitted = await pipeline.submit([segments[i].text for i in chosen])
        try:
            yield TranslationStarted(
                document.language, target, stats.segments, pipeline.models, tuple(warnings)
            )
            renderer = Renderer(document)
            done = outputs_of(
                pipeline,
                submitted,
                [segments[i] for i in chosen],
                target,
                list(terms.values()),
                min_group,
            )
            following = 0
            async with aclosing(done):
                async for part, outputs in with_the_unchanged(segments, chosen, done):
                    found = await pipeline.workers.offload(
                        size(each.text for each in part), placed, renderer, following, part, outputs
                    )
                    following += len(part)
                    for each in found:
                        warnings += each.warnings
                    yield found
        finally:
            submitted.cancel()
        stats.add(pipeline.stats)
        stats.total_s = time.perf_counter() - begun
        closing = renderer.finish()
        yield TranslationFinished(
            separator=closing.body,
            title_separator=closing.title,
            warnings=tuple(warnings),
            stats=stats,
        )

    async def _refuse_unread(self, request: TranslationRequest, target: str) -> None:
        """Raise for a long article that certainly finds no room or time."""
        article = request.article
        source = preflight.language(article)
        if source in ("", target):
            return
        first = (await self._router.translation(source, target, request.model))[0]
        preflight.check(
            first.scheduler,
            article,
            Priority.BULK,
            request.deadline,
            use_cache=request.use_cache,
            caller=request.caller,
        )

    async def _pipeline(
        self, request: TranslationRequest, document: Document, target: str
    ) -> Pipeline:
        source = document.language.code
        if source == target:
            raise UnsupportedPairError(
                f"the article is already in '{target}'; ask for another target language",
                field="target_language_code",
                metadata={"source": source, "target": target},
            )
        stages = await self._router.translation(source, target, request.model)
        bulk = request.bulk or len(document.segments) > BULK_SEGMENTS
        return Pipeline(
            stages,
            self._workers.for_bulk if bulk else self._workers,
            decoding=request.decoding,
            priority=Priority.BULK if bulk else Priority.INTERACTIVE,
            deadline=request.deadline,
            use_cache=request.use_cache,
            caller=request.caller,
            checks=self._checks,
        )


def _plan(request: TranslationRequest, document: Document) -> tuple[Terms, dict[int, list[Found]]]:
    """The request's terms, and those found in each segment with something to translate."""
    terms = Terms.of(request.do_not_translate, request.glossary, document.language.code)
    found = ((segment, terms.find(segment.text)) for segment in document.segments)
    return terms, {
        i: each for i, (segment, each) in enumerate(found) if translatable(segment, each)
    }
