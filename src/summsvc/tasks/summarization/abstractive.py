"""A summary written by a model, of articles of any length.

An article longer than the model's input is summarized part by part, and the
parts' summaries again, until what is left has room in the summary (map and
reduce): nothing is cut off. A summary shorter than was asked for is written
again in more parts, each with its share of the length. Nothing here holds up
the event loop: everything that is linear in the article runs in a text worker.
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
from summsvc.tasks.summarization.chunking import Divider
from summsvc.tasks.summarization.extractive import candidates
from summsvc.tasks.summarization.faithfulness import Support
from summsvc.tasks.summarization.length_budget import ENOUGH, Choice, LengthBudget
from summsvc.tasks.summarization.map_reduce import Pass, Size, Summarist
from summsvc.tasks.summarization.postprocess import Written, central
from summsvc.tasks.summarization.types import SummarySentence
from summsvc.types import Span, Warning, WarningType

LENGTHENINGS = 3
"""Times that a summary too short is written again in more parts."""

SHRINKS = 0.9
"""A round must leave at most this share of the tokens, or sentences are selected instead."""

SENTENCES_PER_PART = 2
"""Fewer of the article's own would be copied rather than summarized."""


async def write(
    pipeline: Pipeline, workers: TextWorkers, document: Document, length: Length
) -> tuple[tuple[SummarySentence, ...], tuple[Warning, ...]]:
    """The written sentences, whole ones only, and what is to be said about them.

    Never empty. Raises what the chain's scheduler raises.
    """
    return await _Writer(pipeline, workers, document, length).write()


def readable(document: Document) -> list[str]:
    """What a model reads of a document: all segments of the body, or the title alone.

    A heading or list item becomes a sentence, or it would run into the next one.
    """
    return [_closed(segment) for segment in document.body or document.title]


def _closed(segment: Segment) -> str:
    is_open = segment.kind is not SegmentKind.SENTENCE and segment.text[-1:].isalnum()
    return f"{segment.text}." if is_open else segment.text


@dataclass(frozen=True, slots=True)
class _Task:
    """What a model is to read, each text short enough for it, and what it is to write.

    tokens: of the texts together. parts: into how many they are divided at least.
    """

    texts: list[str]
    tokens: int
    goal: LengthBudget
    size: Size
    parts: int


@dataclass(frozen=True, slots=True)
class _Draft:
    """A round, and the sentences of it that would be the summary."""

    round: Pass
    choice: Choice


class _Writer:
    """Writes one summary."""

    def __init__(
        self, pipeline: Pipeline, workers: TextWorkers, document: Document, length: Length
    ) -> None:
        self._workers = workers
        self._document = document
        self._language = document.language.code
        self._length = length
        self._own = pipeline.decoding
        self._divider = Divider(pipeline.stages[0])
        self._summarist = Summarist(pipeline, workers, self._divider, self._language, length)

    async def write(self) -> tuple[tuple[SummarySentence, ...], tuple[Warning, ...]]:
        run = self._workers.run
        task = await run(self._measured)
        texts, tokens = task.texts, task.tokens
        draft = await self._draft(task, texts, task.parts)
        warnings: list[Warning] = []
        most = len(texts) // SENTENCES_PER_PART
        while len(draft.round.parts) > 1 and not draft.choice.covers:
            warnings += _on_the_way(draft.round)
            texts, tokens = await run(self._shorter, draft.round.groups, tokens)
            most = len(texts)
            draft = await self._draft(task, texts)
        draft = await self._long_enough(task, texts, draft, most)
        summary = await run(self._finished, draft)
        warnings += _retried(draft.round)
        warnings += task.goal.warnings([sentence.text for sentence in summary])
        return summary, tuple(warnings)

    def _measured(self) -> _Task:
        texts = self._divider.fitting(readable(self._document))
        tokens = sum(self._divider.lengths(texts))
        goal = LengthBudget.of(
            self._length, [segment.text for segment in candidates(self._document)]
        )
        per_word = tokens / max(1, sum(map(count_words, texts)))
        summary = round(goal.words * per_word)
        sentence = min(80, max(16, round(tokens / len(texts))))
        # A single sentence may be as short as the model likes it.
        least = round(ENOUGH * summary) if goal.in_words else max(0, summary - sentence)
        size = Size(summary, least, sentence)
        return _Task(texts, tokens, goal, size, self._parts_for(size.summary))

    def _parts_for(self, tokens: int) -> int:
        """Parts of which each gives what the model usually writes at a time."""
        usual = self._own.max_output_tokens
        least = self._own.min_output_tokens
        if least:
            usual = (least + usual) // 2 if usual else 2 * least
        return max(1, math.ceil(tokens / usual)) if usual else 1

    async def _draft(self, task: _Task, texts: Sequence[str], least: int = 1) -> _Draft:
        done = await self._summarist.round(texts, task.size, least)
        return _Draft(done, await self._workers.run(task.goal.choose, done.groups))

    def _shorter(self, groups: Sequence[Sequence[str]], before: int) -> tuple[list[str], int]:
        """What was written, to be summarized in turn; always shorter than before.

        A model that does not shorten would go on for ever: the most central
        sentences are taken then, as many as one input holds.
        """
        texts = self._divider.fitting([text for group in groups for text in group])
        tokens = sum(self._divider.lengths(texts))
        if tokens > SHRINKS * before:
            words = sum(map(count_words, texts))
            share = SHRINKS * min(1, self._divider.limit / tokens)
            room = Length(max_words=max(1, int(share * words)))
            texts = list(central(texts, self._language, room))
            tokens = sum(self._divider.lengths(texts))
        return texts, tokens

    async def _long_enough(
        self, task: _Task, texts: Sequence[str], draft: _Draft, most: int
    ) -> _Draft:
        """The same, or the texts in up to ``most`` parts where that comes closer to the length."""
        too_many = most + 1
        for _ in range(LENGTHENINGS):
            share, now = draft.choice.share, len(draft.round.parts)
            wanted = max(now + 1, round(task.goal.aim * now / max(share, 0.01)))
            if wanted >= too_many:
                wanted = most if too_many > most else (now + too_many) // 2
            if share >= ENOUGH or wanted <= now:
                break
            try:
                longer = await self._draft(task, texts, wanted)
            except SummsvcError:
                # No time for it, say: a short summary is more than none.
                break
            if longer.choice.covers and longer.choice.share > share:
                draft = longer
            else:
                too_many = wanted
        return draft

    def _finished(self, draft: _Draft) -> tuple[SummarySentence, ...]:
        support = Support.of(self._document)
        groups, outputs = draft.round.groups, draft.round.outputs
        return tuple(_sentence(groups[i][at], outputs[i], support) for i, at in draft.choice.places)


def _sentence(text: str, output: Written, support: Support) -> SummarySentence:
    """A sentence with what is doubtful about it, and each claim the article does not have."""
    warnings = [Warning(output.issue.type, output.issue.message)] if output.issue else []
    warnings += [
        Warning(
            WarningType.UNSUPPORTED_CLAIM,
            f"“{claim.text}” is not in the article",
            output_span=Span(claim.start, claim.end),
        )
        for claim in support.unsupported(text)
    ]
    return SummarySentence(text, warnings=tuple(warnings))


def _on_the_way(done: Pass) -> list[Warning]:
    """What was doubtful about summaries of parts that were summarized again."""
    outputs = done.outputs
    kinds = Counter(output.issue.type for output in outputs if output.issue)
    messages = {output.issue.type: output.issue.message for output in outputs if output.issue}
    return [
        Warning(kind, f"in {count} of the article's {len(outputs)} parts: {messages[kind]}")
        for kind, count in kinds.items()
    ] + _cut(done)


def _retried(done: Pass) -> list[Warning]:
    outputs = done.outputs
    count = sum(output.retried for output in outputs)
    message = f"a first output was doubtful; {count} of {len(outputs)} come from safer decoding"
    return ([Warning(WarningType.RETRIED, message)] if count else []) + _cut(done)


def _cut(done: Pass) -> list[Warning]:
    return [Warning(issue.type, issue.message) for issue in done.cut]
