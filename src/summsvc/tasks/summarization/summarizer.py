"""Summarizer: serves a summary request, extractive or abstractive, translated on request."""

from __future__ import annotations

import bisect
import functools
import time
from collections.abc import Sequence
from dataclasses import replace

from summsvc.articles.document import Document, Segment
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
from summsvc.tasks.pipeline.metrics import ResultMetrics
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.router import Router, pivot_warning
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import SEGMENT_OVERHEAD, TextWorkers
from summsvc.tasks.pipeline.usage import ModelUse, Stats
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.summarization.abstractive import write_summary
from summsvc.tasks.summarization.extractive import extract
from summsvc.tasks.summarization.types import Method, Summary, SummaryRequest, SummarySentence
from summsvc.tasks.translation.checking import check_and_complete, warnings_of
from summsvc.tasks.translation.glossary import Terms
from summsvc.tracing import current
from summsvc.types import Field, SegmentKind, Span, Warning, WarningType


class Summarizer:
    """Summarizes articles, and translates the summaries with the models of a router.

    checks: cache of quality checks that requests share; None for no shared cache.
    metrics: None to count no results. max_sentences: the greatest number of sentences that a
    request may have.
    """

    def __init__(
        self,
        workers: TextWorkers,
        router: Router,
        checks: Checks | None = None,
        metrics: ResultMetrics | None = None,
        *,
        max_sentences: int,
    ) -> None:
        self._workers = workers
        self._router = router
        self._max_sentences = max_sentences
        self._checks = checks
        self._metrics = metrics or ResultMetrics()

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
        workers = self._workers.for_caller(request.caller)
        document = await workers.read(
            request.article,
            keep_boilerplate=request.keep_boilerplate,
            deadline=request.deadline,
            caller=request.caller,
            admit=functools.partial(self._preflight, request, target),
        )
        stats = Stats(segmentation_s=time.perf_counter() - begun, segments=len(document.segments))
        language = document.language
        # Reject a pair without a model before any work on the summary.
        stages = await self._translation_stages(request, language.code, target)
        working = time.perf_counter()
        scheduler, fallback = await self._model(request, language.code)
        if scheduler is None:
            size = len(request.article.body)
            with current().child("rank", segments=len(document.segments)):
                sentences, warnings = await workers.offload(size, extract, document, length)
            models = [ModelUse("extractive", "extractive", "", language.code, language.code)]
            stats.inference_s = time.perf_counter() - working
        else:
            stage = Stage(scheduler, language.code, language.code)
            pipeline = self._pipeline(request, [stage])
            sentences, warnings = await write_summary(pipeline, workers, document, length)
            models = list(pipeline.models)
            stats.add(pipeline.stats)
        summary = Summary(
            sentences=sentences,
            language=language,
            target=target or language.code,
            extractive=scheduler is None,
            models=tuple(models),
            warnings=document.warnings + fallback + warnings,
            stats=stats,
            page=document.page,
        )
        if stages:
            translating = self._pipeline(request, stages, admitted=not summary.extractive)
            summary = await self._translate(translating, summary, document)
        size = SEGMENT_OVERHEAD * len(summary.sentences)
        found = await workers.offload(size, _sentence_warnings, summary.sentences)
        summary = replace(summary, warnings=(*summary.warnings, *found))
        self._metrics.count_warnings(summary.warnings)
        stats.total_s = time.perf_counter() - begun
        return summary

    async def _preflight(self, request: SummaryRequest, target: str, language: str) -> None:
        """Reject a long article, unread, if its models cannot admit it or meet the deadline."""
        check = functools.partial(
            preflight.check,
            priority=_priority(request),
            deadline=request.deadline,
            use_cache=request.use_cache,
            caller=request.caller,
        )
        for stage in (await self._translation_stages(request, language, target))[:1]:
            check(stage.scheduler, None)
        model, _ = await self._model(request, language)
        if model is not None:
            check(model, request.article)

    async def _model(
        self, request: SummaryRequest, language: str
    ) -> tuple[Scheduler | None, tuple[Warning, ...]]:
        """The model of an abstractive summary, or None for an extractive one; and any warnings.

        The method AUTO falls back to an extractive summary when no model is available.
        """
        if request.method is Method.EXTRACTIVE:
            return None, ()
        required = request.method is not Method.AUTO
        try:
            return await self._router.summarizer(language, request.model, refresh=required), ()
        except (UnsupportedPairError, ModelNotInstalledError):
            if required:
                raise
            return None, ()
        except (ModelBrokenError, EngineError, EngineStalledError) as error:
            if required:
                raise
            message = f"the summary is extractive, not abstractive: {error.message}"
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

    async def _translation_stages(
        self, request: SummaryRequest, source: str, target: str
    ) -> list[Stage]:
        """The stages that translate the summary; none when the target is the article's language."""
        if target in ("", source):
            return []
        return await self._router.translation(source, target, request.translation_model)

    async def _translate(self, pipeline: Pipeline, summary: Summary, document: Document) -> Summary:
        """The summary with its sentences translated, one segment each.

        Sentences of the article that are in the target language already stay as they are.
        """
        target = summary.target
        terms = Terms.of((), (), summary.language.code)
        segments = document.segments
        finished = {(segments[i].field, segments[i].span) for i in document.in_language(target)}
        chosen = [
            i
            for i, each in enumerate(summary.sentences)
            if each.span is None or (each.field, each.span) not in finished
        ]
        outputs = await pipeline.run_all([summary.sentences[i].text for i in chosen])
        sources = [_as_segment(summary.sentences[i], document) for i in chosen]
        repaired = await check_and_complete(pipeline, sources, outputs, target, terms)
        summary.stats.add(pipeline.stats)
        sentences = list(summary.sentences)
        for i, each in zip(chosen, repaired, strict=True):
            sentence = sentences[i]
            sentences[i] = replace(
                sentence,
                text=each.text,
                warnings=tuple(map(_without_output_span, sentence.warnings))
                + warnings_of(each, sentence.field, sentence.span),
            )
        return replace(
            summary,
            sentences=tuple(sentences),
            models=summary.models + pipeline.models,
            warnings=summary.warnings + tuple(pivot_warning(pipeline.stages)),
        )


def _priority(request: SummaryRequest) -> Priority:
    return Priority.BULK if request.bulk else Priority.INTERACTIVE


def _sentence_warnings(sentences: Sequence[SummarySentence]) -> list[Warning]:
    """The warnings of all sentences, with output spans in the whole summary."""
    found = []
    offset = 0
    for sentence in sentences:
        for warning in sentence.warnings:
            span = warning.output_span
            moved = span and Span(offset + span.start, offset + span.end)
            found.append(replace(warning, output_span=moved))
        offset += len(sentence.text) + 1
    return found


def _without_output_span(warning: Warning) -> Warning:
    """The warning for a translated sentence: its output span would be wrong there."""
    if warning.output_span is None:
        return warning
    message = f"{warning.message}; it is in the summary before its translation"
    return replace(warning, message=message, output_span=None)


def _as_segment(sentence: SummarySentence, document: Document) -> Segment:
    """The segment that a sentence was extracted from; of a written sentence one of its own."""
    if sentence.span is None:
        span = Span(0, len(sentence.text))
        return Segment(sentence.text, span, Field.BODY, SegmentKind.SENTENCE, 0)
    segments = document.title if sentence.field is Field.TITLE else document.body
    at = bisect.bisect_left(segments, sentence.span.start, key=lambda each: each.span.start)
    return segments[at]
