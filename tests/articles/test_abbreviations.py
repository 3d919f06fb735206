"""Whose full stop it is: the abbreviation's or the sentence's."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from importlib.resources import files

import pytest

from summsvc.articles.abbreviations import Stop, Words, continues, words_of


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
    assert continues(stop(text), words_of(language)) is expected


def test_every_list_of_the_file_is_one_that_is_used() -> None:
    lists = tomllib.loads(files("summsvc.articles").joinpath("abbreviations.toml").read_text())
    assert set(lists) == {"en", "ru", "lt"}
    names = {field.name for field in fields(Words)}
    assert {name for each in lists.values() for name in each} == names
    assert words_of("de") == Words()
