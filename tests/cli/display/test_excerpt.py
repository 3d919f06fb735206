"""Excerpts of a text around a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.cli.display.excerpt import ELLIPSIS, excerpt
from summsvc.types import Span

TEXT = "First line.\nThe second line has 123 prisoners in it.\nThird."


def underlined(text: str, span: Span, columns: int) -> tuple[str, str]:
    """The line, and the part of it that is underlined."""
    found = excerpt(text, span, columns)
    assert found is not None
    return found.text, found.text[found.start : found.end]


def test_a_short_line_is_shown_whole() -> None:
    start = TEXT.index("123")
    found = excerpt(TEXT, Span(start, start + 3), 60)
    assert found is not None
    assert (found.line, found.more_lines) == (2, 0)
    assert found.text == TEXT.splitlines()[1]
    assert found.text[found.start : found.end] == "123"


def test_a_long_line_is_clipped_around_the_place() -> None:
    line = f"{'before ' * 30}HERE{' after' * 30}"
    start = line.index("HERE")
    shown, place = underlined(line, Span(start, start + 4), 40)
    assert place == "HERE"
    assert len(shown) == 40
    assert shown.startswith(ELLIPSIS)
    assert shown.endswith(ELLIPSIS)


def test_a_place_longer_than_the_columns_is_clipped() -> None:
    shown, place = underlined("x" * 500, Span(100, 400), 40)
    assert len(shown) == 40
    assert 20 <= len(place) <= 40


def test_a_place_of_several_lines_says_how_many_follow() -> None:
    found = excerpt(TEXT, Span(0, len(TEXT)), 60)
    assert found is not None
    assert (found.line, found.text, found.more_lines) == (1, "First line.", 2)
    assert found.text[found.start : found.end] == "First line."


@pytest.mark.parametrize("span", [Span(5, 500), Span(400, 500), Span(9, 5)])
def test_a_place_outside_of_the_text_has_no_excerpt(span: Span) -> None:
    assert excerpt(TEXT, span, 60) is None


@given(st.text(alphabet="ab \n\t\r\x1bž東", max_size=120), st.data())
def test_an_excerpt_fits_and_begins_at_the_place(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    columns = data.draw(st.integers(10, 60))
    found = excerpt(text, Span(start, end), columns)
    assert found is not None
    assert len(found.text) <= columns
    assert not {"\n", "\x1b", "\t"} & set(found.text)
    assert found.line == text[:start].count("\n") + 1
    assert 0 <= found.start < found.end <= columns + 1
    character = text[start : start + 1]
    if character in "abž東" and character and found.start < len(found.text):
        assert found.text[found.start] in (character, ELLIPSIS)
