"""Which terms an output has where terms overlap or are equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.translation.glossary import Terms
from summsvc.tasks.translation.term_uses import uses


@pytest.mark.parametrize(
    ("source", "terms", "output", "lost"),
    [
        # One inside another.
        ("The New York Times.", ["New York", "New York Times"], "В New York Times.", []),
        ("New York read the New York Times.", ["New York", "New York Times"],
         "New York читал New York Times.", []),
        ("New York read the New York Times.", ["New York", "New York Times"],
         "Читали New York Times.", ["New York"]),
        ("New York read the New York Times.", ["New York", "New York Times"],
         "New York Times читали New York Times.", []),
        ("Times, New York, New York Times.", ["Times", "New York", "New York Times"],
         "New York Times, Times, New York.", []),
        # One that begins in another.
        ("Bank of New York City Hall.", ["Bank of New York", "New York City Hall"],
         "Bank of New York City Hall", []),
        ("Bank of New York; New York City.", ["Bank of New York", "New York City"],
         "Bank of New York City", ["New York City"]),
        ("A B C D.", ["A B C", "C D"], "A B C D", []),
        ("A B C D; C D.", ["A B C", "C D"], "C D; A B C D", []),
        # Next to each other, equal, and in itself.
        ("NATO EU EU NATO.", ["NATO", "EU"], "NATO EU и EU NATO", []),
        ("NATO NATO.", ["NATO", "NATO "], "NATO NATO", []),
        ("Aba aba aba.", ["aba aba"], "Aba aba aba", []),
        ("x a a.", ["x a", "a a"], "x a a", []),
    ],
)  # fmt: skip
def test_overlapping_terms_in_an_output(
    source: str, terms: list[str], output: str, lost: list[str]
) -> None:
    found = Terms.of(terms, (), "en").find(source)
    assert [each.target for each in uses(found, output, "ru") if not each.applied] == lost


@pytest.mark.parametrize(
    ("output", "applied"),
    [
        ("NATO и NATO", [True, True]),
        ("Без NATO нет NATO’s", [True, True]),
        ("Один NATO", [True, False]),
        ("NATO’s", [False, True]),
    ],
)
def test_a_protected_term_that_is_also_the_target_of_another_one(
    output: str, applied: list[bool]
) -> None:
    found = Terms.of(["NATO"], [("alliance", "NATO")], "en").find("NATO is an alliance.")
    assert [each.applied for each in uses(found, output, "ru")] == applied


def test_a_target_inside_another_target_is_counted_apart() -> None:
    glossary = [("Times", "Таймс"), ("New York Times", "Нью-Йорк Таймс")]
    found = Terms.of((), glossary, "en").find("The Times and the New York Times.")
    for output, applied in (
        ("«Нью-Йорк Таймс».", [False, True]),
        ("«Таймс» и «Нью-Йорк Таймс».", [True, True]),
        ("«Таймс» и «Таймс».", [True, False]),
    ):
        assert [each.applied for each in uses(found, output, "ru")] == applied


@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=12),
    st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4), max_size=8),
)
def test_an_equal_output_has_all_protected_terms(words: list[str], terms: list[list[str]]) -> None:
    text = " ".join(words)
    found = Terms.of([" ".join(term) for term in terms], (), "en").find(text)
    assert all(each.applied for each in uses(found, text, "en"))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("See xwww.example.org] now.", "xwww.example.org"),
        ("Источникhttps://example.org/a (x).", "Источникhttps://example.org/a"),
    ],
)
def test_an_address_within_a_word_is_found_in_an_equal_output(text: str, term: str) -> None:
    found = Terms.of([], (), "ru").find(text)
    assert [each.source for each in found] == [term]
    assert all(each.applied for each in uses(found, text, "ru"))
