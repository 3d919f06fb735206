"""Texts that a trained model copies or cripples, and what is returned for them."""

from __future__ import annotations

import pytest

from summsvc.engines.base import Placement, Seq2SeqEngine, Task
from summsvc.engines.load import load
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from summsvc.tasks.translation.checking import CheckedOutput, check_and_complete
from summsvc.types import SegmentKind, WarningType
from tests.checkpoints import spoiled
from tests.checkpoints.spoiled import (
    BEFORE_PLACEHOLDER,
    SPOILED,
    STUBBORN,
    STUBBORN_PIECES,
    STUBBORN_WHOLE,
    WITHOUT_PLACEHOLDER,
)
from tests.tasks.scripted import NO_TERMS, pipeline, segment_of


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("stubborn"))
    entry = Catalog.load().get("opus-en-ru")
    store.add(spoiled(), "opus-en-ru", Task.TRANSLATION, entry=entry)
    return store


@pytest.fixture
def engine(store: Store) -> Seq2SeqEngine:
    return load(store.spec("opus-en-ru"), Placement())


async def translated(engine: Seq2SeqEngine, text: str) -> tuple[str, CheckedOutput]:
    """The first output of a text, and what is returned for it."""
    kind = SegmentKind.SENTENCE if text.endswith(".") else SegmentKind.HEADING
    async with pipeline(engine) as made:
        (first,) = await made.run_all([text])
        (answer,) = await check_and_complete(
            made, [segment_of(text, kind)], [first], "ru", NO_TERMS
        )
    return first.text, answer


def note(answer: CheckedOutput) -> str:
    """The message of the only issue, a retry."""
    (issue,) = answer.issues
    assert issue.type is WarningType.RETRIED
    return issue.message


async def test_capitals_are_translated_in_sentence_case(engine: Seq2SeqEngine) -> None:
    text = "MANY BRIDGES REMAIN CLOSED"
    first, answer = await translated(engine, text)
    assert first == text
    assert answer.text == STUBBORN[text][1].removesuffix(".").upper()
    assert "in sentence case instead of capitals" in note(answer)


async def test_title_case_is_translated_in_sentence_case(engine: Seq2SeqEngine) -> None:
    text = "Students Protest Against Higher Fees"
    first, answer = await translated(engine, text)
    assert first == text
    assert answer.text == "Студенты Недовольны Ростом Цен"
    assert "in sentence case instead of title case" in note(answer)


async def test_a_copied_sentence_is_translated_without_its_stop(engine: Seq2SeqEngine) -> None:
    text = "The orchestra will play in the park."
    first, answer = await translated(engine, text)
    assert first == text
    assert answer.text == STUBBORN[text][1] + "."
    assert "without its final stop" in note(answer)


async def test_a_copied_sentence_is_translated_in_pieces(engine: Seq2SeqEngine) -> None:
    first, answer = await translated(engine, STUBBORN_WHOLE)
    assert first == STUBBORN_WHOLE
    assert answer.text == " ".join(STUBBORN_PIECES.values())
    assert "in 2 pieces" in note(answer)


async def test_a_sentence_that_is_always_copied_is_flagged(engine: Seq2SeqEngine) -> None:
    text, _ = SPOILED[WarningType.UNTRANSLATED]
    _, answer = await translated(engine, text)
    assert answer.text == text
    assert WarningType.UNTRANSLATED in {issue.type for issue in answer.issues}


@pytest.mark.parametrize("text", [text for text, _ in WITHOUT_PLACEHOLDER])
async def test_a_lost_placeholder_is_inserted(engine: Seq2SeqEngine, text: str) -> None:
    first, answer = await translated(engine, text)
    placeholder = text.removeprefix(f"{BEFORE_PLACEHOLDER[0]} ").removesuffix(".")
    assert placeholder not in first
    assert answer.text == f"{BEFORE_PLACEHOLDER[1]} {placeholder}."


UNSEEN = "%1$s %(name)s %d {0} {{x}} {{user.name}} {%endif%} #{x} %{x} :tada: @user #tag $BRK.B"


@pytest.mark.parametrize("placeholder", UNSEEN.split())
async def test_placeholders_survive_a_model_that_never_saw_them(
    engine: Seq2SeqEngine, placeholder: str
) -> None:
    _, answer = await translated(engine, f"Welcome back, {placeholder}.")
    assert answer.text.count(placeholder) == 1
