"""Loops are seen, repetition that the source has as well is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.quality import repetition
from summsvc.tasks.quality.repetition import repeated

SOURCE = "The talks will continue on Friday."


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("Переговоры де де де де де", "де"),
        ("Переговоры продолжатся в пятницу в пятницу в пятницу", "в пятницу"),
        ("Переговоры продолжатся. Переговоры продолжатся.", "переговоры продолжатся"),
        ("Перегоооооворы продолжатся", "о"),
        ("Переговоры на-на-на-на-на-на", "на"),
        ("Переговоры нананананана", "на"),
        ("он сказал, что да, он сказал, что нет, он сказал, что не знает, он сказал, что ушёл",
         "он сказал что"),
        ("И вот что он сказал им на это вчера вечером, а потом, когда все ушли, вот что он "
         "сказал им на это вчера вечером", "вот что он сказал им на это вчера"),
    ],
)  # fmt: skip
def test_a_loop_is_named(output: str, said: str) -> None:
    assert repeated(SOURCE, output) == said


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("No, no, no!", "Нет, нет, нет!"),
        ("Ha-ha-ha-ha-ha!", "Ха-ха-ха-ха-ха!"),
        ("Nooooooo!", "Неееееет!"),
        ("We shall win. We shall win.", "Мы победим. Мы победим."),
        ("He did, she did, they did, we did", "он это сделал, она это сделала"),
        ("www.example.org", "www.example.org"),
        ("It costs 1000000 euros", "Это стоит 1000000 евро"),
        ("", ""),
    ],
)
def test_what_is_said_once_or_as_often_as_in_the_source_is_none(source: str, output: str) -> None:
    assert repeated(source, output) == ""


@given(st.lists(st.sampled_from(["раз", "два", "три"]), min_size=3, max_size=12))
def test_any_words_five_times_in_a_row_are_a_loop(words: list[str]) -> None:
    assert repeated(SOURCE, " ".join(words * 5))


@given(st.text(max_size=200))
def test_a_text_does_not_loop_beside_itself(text: str) -> None:
    assert repeated(text, text) == ""


@given(st.lists(st.sampled_from(["раз", "два", "три", "аб", "ааб"]), max_size=24))
def test_a_loop_is_looked_for_wherever_there_may_be_one(words: list[str]) -> None:
    text, any_number = "".join(words), 10**9
    again = len(words) - len(set(words))
    assert repetition._row(words, [], again) == repetition._row(words, [], any_number)
    assert repetition._scattered(words, [], again) == repetition._scattered(words, [], any_number)
    if again < repetition.FEWEST:
        assert repeated("", " ".join(words)) == repetition._twice(words, []) == ""
    assert bool(repetition._characters([text], "")) == bool(repetition._CHARACTERS.search(text))
