"""Translation of an article: parse, translate the segments, check them, assemble the result."""

from __future__ import annotations

import functools
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from summsvc.articles.document import Document
from summsvc.articles.language import normalize_code
from summsvc.articles.renderer import Renderer
from summsvc.errors import UnsupportedPairError
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline import preflight
from summsvc.tasks.pipeline.metrics import ResultMetrics
from summsvc.tasks.pipeline.pipeline import GROUP_SIZE, Pipeline
from summsvc.tasks.pipeline.router import Router, pivot_warning
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import SEGMENT_OVERHEAD, TextWorkers, work_size
from summsvc.tasks.pipeline.usage import Stats
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.translation.assembly import Assembly, translated_groups, whole_translation
from summsvc.tasks.translation.checking import Selected
from summsvc.tasks.translation.glossary import Terms, translatable
from summsvc.tasks.translation.types import (
    Event,
    TranslatedSegment,
    Translation,
    TranslationFinished,
    TranslationRequest,
    TranslationStarted,
)

BULK_SEGMENTS = 64
"""Segments above which an article has bulk priority: shorter articles go first."""


@dataclass(frozen=True)
class _Plan:
    """The segments to translate with their indexes, and the request's terms."""

    terms: Terms
    chosen: list[int]
    selected: list[Selected]

    @staticmethod
    def of(request: TranslationRequest, document: Document, target: str) -> _Plan:
        """Find the terms of all segments, and what there is to translate besides them.

        Segments that are in the target language already are not translated.
        """
        terms = Terms.of(request.do_not_translate, request.glossary, document.language.code)
        finished = document.in_language(target)
        chosen: list[int] = []
        selected: list[Selected] = []
        work = 0
        for index, segment in enumerate(document.segments):
            if index in finished:
                continue
            found = terms.find(segment.text, segment.kept)
            work += len(segment.text) + SEGMENT_OVERHEAD
            if translatable(segment.text, found):
                chosen.append(index)
                selected.append(Selected(segment, found, work))
                work = 0
        return _Plan(terms, chosen, selected)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The terms and kept parts of a text, which must not be split."""
        kept = self._kept.get(text, ())
        return [(each.start, each.end) for each in self.terms.find(text, kept)]

    @functools.cached_property
    def _kept(self) -> dict[str, list[tuple[int, int]]]:
        return {each.segment.text: each.segment.kept for each in self.selected}


class Translator:
    """Translates articles with the models that a router selects.

    checks: cache of quality checks, shared between requests; None for no cache. metrics: None
    to count no results.
    """

    def __init__(
        self,
        workers: TextWorkers,
        router: Router,
        checks: Checks | None = None,
        metrics: ResultMetrics | None = None,
    ) -> None:
        self._workers = workers
        self._router = router
        self._checks = checks
        self._metrics = metrics or ResultMetrics()

    async def translate(self, request: TranslationRequest) -> Translation:
        """Translate an article and return the whole result; raises as ``stream``."""
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
        workers = self._workers.for_caller(request.caller)
        return await workers.offload(size, whole_translation, started, segments, finished)

    async def stream(self, request: TranslationRequest) -> AsyncGenerator[Event, None]:
        """Yield a start, every segment once it and all before it are done, and a finish.

        The start is yielded once a model's queue admitted the request; no queue limit ends
        the stream afterwards. Raises InvalidInputError, ModelUnavailableError,
        NotReadyError, OverloadedError, DeadlineError or EngineError. Closing the generator
        cancels the work.
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
        """Yield what ``stream`` yields, with segments that are done together as a list.

        min_group: outputs to wait for before a group is yielded.
        """
        begun = time.perf_counter()
        target = normalize_code(request.target, field="target_language_code")
        document = await self._workers.read(
            request.article,
            keep_boilerplate=request.keep_boilerplate,
            deadline=request.deadline,
            caller=request.caller,
            admit=functools.partial(self._preflight, request, target),
        )
        segments = document.segments
        stats = Stats(segmentation_s=time.perf_counter() - begun, segments=len(segments))
        stages = await self._stages(request, document, target)
        bulk = request.bulk or len(segments) > BULK_SEGMENTS
        workers = (self._workers.for_bulk if bulk else self._workers).for_caller(request.caller)
        plan = await workers.offload(
            work_size([each.text for each in segments]) + SEGMENT_OVERHEAD * len(request.glossary),
            _Plan.of,
            request,
            document,
            target,
        )
        pipeline = Pipeline(
            stages,
            workers,
            decoding=request.decoding,
            priority=Priority.BULK if bulk else Priority.INTERACTIVE,
            deadline=request.deadline,
            use_cache=request.use_cache,
            caller=request.caller,
            checks=self._checks,
            unsplittable=plan.spans,
            output_terms=[
                *request.do_not_translate,
                *(wanted for _, wanted in request.glossary if wanted),
            ],
        )
        warnings = [*document.warnings, *pivot_warning(stages)]
        # A rejection is raised here, before the first element.
        submitted = await pipeline.submit([each.segment.text for each in plan.selected])
        try:
            yield TranslationStarted(
                document.language,
                target,
                stats.segments,
                pipeline.models,
                tuple(warnings),
                document.page,
            )
            renderer = Renderer(document)
            assembly = Assembly(renderer, segments, plan.chosen)
            groups = translated_groups(
                pipeline, submitted, plan.selected, target, min_group, assembly.place
            )
            async with aclosing(groups):
                async for group in groups:
                    warnings += [warning for each in group for warning in each.warnings]
                    self._metrics.count_terms(use.applied for each in group for use in each.terms)
                    yield group
            while size := assembly.unchanged_work:
                yield await workers.offload(size, assembly.place_unchanged)
        finally:
            submitted.cancel()
        stats.add(pipeline.stats)
        stats.total_s = time.perf_counter() - begun
        closing = renderer.finish()
        self._metrics.count_warnings(warnings)
        yield TranslationFinished(
            separator=closing.body,
            title_separator=closing.title,
            warnings=tuple(warnings),
            stats=stats,
        )

    async def _preflight(self, request: TranslationRequest, target: str, source: str) -> None:
        """Raise for a long article that the first model's queue certainly cannot take."""
        if source == target:
            return
        first = (await self._router.translation(source, target, request.model))[0]
        preflight.check(
            first.scheduler,
            request.article,
            Priority.BULK,
            request.deadline,
            use_cache=request.use_cache,
            caller=request.caller,
        )

    async def _stages(
        self, request: TranslationRequest, document: Document, target: str
    ) -> list[Stage]:
        source = document.language.code
        if source == target:
            raise UnsupportedPairError(
                f"the article is already in '{target}'; ask for another target language",
                field="target_language_code",
                metadata={"source": source, "target": target},
            )
        return await self._router.translation(source, target, request.model)
