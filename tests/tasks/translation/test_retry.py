"""Doubtful outputs are retried by the strategies in order; the least severe output is kept."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from summsvc.articles.document import SegmentKind
from summsvc.engines.base import DecodingOptions, Placement
from summsvc.engines.load import load
from summsvc.errors import DeadlineError, EngineError, SummsvcError
from summsvc.models.store.store import Store
from summsvc.tasks.pipeline.pipeline import RETRY_ALLOWANCE
from summsvc.tasks.quality.checks import assess, severity
from summsvc.tasks.translation.checking import CheckedOutput, check_and_complete
from summsvc.tasks.translation.glossary import Terms
from summsvc.tasks.translation.retry import MAX_RETRIES
from summsvc.types import WarningType
from tests.tasks.scripted import NO_TERMS, ScriptedEngine, pipeline, repaired, segment_of

SOURCE = (
    "The minister said that 123 schools would reopen in September, "
    "but the union, which speaks for the teachers, called the plan unsafe."
)
CLAUSES = [SOURCE[:61], SOURCE[62:]]
GOOD = (
    "Министр заявил, что в сентябре откроются 123 школы, "
    "но профсоюз, который представляет учителей, назвал план небезопасным."
)
LOOP = f"Министр заявил, что 123 школы {'что ' * 24}"
NO_NUMBER = GOOD.replace("123 ", "")
LITHUANIAN = "Ministras sakė, kad rugsėjį vėl duris atvers 123 mokyklos, bet profesinė sąjunga ne."


NOTES = {WarningType.RETRIED, WarningType.SEGMENT_SPLIT}


def kinds(answer: CheckedOutput) -> set[WarningType]:
    return {issue.type for issue in answer.issues}


def in_turn(*outputs: str) -> ScriptedEngine:
    """One output after the other, whatever is asked; the last one from then on."""
    following = itertools.chain(outputs, itertools.repeat(outputs[-1]))
    return ScriptedEngine(lambda _: next(following))


async def test_a_good_output_is_not_retried() -> None:
    engine = in_turn(GOOD)
    answer = await repaired(engine, SOURCE)
    assert (answer.text, answer.issues) == (GOOD, ())
    assert len(engine.asked) == 1


async def test_the_order_of_the_strategies() -> None:
    engine = in_turn(LOOP)
    answer = await repaired(engine, SOURCE)
    usual = DecodingOptions(beam_size=4)
    texts = [text for text, _ in engine.asked]
    assert texts[:3] == [SOURCE, SOURCE, SOURCE]
    assert sorted(texts[3:]) == sorted(CLAUSES)
    first, other, held, *pieces = (options for _, options in engine.asked)
    assert first.beam_size == usual.beam_size
    assert other.no_repeat_ngram_size == 4
    assert (held.beam_size, held.no_repeat_ngram_size) == (1, 3)
    assert held.repetition_penalty > other.repetition_penalty == 1
    assert all(each.no_repeat_ngram_size == 4 for each in pieces)
    assert kinds(answer) >= {WarningType.REPETITION}


@pytest.mark.parametrize("attempt", [1, 2])
async def test_retries_end_with_the_first_good_output(attempt: int) -> None:
    engine = in_turn(*[LOOP] * attempt, GOOD)
    answer = await repaired(engine, SOURCE)
    assert answer.text == GOOD
    assert kinds(answer) == {WarningType.RETRIED}
    assert len(engine.asked) == 1 + attempt


async def test_clauses_are_translated_apart_and_joined() -> None:
    known = dict(zip(CLAUSES, ["Открытие 123 школ состоится в сентябре", GOOD[52:]], strict=True))
    engine = ScriptedEngine(lambda text: known.get(text, LOOP))
    answer = await repaired(engine, SOURCE)
    assert answer.text == "Открытие 123 школ состоится в сентябре " + GOOD[52:]
    (note,) = answer.issues
    assert note.type is WarningType.RETRIED
    assert "2 pieces" in note.message


@pytest.mark.parametrize("kind", [SegmentKind.HEADING, SegmentKind.FRAGMENT])
async def test_a_heading_is_translated_as_a_sentence(kind: SegmentKind) -> None:
    def habit(text: str) -> str:
        return "Права человека в мире." if text.endswith(".") else "права " * 20

    engine = ScriptedEngine(habit)
    answer = await repaired(engine, "Human rights in the world", kind=kind)
    assert answer.text == "Права человека в мире"
    assert "as a sentence" in answer.issues[0].message
    assert len(engine.asked) == 2


@pytest.mark.parametrize(
    ("outputs", "best", "left"),
    [
        (("", LOOP), LOOP, WarningType.REPETITION),
        ((LOOP, NO_NUMBER), NO_NUMBER, WarningType.NUMBER_LOST),
        ((NO_NUMBER, LOOP), NO_NUMBER, WarningType.NUMBER_LOST),
        ((LITHUANIAN, "Министр 123"), "Министр 123", WarningType.LENGTH_RATIO),
        (("Министр 123", NO_NUMBER), NO_NUMBER, WarningType.NUMBER_LOST),
        ((NO_NUMBER, NO_NUMBER + "!"), NO_NUMBER, WarningType.NUMBER_LOST),
        ((LOOP, "", ""), LOOP, WarningType.REPETITION),
    ],
)  # fmt: skip
async def test_the_least_severe_output_is_kept_the_earlier_of_two_equal_ones(
    outputs: tuple[str, ...], best: str, left: WarningType
) -> None:
    answer = await repaired(in_turn(*outputs), SOURCE)
    assert answer.text == best
    assert left in kinds(answer)


async def test_without_any_output_the_source_is_returned_with_a_warning() -> None:
    engine = in_turn("", " ", "", "")
    answer = await repaired(engine, SOURCE)
    assert answer.text == SOURCE
    assert kinds(answer) == {WarningType.EMPTY_OUTPUT}
    assert len(engine.asked) == 1 + MAX_RETRIES + 1


def then_none(output: str, error: SummsvcError) -> ScriptedEngine:
    """One output, and whatever is asked after it fails."""
    left = [output]

    def habit(_: str) -> str:
        if not left:
            raise error
        return left.pop()

    return ScriptedEngine(habit)


@pytest.mark.parametrize("error", [DeadlineError("too late"), EngineError("broken")])
async def test_the_doubtful_output_is_returned_when_retries_fail(error: SummsvcError) -> None:
    answer = await repaired(then_none(LOOP, error), SOURCE)
    assert answer.text == LOOP
    assert WarningType.REPETITION in kinds(answer)
    terms = Terms.of((), (), "en")
    source = "See https://example.org/2025 for details"
    answer = await repaired(then_none("Смотрите на сайте", error), source, terms=terms)
    assert answer.text == "Смотрите на сайте"
    assert kinds(answer) == {WarningType.TERM_LOST}


async def test_a_lost_address_is_inserted_without_a_retry() -> None:
    terms = Terms.of((), (), "en")
    engine = in_turn("Смотрите на сайте", "сайт")
    answer = await repaired(engine, "See https://example.org/2025 for details", terms=terms)
    assert (answer.text, answer.issues) == ("Смотрите на https://example.org/2025", ())
    assert [text for text, _ in engine.asked[1:]] == ["https://example.org/2025"]


async def test_a_term_is_not_split_where_a_text_is_too_long() -> None:
    terms = Terms.of(("World Health Organization",), (), "en")
    text = "one two three four five six World Health Organization seven eight nine ten eleven"
    engine = ScriptedEngine(lambda text: text, limit=7)
    await repaired(engine, text, terms=terms)
    assert any("World Health Organization" in asked for asked, _ in engine.asked[:3])


async def test_retried_segments_are_counted() -> None:
    registry = CollectorRegistry()
    await repaired(in_turn(GOOD), SOURCE, registry=registry)
    await repaired(in_turn(LOOP, GOOD), SOURCE, registry=CollectorRegistry())
    assert registry.get_sample_value("summsvc_retried_segments_total", {"model": "reversing"}) == 0
    registry = CollectorRegistry()
    await repaired(in_turn(LOOP, GOOD), SOURCE, registry=registry)
    assert registry.get_sample_value("summsvc_retried_segments_total", {"model": "reversing"}) == 1


@pytest.mark.parametrize("terms", [False, True])
async def test_attempts_cost_at_most_as_much_as_their_request(*, terms: bool) -> None:
    """Whatever a model says, admission counted half of the work at least."""
    texts = [f"{SOURCE[:-1]} in place {number}." for number in range(100)]
    found = Terms.of(("minister",) if terms else (), (), "en")
    engine = in_turn(LOOP)
    async with pipeline(engine, unsplittable=found.spans) as made:
        outputs = await made.run_all(texts)
        segments = [segment_of(text, SegmentKind.SENTENCE) for text in texts]
        answers = await check_and_complete(made, segments, outputs, "ru", found)
    length = sum(map(len, texts))
    asked = sum(len(text) for text, _ in engine.asked)
    assert 2 * length <= asked <= 2 * length + RETRY_ALLOWANCE
    # First all of them once.
    assert [text for text, _ in engine.asked[100:200]] == texts
    cut = [answer for answer in answers if WarningType.ATTEMPTS_CUT in kinds(answer)]
    assert len(cut) >= 90
    for answer in cut:
        said = [issue.type for issue in answer.issues]
        assert said.count(WarningType.ATTEMPTS_CUT) == 1
        assert any(issue.severe for issue in answer.issues)


async def answers_of(engine: ScriptedEngine, texts: list[str]) -> tuple[list[CheckedOutput], int]:
    """What is answered for sentences, and how many submissions that took after the first."""
    async with pipeline(engine) as made:
        outputs = await made.run_all(texts)
        segments = [segment_of(text, SegmentKind.SENTENCE) for text in texts]
        answers = await check_and_complete(made, segments, outputs, "ru", NO_TERMS)
        return answers, made.stages[0].scheduler._submitted - 1


async def test_doubtful_segments_of_a_group_are_retried_together() -> None:
    # Each good from another attempt on; the last one's clauses are never good.
    texts = [f"The minister said so {count} times." for count in range(10, 14)]
    asked: Counter[str] = Counter()

    def habit(text: str) -> str:
        asked[text] += 1
        number = text.split()[4]
        good = f"Министр сказал это {number} раз."
        return good if asked[text] > int(number) - 10 else "Министр сказал это сам."

    answers, submissions = await answers_of(ScriptedEngine(habit), texts)
    assert submissions == MAX_RETRIES - 1
    assert [asked[text] for text in texts] == [1, 2, 3, 3]
    assert [kinds(answer) for answer in answers] == [
        set(),
        {WarningType.RETRIED},
        {WarningType.RETRIED},
        {WarningType.NUMBER_LOST},
    ]


async def test_equal_segments_of_a_request_are_retried_once() -> None:
    engine = ScriptedEngine(lambda _: NO_NUMBER)
    answers, submissions = await answers_of(engine, [SOURCE] * 10)
    assert submissions == MAX_RETRIES
    # Bypassing the cache: the first outputs are computed for each.
    assert len(engine.asked) == 10 + (MAX_RETRIES - 1) + len(CLAUSES)
    assert len(set(answers)) == 1


async def test_a_segment_on_which_the_model_fails_does_not_fail_others() -> None:
    texts = [SOURCE, "The venom killed 15 people.", "The police arrested 123 people."]
    asked: Counter[str] = Counter()

    def habit(text: str) -> str:
        asked[text] += 1
        if "venom" in text and asked[text] > 1:
            raise EngineError("cannot read that")
        if "police" in text and asked[text] > 1:
            return "Полиция задержала 123 человека."
        return GOOD if text == SOURCE else "Ничего не сказано."

    answers, _ = await answers_of(ScriptedEngine(habit), texts)
    assert answers[0].text == GOOD
    assert WarningType.NUMBER_LOST in kinds(answers[1])
    assert answers[2].text == "Полиция задержала 123 человека."
    assert kinds(answers[2]) == {WarningType.RETRIED}


OUTPUTS = st.sampled_from(["", " ", LOOP, GOOD, NO_NUMBER, SOURCE, LITHUANIAN, "да"])


@given(st.lists(OUTPUTS, min_size=1 + MAX_RETRIES + 1, max_size=1 + MAX_RETRIES + 1))
async def test_outputs_are_not_empty_if_any_attempt_gave_text_and_attempts_are_bounded(
    outputs: list[str],
) -> None:
    engine = in_turn(*outputs)
    answer = await repaired(engine, SOURCE)
    asked = len(engine.asked)
    assert asked <= 1 + MAX_RETRIES - 1 + len(CLAUSES)
    assert answer.text.strip()
    given = any(each.strip() for each in outputs[:asked])
    assert (WarningType.EMPTY_OUTPUT in kinds(answer)) is not given
    if answer.text != GOOD:
        assert answer.issues


UNSEEN = {
    SegmentKind.HEADING: [
        "Weather", "Contact us", "Human rights and international relations", "BREAKING NEWS",
        "Zebra crossing painted", "Table of contents", "5 things to know", "What is a ceasefire?",
    ],
    SegmentKind.FRAGMENT: [
        "The The The The The", "aaa aaa aaa aaa", "abc def ghi jkl mno pqr",
        "qwertyuiopasdfghjklzxcvbnm", "Price: 1,299.99 (net)", "Tel. 123456",
    ],
    SegmentKind.SENTENCE: [
        "The quick brown fox jumps over the lazy dog, while seven wizards brew potions, and nobody "
        "in the whole village knows why they do so.",
        "In 1987, 4,512 people lived in the town of Springfield (Ohio).",
        "Go.", "Ha, ha, ha, ha, ha!",
    ],
}  # fmt: skip
"""What the small trained checkpoint never saw, and says something doubtful about."""


async def test_retries_of_a_real_model_never_raise_the_severity(model_dir: Path) -> None:
    engine = load(Store(model_dir).spec("opus-en-ru"), Placement())
    segments = [segment_of(text, kind) for kind, texts in UNSEEN.items() for text in texts]
    async with pipeline(engine) as made:
        outputs = await made.run_all([segment.text for segment in segments])
        answers = await check_and_complete(made, segments, outputs, "ru", NO_TERMS)
    doubtful = 0
    for segment, output, answer in zip(segments, outputs, answers, strict=True):
        pair = {"source_language": "en", "target": "ru"}
        before = assess(segment.text, output.text, **pair, complete=output.complete)
        after = [issue for issue in answer.issues if issue.type not in NOTES]
        assert answer.text.strip()
        assert severity(after) <= severity(before)
        if answer.text != output.text and output.text.strip():
            assert WarningType.RETRIED in kinds(answer)
        doubtful += any(issue.severe for issue in before)
    assert doubtful >= 3
