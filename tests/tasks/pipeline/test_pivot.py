"""Pivot translation: both models work at the same time, and terms hold through both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import pytest

from summsvc.tasks.pipeline.router import Router
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.translation.translator import Translator
from summsvc.tasks.translation.types import TranslatedSegment, TranslationRequest
from summsvc.types import Article, WarningType
from tests.scheduling.reversing import scheduler
from tests.tasks.dictionary import TO_LITHUANIAN, TO_RUSSIAN, DictionaryEngine


@dataclass
class Pivot:
    """A translator from English to Russian through Lithuanian."""

    translator: Translator
    first: DictionaryEngine
    second: DictionaryEngine


@pytest.fixture
async def pivot() -> AsyncIterator[Pivot]:
    first = DictionaryEngine(("en", "lt"), TO_LITHUANIAN)
    second = DictionaryEngine(("lt", "ru"), TO_RUSSIAN)
    schedulers = [scheduler(cast(Any, engine), batch_tokens=80) for engine in (first, second)]
    stages = [Stage(schedulers[0], "en", "lt"), Stage(schedulers[1], "lt", "ru")]
    workers = TextWorkers(1, max_title=100, max_body=100_000)

    class ToThese:
        async def translation(self, *_: str) -> list[Stage]:
            return stages

    yield Pivot(Translator(workers, cast(Router, ToThese())), first, second)
    for engine in (first, second):
        engine.free()
    for each in schedulers:
        await each.close()
    workers.close()


def request(*sentences: str, **fields: Any) -> TranslationRequest:
    return TranslationRequest(Article("", "\n\n".join(sentences), "en"), "ru", **fields)


MANY = [f"The bishop number {i} met the judge." for i in range(100)]


async def test_the_second_model_begins_after_the_first_batch_of_the_first(pivot: Pivot) -> None:
    pivot.first.hold()
    pivot.first.let(1)
    async with aclosing(pivot.translator.stream(request(*MANY))) as events:
        await anext(events)
        segment = await anext(events)
        await pivot.first.begun(2)
    assert isinstance(segment, TranslatedSegment)
    assert segment.text == "Этот епископ number 0 встретил этот судью."
    assert len(pivot.first.batches) == 2  # the second one waits
    assert len(pivot.second.batches) == 1


async def test_both_models_stop_when_the_stream_is_closed(pivot: Pivot) -> None:
    pivot.first.hold()
    pivot.first.let(2)
    pivot.second.hold()
    pivot.second.let(1)
    async with aclosing(pivot.translator.stream(request(*MANY))) as events:
        await anext(events)
        await anext(events)
        await pivot.first.begun(3)
        await pivot.second.begun(2)
    pivot.first.free()
    pivot.second.free()
    async with aclosing(pivot.translator.stream(request("The teachers met."))) as events:
        assert len([event async for event in events]) == 3
    assert pivot.first.batches[3:] == [["The teachers met."]]
    assert pivot.second.batches[2:] == [["Tas mokytojų sutiko."]]


async def test_glossary_and_protected_terms_hold_through_both_models(pivot: Pivot) -> None:
    wanted = request(
        "The president met the mayor in Riga.",
        "The strike of the teachers has ended.",
        glossary=(("mayor", "градоначальник"),),
        do_not_translate=("strike",),
    )
    answer = await pivot.translator.translate(wanted)
    assert "градоначальник" in answer.body
    assert "strike" in answer.body
    assert "мэр" not in answer.body
    assert "забастовка" not in answer.body
    used = [use for segment in answer.segments for use in segment.terms]
    assert [(use.source, use.applied) for use in used] == [("mayor", True), ("strike", True)]
    kinds = {warning.type for warning in answer.finished.warnings + answer.started.warnings}
    assert WarningType.PIVOT in kinds
    assert not kinds & {WarningType.TERM_LOST, WarningType.GLOSSARY_NOT_APPLIED}


async def test_a_term_that_only_looks_like_the_middle_language_stays(pivot: Pivot) -> None:
    """A protected word may be one that the second model would translate."""
    wanted = request("The president met Streikas.", do_not_translate=("Streikas",))
    answer = await pivot.translator.translate(wanted)
    assert answer.body == "Этот президент встретил Streikas."
