"""Repetition is detected, unless the source repeats as much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.quality import repetition
from summsvc.tasks.quality.repetition import find_repetition

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
def test_a_loop_is_returned(output: str, said: str) -> None:
    assert find_repetition(SOURCE, output) == said


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
def test_text_repeated_no_more_than_in_the_source_is_not_reported(source: str, output: str) -> None:
    assert find_repetition(source, output) == ""


@given(st.lists(st.sampled_from(["раз", "два", "три"]), min_size=3, max_size=12))
def test_any_words_repeated_five_times_are_a_loop(words: list[str]) -> None:
    assert find_repetition(SOURCE, " ".join(words * 5))


@given(st.text(max_size=200))
def test_a_text_compared_with_itself_has_no_repetition(text: str) -> None:
    assert find_repetition(text, text) == ""


@given(st.lists(st.sampled_from(["раз", "два", "три", "аб", "ааб"]), max_size=24))
def test_the_early_exits_skip_no_loop(words: list[str]) -> None:
    text, any_number = "".join(words), 10**9
    repeated = len(words) - len(set(words))
    assert repetition._consecutive(words, [], repeated) == repetition._consecutive(
        words, [], any_number
    )
    assert repetition._scattered(words, [], repeated) == repetition._scattered(
        words, [], any_number
    )
    if repeated < repetition.MIN_REPEATED_WORDS:
        assert find_repetition("", " ".join(words)) == repetition._doubled(words, []) == ""
    assert bool(repetition._character_run([text], "")) == bool(
        repetition._CHARACTER_RUN.search(text)
    )
