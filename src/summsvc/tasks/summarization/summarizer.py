"""The summary of an article: extracted or written, and translated when asked."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import replace

from summsvc.articles.document import Segment, SegmentKind
from summsvc.articles.language import normalize_code
from summsvc.errors import (
    EngineError,
    EngineStalledError,
    ModelBrokenError,
    ModelNotInstalledError,
    UnsupportedPairError,
)
from summsvc.scheduling.jobs import Priority
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tasks.pipeline import preflight
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.router import Router, pivot_warning
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import SEGMENT_OVERHEAD, TextWorkers
from summsvc.tasks.pipeline.usage import ModelUse, Stats
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.summarization.abstractive import write
from summsvc.tasks.summarization.extractive import extract
from summsvc.tasks.summarization.types import Method, Summary, SummaryRequest, SummarySentence
from summsvc.tasks.translation.checking import check_and_complete, warnings_of
from summsvc.tasks.translation.glossary import Terms
from summsvc.types import Field, Span, Warning, WarningType


class Summarizer:
    """Summarizes articles; translates the summaries with the models of a router.

    checks: doubts about outputs that requests share; None: they share none.
    max_sentences: most sentences one may ask for.
    """

    def __init__(
        self,
        workers: TextWorkers,
        router: Router,
        checks: Checks | None = None,
        *,
        max_sentences: int,
    ) -> None:
        self._workers = workers
        self._router = router
        self._max_sentences = max_sentences
        self._checks = checks

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
            request.article,
            keep_boilerplate=request.keep_boilerplate,
            deadline=request.deadline,
            caller=request.caller,
            admit=functools.partial(self._preflight, request, target),
        )
        stats = Stats(segmentation_s=time.perf_counter() - begun, segments=len(document.segments))
        language = document.language
        # Before any work on the summary: what cannot be translated is refused at once.
        stages = await self._legs(request, language.code, target)
        working = time.perf_counter()
        scheduler, broken = await self._writer(request, language.code)
        if scheduler is None:
            size = len(request.article.body)
            sentences, warnings = await self._workers.offload(size, extract, document, length)
            models = [ModelUse("extractive", "extractive", "", language.code, language.code)]
            stats.inference_s = time.perf_counter() - working
        else:
            stage = Stage(scheduler, language.code, language.code)
            pipeline = self._pipeline(request, [stage])
            sentences, warnings = await write(pipeline, self._workers, document, length)
            models = list(pipeline.models)
            stats.add(pipeline.stats)
        summary = Summary(
            sentences=sentences,
            language=language,
            target=target or language.code,
            extractive=scheduler is None,
            models=tuple(models),
            warnings=document.warnings + broken + warnings,
            stats=stats,
        )
        if stages:
            translating = self._pipeline(request, stages, admitted=not summary.extractive)
            summary = await self._translated(translating, summary)
        size = SEGMENT_OVERHEAD * len(summary.sentences)
        found = await self._workers.offload(size, _warnings_of_sentences, summary.sentences)
        summary = replace(summary, warnings=(*summary.warnings, *found))
        stats.total_s = time.perf_counter() - begun
        return summary

    async def _preflight(self, request: SummaryRequest, target: str, language: str) -> None:
        """Raise for a long article that the queues of its models certainly cannot take."""
        check = functools.partial(
            preflight.check,
            priority=_priority(request),
            deadline=request.deadline,
            use_cache=request.use_cache,
            caller=request.caller,
        )
        for stage in (await self._legs(request, language, target))[:1]:
            check(stage.scheduler, None)
        writer, _ = await self._writer(request, language)
        if writer is not None:
            check(writer, request.article)

    async def _writer(
        self, request: SummaryRequest, language: str
    ) -> tuple[Scheduler | None, tuple[Warning, ...]]:
        """The model that writes the summary; None when it is to be extracted, and what to say."""
        if request.method is Method.EXTRACTIVE:
            return None, ()
        surely = request.method is not Method.AUTO
        try:
            return await self._router.summarizer(language, request.model, refresh=surely), ()
        except (UnsupportedPairError, ModelNotInstalledError):
            if surely:
                raise
            return None, ()
        except (ModelBrokenError, EngineError, EngineStalledError) as error:
            if surely:
                raise
            message = f"the summary was extracted, not written: {error.message}"
            return None, (Warning(WarningType.MODEL_BROKEN, message),)

    def _pipeline(
        self, request: SummaryRequest, stages: Sequence[Stage], *, admitted: bool = False
    ) -> Pipeline:
        return Pipeline(
            stages,
            self._workers,
            decoding=request.decoding,
            priority=_priority(request),
            deadline=request.deadline,
            use_cache=request.use_cache,
            caller=request.caller,
            checks=self._checks,
            unsplittable=Terms.of((), (), stages[0].source).spans,
            admitted=admitted,
        )

    async def _legs(self, request: SummaryRequest, source: str, target: str) -> list[Stage]:
        """The models that translate the summary; none when it stays in its language."""
        if target in ("", source):
            return []
        return await self._router.translation(source, target, request.translation_model)

    async def _translated(self, pipeline: Pipeline, summary: Summary) -> Summary:
        """The summary in its target language, sentence by sentence."""
        target = summary.target
        terms = Terms.of((), (), summary.language.code)
        outputs = await pipeline.run_all([sentence.text for sentence in summary.sentences])
        segments = [_as_segment(sentence) for sentence in summary.sentences]
        repaired = await check_and_complete(pipeline, segments, outputs, target, terms)
        summary.stats.add(pipeline.stats)
        sentences = tuple(
            replace(
                sentence,
                text=each.text,
                warnings=tuple(map(_before_translation, sentence.warnings))
                + warnings_of(each, sentence.field, sentence.span),
            )
            for sentence, each in zip(summary.sentences, repaired, strict=True)
        )
        return replace(
            summary,
            sentences=sentences,
            models=summary.models + pipeline.models,
            warnings=summary.warnings + tuple(pivot_warning(pipeline.stages)),
        )


def _priority(request: SummaryRequest) -> Priority:
    return Priority.BULK if request.bulk else Priority.INTERACTIVE


def _warnings_of_sentences(sentences: Sequence[SummarySentence]) -> list[Warning]:
    """The sentences' own warnings, with their places in the whole summary."""
    found = []
    at = 0
    for sentence in sentences:
        for warning in sentence.warnings:
            place = warning.output_span
            moved = place and Span(at + place.start, at + place.end)
            found.append(replace(warning, output_span=moved))
        at += len(sentence.text) + 1
    return found


def _before_translation(warning: Warning) -> Warning:
    """The warning without its place, which would mislead in the translation."""
    if warning.output_span is None:
        return warning
    message = f"{warning.message}; so said the summary before it was translated"
    return replace(warning, message=message, output_span=None)


def _as_segment(sentence: SummarySentence) -> Segment:
    span = sentence.span or Span(0, len(sentence.text))
    return Segment(sentence.text, span, Field.BODY, SegmentKind.SENTENCE, 0)
