"""Whose full stop it is: the abbreviation's or the sentence's."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from summsvc.articles.abbreviations import AbbreviationRules, Stop, continues, rules_of
from summsvc.languages.language import Abbreviations
from summsvc.languages.registry import packaged


def stop(text: str) -> Stop:
    """The only "." followed by a space in the text, as a full stop."""
    (match,) = re.finditer(r"(\S+)\. (–?) ?(\w*)", text)
    sentence = text[: match.start()]
    return Stop(text, match[1], match[3], match.start(3), sentence, True, bool(match[2]))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "He met Dr. Smith", True),
        ("en", "He met the dr. Smith", False),
        ("en", "We go to plan B. The first failed", False),
        ("en", "He read No. 7", True),
        ("en", "He said no. Nobody came", False),
        ("ru", "В 2024 г. Москва выросла", True),
        ("ru", "Он жил в Six Flags St. Louis", True),
        ("lt", "2024 m. Vilniuje lijo", True),
        ("de", "Das ist Dr. Meier", False),
        ("", "At 5 p.m. Nobody came", True),
    ],
)
def test_a_full_stop_is_the_abbreviations_own_or_not(
    language: str, text: str, expected: bool
) -> None:
    assert continues(stop(text), rules_of(language)) is expected


def test_every_list_is_used_by_a_language() -> None:
    entries = [language.abbreviations for language in packaged().all()]
    for field in fields(Abbreviations):
        assert any(getattr(entry, field.name) for entry in entries), field.name


def test_a_language_without_a_file_has_no_lists_but_the_companies() -> None:
    rules = rules_of("de")
    assert rules.own == Abbreviations()
    assert rules == AbbreviationRules(Abbreviations(), None, rules_of("en").companies)
