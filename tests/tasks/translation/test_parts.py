"""Translation of an article that is partly in the target language already."""

from __future__ import annotations

from typing import Any, cast

import pytest

from summsvc.tasks.pipeline.router import Router
from summsvc.tasks.pipeline.stage import Stage
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.translation.translator import Translator
from summsvc.tasks.translation.types import Translation, TranslationRequest
from summsvc.types import Article, MimeType, WarningType
from tests.scheduling.reversing import ReversingEngine, scheduler

ENGLISH = "The mayor opened the new bridge on Friday, and the town band played for an hour."
RUSSIAN = "Мэр открыл новый мост в пятницу, и городской оркестр играл целый час."


async def translated(article: Article, target: str) -> Translation:
    queue = scheduler(ReversingEngine())
    workers = TextWorkers(1, max_title=100, max_body=10_000)

    class ToReversed:
        async def translation(self, source: str, target: str, _: str) -> list[Stage]:
            return [Stage(queue, source, target)]

    try:
        translator = Translator(workers, cast(Router, cast(Any, ToReversed())))
        return await translator.translate(TranslationRequest(article, target))
    finally:
        await queue.close()
        workers.close()


@pytest.mark.parametrize("declared", ["", "en"])
async def test_a_part_in_the_target_language_stays(declared: str) -> None:
    body = f"<p>{ENGLISH}</p><p>{ENGLISH}</p><p>{RUSSIAN} <b>Всё</b> &amp; вся.</p>"
    result = await translated(Article("", body, declared, MimeType.HTML), "ru")
    assert result.started.language.code == "en"
    assert result.body.endswith(f"<p>{RUSSIAN} <b>Всё</b> &amp; вся.</p>")
    assert "ru" not in result.segments[2].text.partition(">")[0]
    assert ENGLISH not in result.body
    (warning,) = [
        each for each in result.started.warnings if each.type is WarningType.OTHER_LANGUAGE_PART
    ]
    assert warning.span is not None
    assert body[warning.span.start : warning.span.end].startswith(RUSSIAN)


async def test_a_part_in_a_third_language_is_translated_with_a_warning() -> None:
    result = await translated(Article("", f"{ENGLISH}\n\n{ENGLISH}\n\n{RUSSIAN}", "en"), "lt")
    assert RUSSIAN not in result.body
    kinds = [each.type for each in result.started.warnings]
    assert WarningType.OTHER_LANGUAGE_PART in kinds
