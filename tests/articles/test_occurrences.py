"""Many strings are found in one pass; of overlapping occurrences the longest counts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles.occurrences import MAX_SUFFIXES, Occurrences, Taken

STRINGS = st.lists(st.text("ab ", min_size=1, max_size=4), min_size=1, max_size=MAX_SUFFIXES)


@given(STRINGS, st.text("ab c"), st.booleans())
def test_all_occurrences_are_those_of_a_simple_search(
    strings: list[str], text: str, whole_words: bool
) -> None:
    expected = {
        (found.start(), string)
        for string in strings
        for found in re.finditer(f"(?={re.escape(string)})", text)
        if not whole_words
        or not (
            text[: found.start()][-1:].isalnum()
            or text[found.start() + len(string) :][:1].isalnum()
        )
    }
    found = list(Occurrences(strings).all(text, whole_words=whole_words))
    assert set(found) == expected
    assert len(found) == len(expected)


@given(STRINGS, st.text("ab c"))
def test_occurrences_apart_are_chosen_by_length(strings: list[str], text: str) -> None:
    occurrences = Occurrences(strings)
    chosen = occurrences.apart(text)
    covered: set[int] = set()
    for start, string in chosen:
        span = set(range(start, start + len(string)))
        assert text[start : start + len(string)] == string
        assert not span & covered
        covered |= span
    assert chosen == sorted(chosen)
    for start, string in occurrences.all(text):
        there = set(range(start, start + len(string)))
        rivals = [other for at, other in chosen if there & set(range(at, at + len(other)))]
        assert rivals
        assert max(map(len, rivals)) >= len(string)


@pytest.mark.parametrize(
    ("strings", "text", "chosen"),
    [
        (["New York", "New York Times"], "New York Times", [(0, "New York Times")]),
        (["a b c", "c d"], "a b c d", [(0, "a b c")]),
        (["a b", "b c"], "a b c", [(0, "a b")]),
        (["aa"], "aaa", [(0, "aa")]),
    ],
)
def test_which_of_two_overlapping_strings_counts(
    strings: list[str], text: str, chosen: list[tuple[int, str]]
) -> None:
    assert Occurrences(strings).apart(text) == chosen


def test_ranges_are_added_once() -> None:
    taken = Taken(10)
    added = [taken.add(*span) for span in ((2, 6), (5, 9), (6, 9), (0, 3), (0, 2), (9, 10), (3, 4))]
    assert added == [True, False, True, False, True, True, False]
