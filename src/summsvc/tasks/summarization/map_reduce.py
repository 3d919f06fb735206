"""One pass of map-reduce summarization: divides texts into chunks and summarizes each chunk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from summsvc.articles.length import Length
from summsvc.engines.base import DecodingOptions
from summsvc.errors import SummsvcError
from summsvc.interruption import checked
from summsvc.tasks.pipeline.pipeline import Adjust, Pipeline
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.quality.checks import Issue, attempts_cut, safer
from summsvc.tasks.summarization.chunking import Chunk, Chunker
from summsvc.tasks.summarization.postprocess import ChunkSummary, postprocess
from summsvc.tasks.summarization.selection import central_sentences
from summsvc.tracing import current

MAX_CHUNK_RETRIES = 2
"""Retries of a chunk whose summary has an issue."""


@dataclass(frozen=True, slots=True)
class SummaryTokens:
    """Lengths in the model's tokens.

    summary: of the whole summary. minimum: the least of the whole summary. sentence: of
    a usual sentence.
    """

    summary: int
    minimum: int
    sentence: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Chunks and the summary of each chunk.

    groups: sentences of each chunk's summary, without those of an earlier chunk's.
    retry_issues: set when not all issues were retried as often as possible.
    """

    chunks: tuple[Chunk, ...]
    summaries: tuple[ChunkSummary, ...]
    groups: tuple[tuple[str, ...], ...]
    retry_issues: tuple[Issue, ...] = ()

    @staticmethod
    def of(
        chunks: Sequence[Chunk],
        summaries: Sequence[ChunkSummary],
        retry_issues: Sequence[Issue] = (),
    ) -> Pass:
        """The pass with these chunks and summaries; drops repeated sentences."""
        seen: set[str] = set()
        groups: list[tuple[str, ...]] = []
        for summary in checked(summaries):
            new = {}
            for sentence in summary.sentences:
                key = " ".join(sentence.casefold().split())
                if key not in seen:
                    new[key] = sentence
                seen.add(key)
            groups.append(tuple(new.values()))
        return Pass(tuple(chunks), tuple(summaries), tuple(groups), tuple(retry_issues))


class ChunkSummarizer:
    """Summarizes the chunks of one article with a model.

    length: the requested length, for sentences of the article that replace a missing
    summary.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        workers: TextWorkers,
        chunker: Chunker,
        language: str,
        length: Length,
    ) -> None:
        self._pipeline = pipeline
        self._workers = workers
        self._chunker = chunker
        self._language = language
        self._length = length

    async def summarize(
        self, texts: Sequence[str], size: SummaryTokens, min_chunks: int = 1
    ) -> Pass:
        """Divide the texts into ``min_chunks`` chunks or more and summarize each chunk.

        Summaries with an issue are retried with safer decoding. A chunk that is still
        without a summary is represented by its own central sentences. Raises the errors
        of the pipeline's scheduler.
        """
        chunks = await self._workers.run(self._chunker.chunk, texts, min_chunks)
        adjust = self._decoding(chunks, size)
        outputs = await self._pipeline.run_all([chunk.text for chunk in chunks], adjust)
        best = await self._postprocess(chunks, outputs)
        retry_issues = await self._retry(chunks, best, adjust)
        for i, chunk in enumerate(chunks):
            if not best[i].sentences:
                best[i] = await self._fallback(chunk, best[i], only=len(chunks) == 1)
        return await self._workers.run(Pass.of, chunks, best, retry_issues)

    async def _retry(
        self, chunks: Sequence[Chunk], best: list[ChunkSummary], adjust: Adjust
    ) -> list[Issue]:
        """Retry summaries with an issue; put better ones into ``best``.

        Returns the issue to report when retries were ended early.
        """
        retry_issues: list[Issue] = []
        failed: set[int] = set()
        for attempt in range(1, MAX_CHUNK_RETRIES + 1):
            doubtful = [i for i, each in enumerate(best) if each.severity and i not in failed]
            if not doubtful:
                break
            results = await self._pipeline.retry(
                [[chunks[i].text] for i in doubtful], _safer(adjust, attempt)
            )
            outputs: dict[int, PipelineOutput] = {}
            for i, result in zip(doubtful, results, strict=True):
                if isinstance(result, SummsvcError):
                    # For example a deadline: a doubtful summary is better than none.
                    failed.add(i)
                    retry_issues = attempts_cut(result) or retry_issues
                else:
                    (outputs[i],) = result
            retried = await self._postprocess([chunks[i] for i in outputs], [*outputs.values()])
            for i, summary in zip(outputs, retried, strict=True):
                if summary.severity < best[i].severity:
                    best[i] = replace(summary, retried=True)
        return retry_issues

    async def _postprocess(
        self, chunks: Sequence[Chunk], outputs: Sequence[PipelineOutput]
    ) -> list[ChunkSummary]:
        with current().child("checks", segments=len(outputs)):
            return await self._workers.run(_postprocess_all, chunks, outputs, self._language)

    async def _fallback(self, chunk: Chunk, missing: ChunkSummary, *, only: bool) -> ChunkSummary:
        """The chunk's central sentences in place of the model's summary.

        only: whether the chunk is the whole article.
        """
        length = self._length if only else Length(max_sentences=1)
        taken = await self._workers.run(central_sentences, chunk.texts, self._language, length)
        assert missing.issue is not None
        message = f"{missing.issue.message}; a sentence of the article is used instead"
        return ChunkSummary(taken, replace(missing.issue, message=message))

    def _decoding(self, chunks: Sequence[Chunk], size: SummaryTokens) -> Adjust:
        """Set each chunk's share of the length in tokens, within the model's own limits."""
        wanted = max(round(size.summary / len(chunks)), size.sentence)
        smallest = min(chunk.tokens for chunk in chunks)

        def adjusted(options: DecodingOptions) -> DecodingOptions:
            # Allow for the end of the last sentence: surplus whole sentences are dropped later.
            most = options.max_output_tokens or round(1.3 * wanted) + size.sentence
            if len(chunks) > 1 and 2 * smallest > self._chunker.limit:
                # The summaries may be the input of another pass, so they must be shorter.
                most = min(most, max(smallest // 2, size.sentence))
            least = min(
                options.min_output_tokens, size.minimum // len(chunks), smallest // 2, most - 1
            )
            return replace(options, max_output_tokens=most, min_output_tokens=max(0, least))

        return adjusted


def _postprocess_all(
    chunks: Iterable[Chunk], outputs: Iterable[PipelineOutput], language: str
) -> list[ChunkSummary]:
    return [
        postprocess(chunk.text, output, language)
        for chunk, output in checked(zip(chunks, outputs, strict=True), 1)
    ]


def _safer(adjust: Adjust, attempt: int) -> Adjust:
    def adjusted(options: DecodingOptions) -> DecodingOptions:
        return safer(adjust(options), attempt)

    return adjusted
