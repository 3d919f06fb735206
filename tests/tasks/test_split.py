"""Splitting: every piece fits, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.split import join, split


def words(texts: Sequence[str]) -> list[int]:
    """A token per word and per five code points of it, and two specials."""
    return [2 + sum(1 + len(word) // 5 for word in text.split()) for text in texts]


@given(
    st.lists(st.sampled_from(["word", "longerword", "a", ",", ";", "—", "(x)", "ž", "😀"])),
    st.integers(6, 40),
)
def test_pieces_are_the_text_and_fit(parts: list[str], limit: int) -> None:
    text = " ".join(parts)
    pieces = split(text, words, limit)
    assert "".join(pieces) == text
    assert max(words(pieces)) <= limit


@given(st.text(max_size=200), st.integers(6, 30))
def test_any_text_survives(text: str, limit: int) -> None:
    assert "".join(split(text, words, limit)) == text


def test_it_is_cut_between_clauses_first() -> None:
    text = "one two three four; five six seven eight, nine ten"
    assert split(text, words, 8) == ["one two three four; ", "five six seven eight, nine ten"] or (
        split(text, words, 8)[0] == "one two three four; "
    )


def test_50_000_code_points_without_a_space() -> None:
    text = "x" * 50_000
    pieces = split(text, words, 100)
    assert "".join(pieces) == text
    assert max(words(pieces)) <= 100


@pytest.mark.parametrize(
    ("pieces", "joined"), [(["a; ", "b"], "A B"), (["ab", "cd"], "AB"), (["a "], "A")]
)
def test_white_space_between_pieces_comes_back(pieces: list[str], joined: str) -> None:
    translations = ["A", "B"][: len(pieces)]
    assert join(pieces, translations) == joined
