"""Terms are found where they stand, in any form, and reported by what the output says."""

from __future__ import annotations

import pytest

from summsvc.tasks.terms import Terms, around, uses


def found(text: str, *glossary: tuple[str, str], language: str = "en") -> list[str]:
    return [text[each.start : each.end] for each in Terms.of((), glossary, language).find(text)]


@pytest.mark.parametrize(
    ("language", "term", "text", "matches"),
    [
        ("en", "prison", "Prisons closed; a prison opened.", ["Prisons", "prison"]),
        ("en", "prison", "The imprisoned left.", []),
        ("ru", "тюрьма", "Из тюрьмы в тюрьму.", ["тюрьмы", "тюрьму"]),
        ("lt", "kalinys", "Paleisti kaliniai.", ["kaliniai"]),
        ("en", "oil price", "The oil prices rose.", ["oil prices"]),
        ("en", "EU", "The EU and eu.", ["EU"]),
    ],
)
def test_inflected_forms_match(language: str, term: str, text: str, matches: list[str]) -> None:
    assert found(text, (term, "x"), language=language) == matches


def test_addresses_are_always_protected() -> None:
    text = "See https://example.org/a?b=1, or write to a.b@example.org."
    assert found(text) == ["https://example.org/a?b=1", "a.b@example.org"]


def test_the_longest_term_wins() -> None:
    text = "The European Union met."
    assert found(text, ("European", "a"), ("European Union", "b")) == ["European Union"]


def test_what_is_reported_is_what_the_output_says() -> None:
    matches = Terms.of(["NATO"], [("treaty", "договор")], "en").find("NATO signed a treaty.")
    assert [use.applied for use in uses(matches, "NATO подписало соглашение.")] == [True, False]
    assert [use.applied for use in uses(matches, "НАТО подписало Договор.")] == [False, True]


def test_stretches_around_terms_are_the_text() -> None:
    text = "NATO signed a treaty."
    matches = Terms.of(["NATO", "treaty"], (), "en").find(text)
    assert around(text, matches) == ["", " signed a ", "."]
