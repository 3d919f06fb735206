"""Doubts: damage is seen, known good translations raise none."""

from __future__ import annotations

import pytest

from summsvc.articles.article import WarningType
from summsvc.engines.base import DecodingOptions
from summsvc.tasks.guards import assess, safer, severity
from tests.checkpoints import pairs

SOURCE = "The president met 123 people in Riga on Friday and said that the talks will continue."
GOOD = "Президент встретился с 123 людьми в Риге в пятницу и сказал, что переговоры продолжатся."


def kinds(output: str, *, complete: bool = True) -> set[WarningType]:
    return {doubt.type for doubt in assess(SOURCE, output, target="ru", complete=complete)}


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("", WarningType.EMPTY_OUTPUT),
        (GOOD + " он сказал, что" * 6, WarningType.REPETITION),
        ("Президент 123", WarningType.LENGTH_RATIO),
        (SOURCE, WarningType.UNTRANSLATED),
        ("Prezidentas susitiko su 123 žmonėmis Rygoje ir pasakė, kad derybos tęsis.",
         WarningType.WRONG_SCRIPT),
        (GOOD.replace("123", "12"), WarningType.NUMBER_LOST),
    ],
)  # fmt: skip
def test_damage_is_seen(output: str, kind: WarningType) -> None:
    assert kind in kinds(output)


def test_an_output_that_reached_the_limit_is_doubtful() -> None:
    assert kinds(GOOD, complete=False) == {WarningType.OUTPUT_TRUNCATED}


@pytest.mark.parametrize("pair", ["en-ru", "en-lt"])
def test_no_false_alarm_on_our_own_translations(pair: str) -> None:
    target = pair[3:]
    alarms = [
        (source, doubts)
        for source, output in pairs(pair)
        if (doubts := assess(source, output, target=target, complete=True))
    ]
    assert alarms == []


@pytest.mark.parametrize(
    "output", ["Цена 1 000 рублей", "Цена 1.000 рублей", "Цена 1\u00a0000 рублей"]
)
def test_separators_of_thousands_do_not_matter(output: str) -> None:
    assert assess("It costs 1,000 roubles", output, target="ru", complete=True) == []


def test_safer_decoding_differs_at_each_attempt() -> None:
    usual = DecodingOptions()
    first, second = safer(usual, 1), safer(usual, 2)
    assert len({usual, first, second}) == 3
    assert second.repetition_penalty > 1


def test_severe_doubts_weigh_more() -> None:
    lost = assess(SOURCE, GOOD.replace("123", "12"), target="ru", complete=True)
    empty = assess(SOURCE, "", target="ru", complete=True)
    assert 0 < severity(lost) < severity(empty)
