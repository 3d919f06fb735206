"""A lost term replaces the model's translation of it, else the text around it is translated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.translation.glossary import Terms
from summsvc.tasks.translation.term_enforcement import TermOutput, enforce_terms
from summsvc.types import WarningType


class Words:
    """A model that knows a few texts by heart and answers others unchanged."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.asked: list[str] = []
        self.workers = TextWorkers(1, max_title=0, max_body=0)

    async def retry(self, each: Sequence[Sequence[str]], **_: object) -> list[list[PipelineOutput]]:
        self.asked += [text for texts in each for text in texts]
        return [
            [PipelineOutput(self.known.get(text, text), -0.1, True, 1) for text in texts]
            for texts in each
        ]


async def protected(
    model: Words, source: str, output: str, kept: Sequence[str] = (), **glossary: str
) -> tuple[str, list[bool], list[WarningType], bool]:
    found = Terms.of(kept, list(glossary.items()), "en").find(source)
    result = TermOutput.of(source, output, found, "ru")
    await enforce_terms(cast(Pipeline, model), [result], "ru", lambda: None)
    applied = [use.applied for use in result.used]
    return result.text, applied, [issue.type for issue in result.issues], result.pieces


async def test_a_term_that_the_output_has_needs_no_model() -> None:
    model = Words()
    source, output = "The mayor came.", "Приехал с градоначальником."
    answer = await protected(model, source, output, mayor="градоначальник")
    assert answer == (output, [True], [], False)
    assert not model.asked


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Он встретился с мэром.", "Он встретился с градоначальник."),
        ("Мэр приехал.", "Градоначальник приехал."),
    ],
)
async def test_the_models_own_word_is_replaced_in_any_form(output: str, expected: str) -> None:
    model = Words(mayor="мэр.")
    answer = await protected(model, "He met the mayor.", output, mayor="градоначальник")
    assert answer == (expected, [True], [], False)


async def test_a_protected_term_takes_the_place_of_its_translation() -> None:
    answer = await protected(
        Words(Kolesnikova="Колесникова"),
        "They freed Kolesnikova.",
        "Освободили Колесникову.",
        ["Kolesnikova"],
    )
    assert answer == ("Освободили Kolesnikova.", [True], [], False)


async def test_no_guess_is_made_between_two_places() -> None:
    model = Words(mayor="мэр", The="этот")
    text, applied, _, pieces = await protected(
        model, "The mayor left.", "Мэр уехал от мэра.", mayor="градоначальник"
    )
    assert (text, applied, pieces) == ("этот градоначальник left.", [True], True)


async def test_text_around_a_term_without_a_place_is_translated_apart() -> None:
    text, applied, issues, pieces = await protected(
        Words(See="Смотрите"), "See https://example.org/a now.", "Смотрите тут."
    )
    assert text == "Смотрите https://example.org/a now."
    assert (applied, issues, pieces) == ([True], [], True)


async def test_a_term_still_missing_gives_one_issue() -> None:
    """A stretch that begins with a letter joins the term to another word."""
    source = "A mayor’s-x and a NATO’s."
    model = Words(**{"’s.": "s."})
    _, applied, issues, _ = await protected(model, source, "", ["NATO"], mayor="мэр")
    assert applied == [True, False]
    assert issues == [WarningType.TERM_LOST]


async def test_a_missing_glossary_target_gives_an_issue() -> None:
    model = Words(**{"’house now.": "Дом."})
    _, applied, issues, _ = await protected(model, "mayor’house now.", "", mayor="мэр")
    assert applied == [False]
    assert issues == [WarningType.GLOSSARY_NOT_APPLIED]
