"""Abstractive summaries: map-reduce over an article of any length with a model.

An article longer than the model's input is summarized chunk by chunk, then the chunk
summaries are summarized, until the result fits the length budget: no text is cut off.
A summary shorter than requested is written again from more chunks, each with its share
of the length. All work linear in the article runs in a text worker, so the event loop
is not blocked.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.document import Document, Segment, SegmentKind
from summsvc.articles.length import Length, count_words
from summsvc.errors import SummsvcError
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.summarization.chunking import Chunker
from summsvc.tasks.summarization.extractive import candidate_segments
from summsvc.tasks.summarization.faithfulness import Support
from summsvc.tasks.summarization.length_budget import (
    MIN_LENGTH_SHARE,
    BudgetedSelection,
    LengthBudget,
)
from summsvc.tasks.summarization.map_reduce import ChunkSummarizer, Pass, SummaryTokens
from summsvc.tasks.summarization.postprocess import ChunkSummary
from summsvc.tasks.summarization.selection import central_sentences
from summsvc.tasks.summarization.types import SummarySentence
from summsvc.types import Span, Warning, WarningType

MAX_LENGTHENING_PASSES = 3
"""Passes with more chunks after a summary that is too short."""

MAX_REDUCTION_SHARE = 0.9
"""Share of the tokens that a pass may leave; above it, sentences are selected instead."""

MIN_SENTENCES_PER_CHUNK = 2
"""Mean number of the article's sentences in a chunk: a model copies shorter chunks."""


async def write_summary(
    pipeline: Pipeline, workers: TextWorkers, document: Document, length: Length
) -> tuple[tuple[SummarySentence, ...], tuple[Warning, ...]]:
    """The whole sentences of a model's summary of a document, and its warnings.

    Never empty. Raises the errors of the pipeline's scheduler.
    """
    return await _AbstractiveSummary(pipeline, workers, document, length).write()


def model_input(document: Document) -> list[str]:
    """The texts of a document that a model reads: the body's segments, or the title alone.

    A heading or list item gets a full stop, to separate it from the next sentence.
    """
    return [_with_full_stop(segment) for segment in document.body or document.title]


def _with_full_stop(segment: Segment) -> str:
    is_open = segment.kind is not SegmentKind.SENTENCE and segment.text[-1:].isalnum()
    return f"{segment.text}." if is_open else segment.text


@dataclass(frozen=True, slots=True)
class _Plan:
    """Input and lengths of a summary.

    texts: each fits the model's input. tokens: of all texts. min_chunks: of the first
    pass.
    """

    texts: list[str]
    tokens: int
    budget: LengthBudget
    size: SummaryTokens
    min_chunks: int


@dataclass(frozen=True, slots=True)
class _Draft:
    """A pass, and the selection of its sentences that meets the length budget."""

    done: Pass
    selection: BudgetedSelection


class _AbstractiveSummary:
    """The state of one abstractive summary while it is written."""

    def __init__(
        self, pipeline: Pipeline, workers: TextWorkers, document: Document, length: Length
    ) -> None:
        self._workers = workers
        self._document = document
        self._language = document.language.code
        self._length = length
        self._decoding = pipeline.decoding
        self._chunker = Chunker(pipeline.stages[0])
        self._summarizer = ChunkSummarizer(pipeline, workers, self._chunker, self._language, length)

    async def write(self) -> tuple[tuple[SummarySentence, ...], tuple[Warning, ...]]:
        run = self._workers.run
        plan = await run(self._plan)
        texts, tokens = plan.texts, plan.tokens
        draft = await self._draft(plan, texts, plan.min_chunks)
        warnings: list[Warning] = []
        max_chunks = len(texts) // MIN_SENTENCES_PER_CHUNK
        while len(draft.done.chunks) > 1 and not draft.selection.covers_all:
            warnings += _intermediate_warnings(draft.done)
            texts, tokens = await run(self._reduced, draft.done.groups, tokens)
            max_chunks = len(texts)
            draft = await self._draft(plan, texts)
        draft = await self._lengthened(plan, texts, draft, max_chunks)
        summary = await run(self._sentences, draft)
        warnings += _final_warnings(draft.done)
        warnings += plan.budget.warnings([sentence.text for sentence in summary])
        return summary, tuple(warnings)

    def _plan(self) -> _Plan:
        texts = self._chunker.split_oversized(model_input(self._document))
        tokens = sum(self._chunker.token_counts(texts))
        budget = LengthBudget.of(
            self._length, [segment.text for segment in candidate_segments(self._document)]
        )
        tokens_per_word = tokens / max(1, sum(map(count_words, texts)))
        summary = round(budget.words * tokens_per_word)
        sentence = min(80, max(16, round(tokens / len(texts))))
        # A limit in sentences leaves the length of one sentence to the model.
        minimum = (
            round(MIN_LENGTH_SHARE * summary) if budget.in_words else max(0, summary - sentence)
        )
        size = SummaryTokens(summary, minimum, sentence)
        return _Plan(texts, tokens, budget, size, self._chunks_for(size.summary))

    def _chunks_for(self, tokens: int) -> int:
        """Chunks for a summary of so many tokens, at the usual length of the model's outputs."""
        usual = self._decoding.max_output_tokens
        minimum = self._decoding.min_output_tokens
        if minimum:
            usual = (minimum + usual) // 2 if usual else 2 * minimum
        return max(1, math.ceil(tokens / usual)) if usual else 1

    async def _draft(self, plan: _Plan, texts: Sequence[str], min_chunks: int = 1) -> _Draft:
        done = await self._summarizer.summarize(texts, plan.size, min_chunks)
        return _Draft(done, await self._workers.run(plan.budget.select, done.groups))

    def _reduced(self, groups: Sequence[Sequence[str]], before: int) -> tuple[list[str], int]:
        """The sentences of a pass as the input of the next one, and their tokens.

        before: tokens of the input of the pass. If the model did not shorten it enough,
        the most central sentences that fit one input are selected, so that the passes end.
        """
        texts = self._chunker.split_oversized([text for group in groups for text in group])
        tokens = sum(self._chunker.token_counts(texts))
        if tokens > MAX_REDUCTION_SHARE * before:
            words = sum(map(count_words, texts))
            share = MAX_REDUCTION_SHARE * min(1, self._chunker.limit / tokens)
            length = Length(max_words=max(1, int(share * words)))
            texts = list(central_sentences(texts, self._language, length))
            tokens = sum(self._chunker.token_counts(texts))
        return texts, tokens

    async def _lengthened(
        self, plan: _Plan, texts: Sequence[str], draft: _Draft, max_chunks: int
    ) -> _Draft:
        """A draft closer to the requested length, from up to ``max_chunks`` chunks, or the same."""
        too_many = max_chunks + 1
        for _ in range(MAX_LENGTHENING_PASSES):
            share, chunks = draft.selection.share, len(draft.done.chunks)
            wanted = max(chunks + 1, round(plan.budget.target_share * chunks / max(share, 0.01)))
            if wanted >= too_many:
                wanted = max_chunks if too_many > max_chunks else (chunks + too_many) // 2
            if share >= MIN_LENGTH_SHARE or wanted <= chunks:
                break
            try:
                longer = await self._draft(plan, texts, wanted)
            except SummsvcError:
                # For example a deadline: a short summary is better than none.
                break
            if longer.selection.covers_all and longer.selection.share > share:
                draft = longer
            else:
                too_many = wanted
        return draft

    def _sentences(self, draft: _Draft) -> tuple[SummarySentence, ...]:
        support = Support.of(self._document)
        groups, summaries = draft.done.groups, draft.done.summaries
        return tuple(
            _sentence(groups[group][index], summaries[group], support)
            for group, index in draft.selection.positions
        )


def _sentence(text: str, summary: ChunkSummary, support: Support) -> SummarySentence:
    """A sentence with warnings: its summary's issue, and each claim without support."""
    warnings = [Warning(summary.issue.type, summary.issue.message)] if summary.issue else []
    warnings += [
        Warning(
            WarningType.UNSUPPORTED_CLAIM,
            f"“{claim.text}” is not in the article",
            output_span=Span(claim.start, claim.end),
        )
        for claim in support.unsupported(text)
    ]
    return SummarySentence(text, warnings=tuple(warnings))


def _intermediate_warnings(done: Pass) -> list[Warning]:
    """Issues of chunk summaries that are only input of another pass, counted by kind."""
    issues = [summary.issue for summary in done.summaries if summary.issue]
    kinds = Counter(issue.type for issue in issues)
    messages = {issue.type: issue.message for issue in issues}
    return [
        Warning(kind, f"in {count} of the article's {len(done.summaries)} parts: {messages[kind]}")
        for kind, count in kinds.items()
    ] + _retry_warnings(done)


def _final_warnings(done: Pass) -> list[Warning]:
    """Warnings about the retries of the last pass."""
    count = sum(summary.retried for summary in done.summaries)
    message = (
        f"a first output was doubtful; {count} of {len(done.summaries)} come from safer decoding"
    )
    retried = [Warning(WarningType.RETRIED, message)] if count else []
    return retried + _retry_warnings(done)


def _retry_warnings(done: Pass) -> list[Warning]:
    return [Warning(issue.type, issue.message) for issue in done.retry_issues]
