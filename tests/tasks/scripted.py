"""A translation engine whose outputs a test defines, in a real pipeline with a scheduler."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from summsvc.articles.document import Segment
from summsvc.engines.base import DecodingOptions, Generated, Seq2SeqEngine
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import Stage, Unsplittable
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.translation.checking import CheckedOutput, check_and_complete
from summsvc.tasks.translation.glossary import Terms
from summsvc.types import Field, SegmentKind, Span
from tests.scheduling.reversing import ReversingEngine, scheduler

Habit = Callable[[str], str]

NO_TERMS = Terms.of((), (), "en")
"""Automatic terms only, such as addresses."""


class ScriptedEngine(ReversingEngine):
    """Returns ``habit(text)``; a token is a word. asked: every text with its options."""

    def __init__(self, habit: Habit, limit: int = 10_000) -> None:
        super().__init__()
        self.asked: list[tuple[str, DecodingOptions]] = []
        self.max_input_tokens = limit
        self.aligns = False
        self.restricts_output = False
        self._habit = habit

    def _generated(
        self, text: str, source: str, target: str, options: DecodingOptions
    ) -> Generated:
        assert (source, target) == ("en", "ru")
        self.asked.append((text, options))
        out = self._habit(text)
        return Generated(out, -0.5, len(text.split()), len(out.split()), complete=True)


@asynccontextmanager
async def pipeline(
    engine: Seq2SeqEngine,
    registry: CollectorRegistry | None = None,
    unsplittable: Unsplittable = NO_TERMS.spans,
) -> AsyncIterator[Pipeline]:
    """A pipeline of one stage from English to Russian."""
    workers = TextWorkers(1, max_title=2000, max_body=1_000_000)
    queue = scheduler(engine, batch_tokens=4096, registry=registry)
    try:
        yield Pipeline(
            [Stage(queue, "en", "ru")],
            workers,
            decoding=DecodingRequest(),
            priority=Priority.INTERACTIVE,
            deadline=None,
            use_cache=False,
            unsplittable=unsplittable,
        )
    finally:
        await queue.close()
        workers.close()


def segment_of(text: str, kind: SegmentKind) -> Segment:
    """A text as the only segment of an article's body."""
    return Segment(text, Span(0, len(text)), Field.BODY, kind, 0)


async def repaired(
    engine: ScriptedEngine,
    text: str,
    *,
    kind: SegmentKind = SegmentKind.SENTENCE,
    terms: Terms = NO_TERMS,
    registry: CollectorRegistry | None = None,
) -> CheckedOutput:
    """The checked output of one segment."""
    segment = segment_of(text, kind)
    async with pipeline(engine, registry, terms.spans) as made:
        outputs = await made.run_all([text])
        (answer,) = await check_and_complete(made, [segment], outputs, "ru", terms)
    return answer
