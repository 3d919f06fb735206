"""Outputs are placed in order while doubtful ones among them are retried."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from summsvc.articles.document import SegmentKind
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import Submitted
from summsvc.tasks.translation.assembly import translated_groups
from summsvc.tasks.translation.checking import CheckedOutput, Selected
from summsvc.types import WarningType
from tests.tasks.scripted import ScriptedEngine, pipeline, segment_of

TEXTS = [f"The police arrested {number} people." for number in range(101, 107)]
DOUBTFUL = {TEXTS[2], TEXTS[4]}


def lost(text: str) -> str:
    number = text.split()[3]
    return f"Полиция задержала {'' if text in DOUBTFUL else number} человек."


def outputs_of(made: Pipeline, submitted: Submitted) -> AsyncGenerator[list[CheckedOutput], None]:
    segments = [segment_of(text, SegmentKind.SENTENCE) for text in TEXTS]
    selected = [Selected(segment, (), len(segment.text)) for segment in segments]
    return translated_groups(made, submitted, selected, "ru", 1, list)


async def test_outputs_before_a_doubtful_one_do_not_wait_for_its_retries() -> None:
    engine = ScriptedEngine(lost)
    async with pipeline(engine) as made:
        submitted = await made.submit(TEXTS)
        await engine.begun()
        engine.hold()
        done = outputs_of(made, submitted)
        async with aclosing(done):
            first = await anext(done)
            # The second batch is that of the first attempt.
            await engine.begun()
            engine.release()
            rest = [each async for group in done for each in group]
    assert [each.text for each in first] == list(map(lost, TEXTS[:2]))
    assert [each.text for each in first + rest] == list(map(lost, TEXTS))
    kinds = [{issue.type for issue in each.issues} for each in first + rest]
    assert [WarningType.NUMBER_LOST in each for each in kinds] == [
        text in DOUBTFUL for text in TEXTS
    ]
    # All doubtful ones of a group go through an attempt in one batch.
    assert list(map(set, engine.batches)) == [set(TEXTS), DOUBTFUL, DOUBTFUL]


async def test_closing_during_retries_cancels_all_work() -> None:
    engine = ScriptedEngine(lost)
    async with pipeline(engine) as made:
        submitted = await made.submit(TEXTS)
        await engine.begun()
        engine.hold()
        async with aclosing(outputs_of(made, submitted)) as done:
            await anext(done)
            await engine.begun()
        engine.release()
        scheduler = made.stages[0].scheduler
        assert not scheduler._handles
    assert len(engine.batches) == 2
