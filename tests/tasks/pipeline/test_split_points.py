"""Split points of a text: between clauses first, and not inside unsplittable spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.pipeline.splitting import clause_ends, clusters, split_points


@pytest.mark.parametrize(
    "cluster",
    ["e\u0301", "й\u0308\u0301", "👩\u200d👩\u200d👧", "👍🏽", "❤\ufe0f", "🇱🇹", "\r\n", "각",
     "\u1100\u1161\u11a8", "क्षि", "🏴\U000e0067\U000e0062\U000e007f"],
)  # fmt: skip
def test_a_grapheme_cluster_is_one_character(cluster: str) -> None:
    if cluster == "क्षि":
        # Two clusters in the annex's basic rules: no mark is ever parted from its letter.
        assert clusters(cluster) == [2]
    else:
        assert clusters(cluster * 3) == [len(cluster), 2 * len(cluster)]


def test_flags_are_pairs() -> None:
    assert clusters("🇱🇹🇪🇪🇱🇻") == [2, 4]
    assert clusters("🇱🇹a🇪🇪") == [2, 3]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("He left; she stayed", "He left; "),
        ("Он ушёл, потому что было поздно", "Он ушёл, "),
        ("Врачи, сёстры и няни сказали, что бастуют", "Врачи, сёстры и няни сказали, "),
        ("Gydytojai, slaugytojai sakė, kad streikuos", "Gydytojai, slaugytojai sakė, "),
        ("Žmonės, kurie dirba naktį, ilsisi", "Žmonės, "),
        ("Doctors, nurses and cooks said, when asked, no", "Doctors, nurses and cooks said, "),
        ("“Enough!” she said, and left", "“Enough!” "),
        ("one, two, three", "one, "),
        ("the mayor and the president", "the mayor "),
        ("the mayor (left) spoke", "the mayor "),
        ("風が吹く。雨が降る", "風が吹く。"),
    ],
)
def test_the_best_split_point_is_between_clauses(text: str, first: str) -> None:
    cuts = next(cuts for cuts in clause_ends(text) if cuts)
    assert text[: cuts[0]] == first


WHOLE = ["https://example.org/a,b;c", "press@example.org", "1 000 000", "12,5 %", "-1.500,25",
         "15:30", "2025-12-13", "www.example.com/x?y=1,2"]  # fmt: skip


@given(
    st.lists(
        st.sampled_from([*WHOLE, "слово", "word,", ";", "–", "e\u0301", "👩\u200d👧"]), min_size=1
    ),
    st.sampled_from([" ", "\u00a0", "\t"]),
)
def test_only_the_last_split_points_are_inside_unsplittable_spans(
    parts: list[str], space: str
) -> None:
    text = space.join(parts)
    *before, _, _ = split_points(text)
    at = 0
    for part in parts:
        if part in WHOLE or part in ("e\u0301", "👩\u200d👧"):
            inner = set(range(at + 1, at + len(part)))
            assert not any(inner & set(cuts) for cuts in before)
        at += len(part) + 1


@given(st.text(max_size=100), st.integers(0, 50), st.integers(0, 50))
def test_split_points_are_in_order_and_inside_the_text(text: str, start: int, length: int) -> None:
    for cuts in split_points(text, [(start, start + length)]):
        assert list(cuts) == sorted(set(cuts))
        assert all(0 < at < len(text) for at in cuts)
