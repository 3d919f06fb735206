"""Splitting: every piece fits, nothing is lost, unsplittable spans stay whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.pipeline.splitting import clusters, join, split, split_clauses

LONG = "https://example.org/2025/12/13/a-long-report?lang=lt&page=2"
TERM = "World Health Organization"
PARTS = ["word", "longerword", "a", ",", ";", "—", "(x)", "ž", "😀", "e\u0301",
         "👩\u200d👩\u200d👧", "1 000 000", "3,5", LONG, TERM, "что", "ir"]  # fmt: skip


def words(texts: Sequence[str]) -> list[int]:
    """A token per word and per five code points of it, and two specials."""
    return [2 + sum(1 + len(word) // 5 for word in text.split()) for text in texts]


def code_points(texts: Sequence[str]) -> list[int]:
    """A token per code point, and one special."""
    return [1 + len(text) for text in texts]


@given(st.lists(st.sampled_from(PARTS)), st.integers(18, 60))
def test_pieces_join_to_the_text_fit_and_keep_spans_whole(parts: list[str], limit: int) -> None:
    text = " ".join(parts)
    terms = [match.span() for match in re.finditer(TERM, text)]
    pieces = split(text, words, limit, terms)
    assert "".join(pieces) == text
    assert max(words(pieces)) <= limit
    for whole in (LONG, TERM, "1 000 000", "3,5", "e\u0301", "👩\u200d👩\u200d👧"):
        assert sum(piece.count(whole) for piece in pieces) == text.count(whole)


@given(st.text(max_size=300), st.integers(2, 30))
def test_any_text_is_split_to_fit_without_loss(text: str, limit: int) -> None:
    pieces = split(text, code_points, limit)
    assert "".join(pieces) == text
    assert max(code_points(pieces)) <= limit


@given(st.text(st.sampled_from("aé\u0301\u0308й\u200d👩🏽🇱🇹\ufe0f"), max_size=200))
def test_no_grapheme_cluster_that_fits_is_split(text: str) -> None:
    edges = [0, *clusters(text), len(text)]
    longest = max(b - a for a, b in pairwise(edges))
    at = 0
    for piece in split(text, code_points, max(longest, 8) + 1):
        assert at in edges
        at += len(piece)


def test_an_address_longer_than_the_limit_is_split() -> None:
    pieces = split(LONG, code_points, 20)
    assert "".join(pieces) == LONG
    assert max(code_points(pieces)) <= 20


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("one two three four; five six seven eight, nine ten",
         ["one two three four; ", "five six seven eight, nine ten"]),
        ("Правительство, парламент и президент заявили, что налог не повысят",
         ["Правительство, парламент и президент заявили, ", "что налог не повысят"]),
        ("Vyriausybė, Seimas, prezidentas pareiškė, kad mokesčiai nedidės",
         ["Vyriausybė, Seimas, prezidentas pareiškė, ", "kad mokesčiai nedidės"]),
        ("Žmonės, kurie gyvena prie upės, nes ten dirba, buvo perspėti, kad vanduo kyla",
         ["Žmonės, kurie gyvena prie upės, ", "nes ten dirba, buvo perspėti, kad vanduo kyla"]),
    ],
)  # fmt: skip
def test_a_text_is_split_between_clauses_first(text: str, pieces: list[str]) -> None:
    assert split(text, words, words([text])[0] - 5) == pieces


def test_pieces_have_similar_sizes() -> None:
    lengths = words(split("word " * 110, words, 102))
    assert len(lengths) == 2
    assert max(lengths) - min(lengths) <= 2


@pytest.mark.parametrize(
    "text",
    ["x" * 50_000, "слово " * 8_334, "字" * 50_000, "e\u0301" * 25_000, "🇱🇹" * 25_000,
     "a\u0301" + "\u0301" * 49_998, "1" * 50_000, "http://" + "a/" * 25_000],
    ids=["letters", "words", "ideographs", "marks", "flags", "one character", "digits", "address"],
)  # fmt: skip
def test_50_000_code_points_without_punctuation(text: str) -> None:
    counted = 0

    def count(texts: Sequence[str]) -> list[int]:
        nonlocal counted
        counted += sum(map(len, texts))
        return words(texts)

    pieces = split(text, count, 100)
    assert "".join(pieces) == text
    assert max(words(pieces)) <= 100
    # As often as there are kinds of places, and a few times more.
    assert counted < 20 * len(text)


@given(st.lists(st.sampled_from(PARTS), max_size=60))
def test_clauses_join_to_the_text(parts: list[str]) -> None:
    text = " ".join(parts)
    assert "".join(split_clauses(text)) == text


def test_clauses_of_a_long_sentence() -> None:
    text = (
        "The minister said that the schools would reopen in September, "
        "but the union, which speaks for the teachers, called the plan unsafe."
    )
    assert split_clauses(text) == [text[:62], text[62:]]
    assert split_clauses("It will rain, they say.") == ["It will rain, they say."]
    assert split_clauses("word " * 50) == ["word " * 50]


@pytest.mark.parametrize(
    ("pieces", "translations", "joined"),
    [
        (["a; ", "b"], ["A", "B"], "A B"),
        (["ab", "cd"], ["A", "B"], "AB"),
        (["a "], ["A"], "A"),
        (["He said, ", "that."], ["Он сказал.", "что."], "Он сказал что."),
        (["Enough! ", "he said."], ["Хватит!", "сказал он."], "Хватит! сказал он."),
        (["etc. ", "b"], ["и т. д.", "b"], "и т. д. b"),
    ],
)
def test_pieces_are_joined_with_the_white_space_between_them(
    pieces: list[str], translations: list[str], joined: str
) -> None:
    assert join(pieces, translations) == joined
