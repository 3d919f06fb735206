"""Quotations and brackets, and the stops inside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles.enclosures import MAX_CODE_POINTS, Enclosing, Enclosure, enclosures


def found(text: str) -> list[str]:
    ordered = sorted(enclosures(text), key=lambda each: each.opening)
    return [text[each.opening : each.closing + 1] for each in ordered]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (b) c [d]", ["(b)", "[d]"]),
        ("«a „b“ c»", ["«a „b“ c»", "„b“"]),
        ("“a” and „b” and „c“", ["“a”", "„b”", "„c“"]),
        ('"a," he said. "b"', ['"a,"', '"b"']),
        ("(a (b) c)", ["(a (b) c)", "(b)"]),
        ("a) b ( c", []),
        (f"({'a' * MAX_CODE_POINTS})", []),
        ("“ a „ b", []),
    ],
)
def test_pairs(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("The quiz «Who. Where?» is closed", True),
        ("The plan (it was dear. Nobody liked it) failed", True),
        ("(It was dear. Nobody liked it) failed", False),
        ("“We lost. We won,” he said", True),
        (f"“We lost. {'We won and ' * 9}went,” he said", False),
        (f"“We… {'We won and ' * 9}went,” he said", True),
        (f"He said: “We lost. {'We won and ' * 9}went” and left", False),
        (f"The law “On roads etc. {'Roads and ' * 9}more” Nobody read", True),
        (f"The law “On roads etc. {'Roads and ' * 9}more.” Nobody read", False),
        ("It is over. We won", False),
    ],
)
def test_stop_inside(text: str, joined: bool) -> None:
    at = next(i for i, char in enumerate(text) if char in ".…")
    assert Enclosing(text).joins(0, at, at + 1) is joined


@given(st.text(alphabet='()[]«»„“”" ab.', max_size=60))
def test_pairs_are_ordered_and_of_two_marks(text: str) -> None:
    pairs = {("(", ")"), ("[", "]"), ("«", "»"), ("“", "”"), ("„", "“"), ("„", "”"), ('"', '"')}
    every = list(enclosures(text))
    assert all((text[each.opening], text[each.closing]) in pairs for each in every)
    assert all(each.opening < each.closing for each in every)
    assert len({each.opening for each in every} | {each.closing for each in every}) == 2 * len(
        every
    )
    assert sorted(every, key=lambda each: each.closing) == every
    assert all(isinstance(each, Enclosure) for each in every)
