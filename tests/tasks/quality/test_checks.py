"""Doubts: damage is seen, known good translations raise none."""

from __future__ import annotations

import itertools

import pytest

from bench.quality.guards import DAMAGE, alarms, load
from summsvc.engines.base import DecodingOptions
from summsvc.tasks.quality.checks import assess, safer, severity
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


def test_a_good_translation_raises_no_doubt() -> None:
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
def test_damage_is_seen(output: str, kind: WarningType) -> None:
    assert kind in kinds(output)


def test_another_language_in_the_same_script_is_seen() -> None:
    english = "The head of the state talked to 123 people (journalists), www.example.org/talks."
    assert WarningType.WRONG_LANGUAGE in kinds(english, target="lt")


def test_what_has_to_stay_as_it_is_raises_no_doubt() -> None:
    source = "The text: https://www.example.org/the/whole/speech/of/the/president/in/2025"
    output = source.replace("The text", "Текст")
    pair = {"source_language": "en", "target": "ru"}
    assert assess(source, output, **pair, complete=True)
    assert assess(source, output, **pair, complete=True, kept={source.split()[-1]}) == []


def test_an_output_that_reached_the_limit_is_doubtful() -> None:
    assert kinds(GOOD, complete=False) == {WarningType.OUTPUT_TRUNCATED}


def test_messages_quote_no_more_than_a_line() -> None:
    issues = assess(SOURCE * 50, SOURCE * 50, source_language="en", target="ru", complete=True)
    assert issues
    assert all(len(issue.message) < 200 for issue in issues)


@pytest.mark.parametrize("pair", ["en-ru", "en-lt"])
def test_no_false_alarm_on_our_own_translations(pair: str) -> None:
    target = pair[3:]
    alarms = [
        (source, issues)
        for source, output in pairs(pair)
        if (issues := assess(source, output, source_language="en", target=target, complete=True))
    ]
    assert alarms == []


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_one_in_fifty_good_translations_at_most_is_doubted(pair: tuple[str, str]) -> None:
    rows = HELD_OUT[pair]
    assert sum(map(bool, alarms(pair, rows))) <= len(rows) / 50


@pytest.mark.parametrize("damage", DAMAGE)
def test_six_in_seven_damaged_translations_are_doubted_at_least(damage: str) -> None:
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


def test_lost_details_are_better_than_a_lost_part_than_a_loop_than_nothing() -> None:
    pair = {"source_language": "en", "target": "ru"}
    lost = assess(SOURCE, GOOD.replace("123", "12"), **pair, complete=True)
    empty = assess(SOURCE, "", **pair, complete=True)
    loop = assess(SOURCE, GOOD * 3, **pair, complete=True)
    cut = assess(SOURCE, GOOD, **pair, complete=False)
    assert severity([]) < severity(lost) < severity(cut) < severity(loop) < severity(empty)
