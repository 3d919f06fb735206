"""Rules of a language file that apply to texts in all languages, tested with made-up words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from summsvc.languages import registry
from summsvc.languages.letters import letter_folds, to_latin
from summsvc.tasks.pipeline.splitting import clause_ends
from summsvc.tasks.quality.checks import lost_brackets
from summsvc.tasks.summarization.lexrank import DEMOTION, Candidate, rank
from summsvc.tasks.translation.term_patterns import Pattern, Patterns

LANGUAGE = r"""
calls_to_action = ['snarf(?:en|et)\b', 'glorb']
transliteration = { "ϸ" = "s", "ж" = "q" }

[clauses]
after_comma = "zam zor*"
without_comma = "zim"

[names]
letter_folds = { "ħ" = "h", "ß" = "ss" }
"""


@pytest.fixture
def made_up_language(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "zu.toml").write_text(LANGUAGE, "utf-8")
    registry.use(registry.load(tmp_path))
    yield
    registry.reset()


@pytest.fixture
def no_rules(tmp_path: Path) -> Iterator[None]:
    for code in ("en", "lt", "ru"):
        (tmp_path / f"{code}.toml").touch()
    registry.use(registry.load(tmp_path))
    yield
    registry.reset()


def clauses(text: str) -> list[list[str]]:
    """For each kind of clause end, what follows the offsets."""
    return [[text[at:] for at in ends] for ends in clause_ends(text)]


def relative_scores(texts: list[str]) -> list[float]:
    candidates = [Candidate(text) for text in texts]
    return list(rank(candidates, title="", language="en").scores)


def terms(text: str, term: str) -> list[str]:
    patterns = Patterns([Pattern(term, "x", kept=False, language="en")])
    return [text[start:end] for _, start, end in patterns.find(text, "en")]


TEXT = "Morda velk, zam tarni, zorbo rast, zambo selni zim durba, and velna"


def test_clause_words_without_the_file() -> None:
    _, after_comma, without_comma = clauses(TEXT)
    assert after_comma == ["and velna"]
    assert "zim durba, and velna" not in without_comma


@pytest.mark.usefixtures("made_up_language")
def test_clause_words_of_the_file_are_added_to_the_others() -> None:
    _, after_comma, without_comma = clauses(TEXT)
    assert [rest.split()[0] for rest in after_comma] == ["zam", "zorbo", "and"]
    assert "zim durba, and velna" in without_comma


@pytest.mark.usefixtures("no_rules")
def test_without_clause_words_only_punctuation_ends_a_clause() -> None:
    assert clauses("Morda; velk, and tarni and rast") == [
        ["velk, and tarni and rast"],
        [],
        ["and tarni and rast"],
    ]


CALLS = ["Morda velk tarni panko rast.", "Morda velk tarni panko snarfet."]


def test_calls_to_action_without_the_file() -> None:
    assert min(relative_scores(CALLS)) > DEMOTION


@pytest.mark.usefixtures("made_up_language")
def test_calls_to_action_of_the_file_are_demoted() -> None:
    first, second = relative_scores(CALLS)
    assert first == 1
    assert second <= DEMOTION


@pytest.mark.usefixtures("no_rules")
def test_without_patterns_no_sentence_is_a_call_to_action() -> None:
    scores = relative_scores(["Click here and read more now.", "Morda velk tarni panko rast."])
    assert min(scores) > DEMOTION


def test_transliteration_without_the_file() -> None:
    assert lost_brackets("x (Sarman)", "ϸarman") == ["Sarman"]


@pytest.mark.usefixtures("made_up_language")
def test_the_last_file_decides_the_transliteration_of_a_letter() -> None:
    assert lost_brackets("x (Sarman)", "ϸarman") == []
    assert "жф".translate(to_latin()) == "qf"


@pytest.mark.usefixtures("no_rules")
def test_without_transliteration_letters_stay_as_they_are() -> None:
    assert "жž".translate(to_latin()) == "жž"
    assert "Ёё".translate(letter_folds()) == "Ёё"


def test_packaged_folds_and_transliteration() -> None:
    assert "Ёлка ёж".translate(letter_folds()) == "Елка еж"
    assert "хелсинки žūvų wqky".translate(to_latin()) == "helsinki zuvu vkki"


@pytest.mark.usefixtures("made_up_language")
def test_letter_folds_apply_to_glossary_terms_in_both_cases() -> None:
    assert terms("The ħal and the Ħal.", "hal") == ["ħal", "Ħal"]
    assert terms("The strasse.", "straße") == ["strasse"]
