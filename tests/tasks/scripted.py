"""A translator whose every output a test decides, behind the real chain and scheduler."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from summsvc.articles.document import Segment
from summsvc.engines.base import DecodingOptions, Generated, Seq2SeqEngine
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.translation.glossary import Terms
from summsvc.tasks.translation.retry import CheckedOutput, repair_all
from summsvc.types import Field, SegmentKind, Span
from tests.scheduling.reversing import ReversingEngine, scheduler

Habit = Callable[[str], str]


class ScriptedEngine(ReversingEngine):
    """Answers what ``habit`` says; a token is a word. asked: every text and its options."""

    def __init__(self, habit: Habit, limit: int = 10_000) -> None:
        super().__init__()
        self.asked: list[tuple[str, DecodingOptions]] = []
        self.max_input_tokens = limit
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
    engine: Seq2SeqEngine, registry: CollectorRegistry | None = None
) -> AsyncIterator[Pipeline]:
    """A chain of one leg from English to Russian."""
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
    terms: Terms | None = None,
    registry: CollectorRegistry | None = None,
) -> CheckedOutput:
    """What is answered for one segment."""
    segment = segment_of(text, kind)
    async with pipeline(engine, registry) as made:
        made.terms = terms or made.terms
        outputs = await made.run_all([text])
        (answer,) = await repair_all(made, [segment], outputs, "ru", made.terms)
    return answer
