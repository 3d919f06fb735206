"""Brackets that a translation has lost."""

from __future__ import annotations

import pytest

from summsvc.tasks.quality.brackets import lost_brackets


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
def test_brackets(source: str, output: str, lost: list[str]) -> None:
    assert lost_brackets(source, output) == lost
