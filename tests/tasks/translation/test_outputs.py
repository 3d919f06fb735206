"""Outputs in order while doubtful ones among them are tried again."""

from __future__ import annotations

from contextlib import aclosing

from summsvc.articles.document import SegmentKind
from summsvc.tasks.translation.outputs import outputs_of
from summsvc.types import WarningType
from tests.tasks.scripted import ScriptedEngine, pipeline, segment_of

TEXTS = [f"The police arrested {number} people." for number in range(101, 107)]
DOUBTFUL = {TEXTS[2], TEXTS[4]}


def lost(text: str) -> str:
    number = text.split()[3]
    return f"Полиция задержала {'' if text in DOUBTFUL else number} человек."


async def test_answers_before_a_doubtful_one_do_not_wait_for_its_attempts() -> None:
    engine = ScriptedEngine(lost)
    segments = [segment_of(text, SegmentKind.SENTENCE) for text in TEXTS]
    async with pipeline(engine) as made:
        submitted = await made.submit(TEXTS)
        await engine.begun()
        engine.hold()
        done = outputs_of(made, submitted, segments, "ru", [[]] * len(TEXTS), 1)
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


async def test_who_leaves_meanwhile_leaves_nothing_behind() -> None:
    engine = ScriptedEngine(lost)
    segments = [segment_of(text, SegmentKind.SENTENCE) for text in TEXTS]
    async with pipeline(engine) as made:
        submitted = await made.submit(TEXTS)
        await engine.begun()
        engine.hold()
        async with aclosing(
            outputs_of(made, submitted, segments, "ru", [[]] * len(TEXTS), 1)
        ) as done:
            await anext(done)
            await engine.begun()
        engine.release()
        scheduler = made.stages[0].scheduler
        assert not scheduler._intake._handles
    assert len(engine.batches) == 2
