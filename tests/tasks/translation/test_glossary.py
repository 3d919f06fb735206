"""Terms are found in any form, and reported by whether the output has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.translation import glossary
from summsvc.tasks.translation.glossary import Terms, around
from summsvc.tasks.translation.term_uses import uses


def found(text: str, *glossary: tuple[str, str], language: str = "en") -> list[str]:
    return [text[each.start : each.end] for each in Terms.of((), glossary, language).find(text)]


def kept(text: str, *terms: str) -> list[str]:
    return [text[each.start : each.end] for each in Terms.of(terms, (), "en").find(text)]


@pytest.mark.parametrize(
    ("language", "term", "text", "matches"),
    [
        ("en", "prison", "Prisons closed; a prison opened.", ["Prisons", "prison"]),
        ("en", "prison", "The imprisoned left.", []),
        ("ru", "тюрьма", "Из тюрьмы в тюрьму.", ["тюрьмы", "тюрьму"]),
        ("lt", "kalinys", "Paleisti kaliniai.", ["kaliniai"]),
        ("en", "oil price", "The oil prices rose.", ["oil prices"]),
        ("en", "oil price", "The oil, prices rose.", []),
        ("en", "EU", "The EU and eu.", ["EU"]),
        ("en", "US", "The US told us; it is the US's.", ["US", "US's"]),
        ("en", "Vilnius", "Vilnius’s mayor left VILNIUS, not vilnius.", ["Vilnius’s", "VILNIUS"]),
        ("ru", "Вильнюс", "Он был в Вильнюсе.", ["Вильнюсе"]),
        ("lt", "Vilnius", "Jis gyvena Vilniuje.", ["Vilniuje"]),
        ("ru", "Европейский союз", "Страны Европейского союза.", ["Европейского союза"]),
        ("ru", "самолёт", "Самолеты сели.", ["Самолеты"]),
        ("en", "C++", "C++, not C+ or xC++.", ["C++"]),
        ("en", "U.S.", "The U.S. left; U.S.A. did not.", ["U.S."]),
    ],
)
def test_inflected_forms_match(language: str, term: str, text: str, matches: list[str]) -> None:
    assert found(text, (term, "x"), language=language) == matches


@pytest.mark.parametrize(
    ("term", "text", "matches"),
    [
        ("NATO", "NATO's plan, not NATOs or Nato.", ["NATO"]),
        ("strike", "Strike or strike, not strikes.", ["Strike", "strike"]),
        ("AT&T", "AT&T and T&A.", ["AT&T"]),
        (".NET", "On .NET, not ASP.NET.", [".NET"]),
        ("F-16", "An F-16 and an F16.", ["F-16"]),
        ("a.b", "a.b and axb", ["a.b"]),
        ("++", "a ++ b", []),
    ],
)
def test_protected_terms_match_as_they_are(term: str, text: str, matches: list[str]) -> None:
    assert kept(text, term) == matches


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (
            "See https://example.org/a?b=1, or write to a.b@example.org.",
            ["https://example.org/a?b=1", "a.b@example.org"],
        ),
        ("Ask @some_one about #MeToo, not #1 or a@ b.", ["@some_one", "#MeToo"]),
        (r"In /etc/passwd and C:\Temp\a.txt, and/or km/h.", ["/etc/passwd", r"C:\Temp\a.txt"]),
        ("Call +370 600 12345 by 2025-2026.", ["+370 600 12345"]),
        ("Commit 1f739ae4bc0d of 123456789012.", ["1f739ae4bc0d"]),
        (
            "Id 123e4567-e89b-12d3-a456-426614174000.",
            ["123e4567-e89b-12d3-a456-426614174000"],
        ),
    ],
)
def test_addresses_are_always_protected(text: str, matches: list[str]) -> None:
    assert found(text) == matches


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("You have %d of %s, %1$s, %(name)s, %ld, %@ or %.2f.",
         ["%d", "%s", "%1$s", "%(name)s", "%ld", "%@", "%.2f"]),
        ("Hello {name}, {0} {} {user.name} {items[0]} %{count} ${x} #{y}",
         ["{name}", "{0}", "{}", "{user.name}", "{items[0]}", "%{count}", "${x}", "#{y}"]),
        ("{% if a == 1 %}yes{% endif %}{{ user.name|title }}{{x}}",
         ["{% if a == 1 %}", "{% endif %}", "{{ user.name|title }}", "{{x}}"]),
        ("Great :smile: and :+1: no", [":smile:"]),
        ("$AAPL and $BRK.B rose to $5 or US$40.", ["$AAPL", "$BRK.B"]),
        ("50% of 5%d, 100 %de, at 10:30:45, a:b:c, {two words}, %, {, $", []),
    ],
)  # fmt: skip
def test_placeholders_are_always_protected(text: str, matches: list[str]) -> None:
    assert found(text) == matches


@pytest.mark.parametrize(
    ("source", "output", "applied"),
    [
        ("{count}x", "{count}кг", True),
        ("USD${count} a#{b}", "USD${count} а#{b}", True),
        ("{% if x %}Hi{% endif %}", "{% if x %}Да{% endif %}", True),
        ("to %s", "к %s", True),
        ("to %s", "к %sов", False),
        ("@user", "к @users", False),
    ],
)
def test_a_placeholder_may_stand_next_to_a_letter(
    source: str, output: str, *, applied: bool
) -> None:
    matches = Terms.of((), (), "en").find(source)
    assert all(use.applied for use in uses(matches, output, "ru")) is applied


def test_the_longest_term_wins() -> None:
    text = "The European Union met."
    assert found(text, ("European", "a"), ("European Union", "b")) == ["European Union"]


def test_the_first_of_two_entries_for_a_term_counts_and_protection_before_both() -> None:
    glossary = [("mayor", "a"), ("mayor", "b")]
    assert [each.target for each in Terms.of((), glossary, "en").find("The mayors.")] == ["a"]
    assert [each.target for each in Terms.of(["Mayor"], glossary, "en").find("Mayor")] == ["Mayor"]


@pytest.mark.parametrize(
    ("target", "term", "output", "applied"),
    [
        ("ru", "Вильнюс", "Он был в Вильнюсе.", True),
        ("ru", "Вильнюс", "Он был в Риге.", False),
        ("ru", "договор", "НАТО подписало Договор.", True),
        ("lt", "meras", "Jis susitiko su meru.", True),
        ("ru", "кот", "который", False),
    ],
)
def test_a_target_may_be_inflected(target: str, term: str, output: str, applied: bool) -> None:
    matches = Terms.of((), [("word", term)], "en").find("A word.")
    assert [use.applied for use in uses(matches, output, target)] == [applied]


def test_a_protected_term_must_be_in_the_output_as_it_is() -> None:
    matches = Terms.of(["NATO"], (), "en").find("NATO met.")
    for output, applied in (("NATO susitiko.", True), ("Nato susitiko.", False), ("NATOs", False)):
        assert [use.applied for use in uses(matches, output, "lt")] == [applied]


def test_a_term_must_be_in_the_output_as_often_as_in_the_source() -> None:
    matches = Terms.of(["NATO"], (), "en").find("NATO met NATO.")
    assert [use.applied for use in uses(matches, "NATO.", "lt")] == [True, False]


def test_text_around_terms_joins_to_the_text() -> None:
    text = "NATO signed a treaty."
    matches = Terms.of(["NATO", "treaty"], (), "en").find(text)
    assert around(text, matches) == ["", " signed a ", "."]


@given(st.from_regex(glossary._AUTOMATIC))
def test_every_automatic_term_meets_the_necessary_condition(text: str) -> None:
    assert glossary._HINT.search(text)
