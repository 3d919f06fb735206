"""Quality checks: damaged translations have issues, known good ones have none."""

from __future__ import annotations

import itertools

import pytest

from bench.quality.guards import DAMAGE, alarms, load
from summsvc.engines.base import DecodingOptions
from summsvc.tasks.quality.checks import assess, lost_brackets, safer, severity
from summsvc.types import WarningType
from tests.checkpoints import pairs

SOURCE = "The president met 123 people (reporters) in Riga on Friday; see www.example.org/talks."
GOOD = (
    "Президент встретился с 123 людьми (журналистами) в Риге в пятницу; см. www.example.org/talks."
)
HELD_OUT = load(1)
PAIRS = list(HELD_OUT)


def kinds(output: str, *, target: str = "ru", complete: bool = True) -> set[WarningType]:
    return {
        issue.type
        for issue in assess(SOURCE, output, source_language="en", target=target, complete=complete)
    }


def test_a_good_translation_has_no_issue() -> None:
    assert kinds(GOOD) == set()


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("", WarningType.EMPTY_OUTPUT),
        (" \n", WarningType.EMPTY_OUTPUT),
        (GOOD + " он сказал, что" * 6, WarningType.REPETITION),
        ("Президент 123", WarningType.LENGTH_RATIO),
        (SOURCE, WarningType.UNTRANSLATED),
        ("Prezidentas susitiko su 123 žmonėmis Rygoje ir pasakė, kad derybos tęsis.",
         WarningType.WRONG_SCRIPT),
        (GOOD.replace("123", "12"), WarningType.NUMBER_LOST),
        (GOOD.replace("(журналистами) ", ""), WarningType.BRACKETS_LOST),
    ],
)  # fmt: skip
def test_damage_is_detected(output: str, kind: WarningType) -> None:
    assert kind in kinds(output)


def test_another_language_in_the_same_script_is_detected() -> None:
    english = "The head of the state talked to 123 people (journalists), www.example.org/talks."
    assert WarningType.WRONG_LANGUAGE in kinds(english, target="lt")


def test_kept_terms_are_ignored() -> None:
    source = "The text: https://www.example.org/the/whole/speech/of/the/president/in/2025"
    output = source.replace("The text", "Текст")
    pair = {"source_language": "en", "target": "ru"}
    assert assess(source, output, **pair, complete=True)
    assert assess(source, output, **pair, complete=True, kept={source.split()[-1]}) == []


def test_an_output_that_reached_the_limit_has_an_issue() -> None:
    assert kinds(GOOD, complete=False) == {WarningType.OUTPUT_TRUNCATED}


def test_messages_quote_at_most_one_line() -> None:
    issues = assess(SOURCE * 50, SOURCE * 50, source_language="en", target="ru", complete=True)
    assert issues
    assert all(len(issue.message) < 200 for issue in issues)


@pytest.mark.parametrize("pair", ["en-ru", "en-lt"])
def test_no_false_alarm_on_the_training_translations(pair: str) -> None:
    target = pair[3:]
    alarms = [
        (source, issues)
        for source, output in pairs(pair)
        if (issues := assess(source, output, source_language="en", target=target, complete=True))
    ]
    assert alarms == []


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_at_most_one_in_fifty_good_translations_has_an_issue(pair: tuple[str, str]) -> None:
    rows = HELD_OUT[pair]
    assert sum(map(bool, alarms(pair, rows))) <= len(rows) / 50


@pytest.mark.parametrize("damage", DAMAGE)
def test_at_least_six_in_seven_damaged_translations_have_an_issue(damage: str) -> None:
    found = [
        alarms(pair, [(source, made)])[0]
        for pair, (source, good) in itertools.chain.from_iterable(
            ((pair, row) for row in rows) for pair, rows in HELD_OUT.items()
        )
        if (made := DAMAGE[damage](source, good))
    ]
    assert sum(map(bool, found)) >= 6 / 7 * len(found) > 0


def test_safer_decoding_differs_at_each_attempt() -> None:
    usual = DecodingOptions()
    first, second = safer(usual, 1), safer(usual, 2)
    assert len({usual, first, second}) == 3
    assert second.repetition_penalty > 1


def test_severity_ranks_lost_details_a_lost_part_a_loop_and_no_output() -> None:
    pair = {"source_language": "en", "target": "ru"}
    lost = assess(SOURCE, GOOD.replace("123", "12"), **pair, complete=True)
    empty = assess(SOURCE, "", **pair, complete=True)
    loop = assess(SOURCE, GOOD * 3, **pair, complete=True)
    cut = assess(SOURCE, GOOD, **pair, complete=False)
    assert severity([]) < severity(lost) < severity(cut) < severity(loop) < severity(empty)


@pytest.mark.parametrize(
    ("source", "output", "lost"),
    [
        ("The organization (WHO) said", "Организация (ВОЗ) заявила", []),
        ("The organization (WHO) said", "Организация заявила", ["WHO"]),
        ("Anna (Vilnius) and Ivan (Riga)", "Анна (Вильнюс) и Иван", ["Riga"]),
        ("In Vilnius (Lithuania)", "В Вильнюсе, Lithuania", []),
        ("In Tallinn (Estonia)", "В Таллине, Эстония", []),
        ("He was born (1958) here", "Он родился здесь", []),
        ("a list [sic] of names", "список имён", ["sic"]),
        ("no brackets", "скобок нет", []),
    ],
)
def test_text_lost_with_its_brackets_is_reported(source: str, output: str, lost: list[str]) -> None:
    assert lost_brackets(source, output) == lost
