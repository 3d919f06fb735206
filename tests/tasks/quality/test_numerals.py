"""Numbers as values, however they are written."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.quality.numerals import numbers


def values(text: str, language: str = "en") -> list[set[Decimal]]:
    return [set(each.readings) for each in numbers(text, language)]


def decimals(*figures: str) -> set[Decimal]:
    return {Decimal(each) for each in figures}


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1000", "en", "1000"), ("1,000", "en", "1000"), ("1 000", "ru", "1000"),
        ("1\u00a0000", "lt", "1000"), ("1'000", "en", "1000"), ("1.000,50", "lt", "1000.5"),
        ("2,5", "ru", "2.5"), ("2.5", "en", "2.5"), ("12 500", "en", "12500"),
        ("$1.5bn", "en", "1500000000"), ("1,5 млрд", "ru", "1500000000"),
        ("3 milijonai", "lt", "3000000"), ("5m", "en", "5000000"), ("21st", "en", "21"),
        ("1990s", "en", "1990"), ("one hundred twenty-three", "en", "123"),
        ("two hundred and five thousand", "en", "205000"), ("двадцати трёх", "ru", "23"),
        ("две тысячи двадцать пять", "ru", "2025"), ("du šimtai dvidešimt penki", "lt", "225"),
        ("penkiolikos", "lt", "15"), ("٣٤", "en", "34"),
    ],
)  # fmt: skip
def test_one_value(text: str, language: str, value: str) -> None:
    (found,) = numbers(text, language)
    assert Decimal(value) in found.readings
    assert text[found.start : found.end].strip("$") == text.strip("$")[: found.end - found.start]


def test_ambiguous_separators_have_both_readings() -> None:
    assert values("1,500") == [decimals("1500", "1.5")]


def test_ranges() -> None:
    assert values("3 to 5 million") == [decimals("3", "3000000"), decimals("5000000")]
    assert values("2014-20") == [decimals("2014"), decimals("20", "2020")]
    assert values("2014–2020") == [decimals("2014"), decimals("2020")]


def test_neighbours_are_not_added_up() -> None:
    assert values("two, three") == [decimals("2"), decimals("3")]
    assert values("a million and one of them") == [decimals("1000000"), decimals("1")]
    assert values("in 2020 500 people") == [decimals("2020"), decimals("500")]


def test_what_is_often_no_number_is_loose() -> None:
    assert [each.loose for each in numbers("one of a million", "en")] == [True, True]
    assert [each.loose for each in numbers("two of 2 million", "en")] == [False, False]


@given(st.integers(0, 10**12), st.sampled_from([",", " ", "\u00a0", "\u202f", "."]))
def test_grouping_does_not_change_the_value(number: int, mark: str) -> None:
    written = f"{number:,}".replace(",", mark)
    (found,) = numbers(f"about {written} people", "en")
    assert Decimal(number) in found.readings


@given(st.text(max_size=200), st.sampled_from(["en", "ru", "lt", "de"]))
def test_any_text_gives_places_in_order(text: str, language: str) -> None:
    found = numbers(text, language)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
