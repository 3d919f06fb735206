"""Lists, tables, code and transliterated text get no sure language; running text does."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.articles import running_text
from summsvc.articles.reader import read
from summsvc.errors import LanguageUndeterminedError
from summsvc.types import Article, WarningType

DATA = Path(__file__).parents[1] / "data"
LANGUAGES = ("en", "ru", "lt")


def examples(name: str) -> list[str]:
    lines = (DATA / name).read_text("utf-8").splitlines()[1:]
    return [line.replace(" | ", "\n") for line in lines]


def sure_language(text: str) -> str:
    """The language of a text without a warning about it, else ""."""
    try:
        document = read(Article("", text))
    except LanguageUndeterminedError:
        return ""
    kinds = {each.type for each in document.warnings}
    unsure = {WarningType.LANGUAGE_UNCERTAIN, WarningType.OTHER_LANGUAGE_PART}
    return "" if kinds & unsure else document.language.code


@pytest.mark.parametrize(
    "name",
    [
        "transliterated.ru",
        "code",
        *(f"{kind}.{code}" for kind in ("names", "scores", "tables") for code in LANGUAGES),
    ],
)
def test_what_is_no_running_text_has_no_sure_language(name: str) -> None:
    texts = examples(f"language/{name}.txt")
    sure = [text for text in texts if sure_language(text)]
    assert len(texts) == 40
    assert len(sure) <= 2, sure


def test_lithuanian_without_accents_is_lithuanian() -> None:
    texts = examples("language/unaccented.lt.txt")
    assert [sure_language(text) for text in texts] == ["lt"] * 40


@pytest.mark.parametrize("code", LANGUAGES)
def test_news_with_foreign_names_and_quotations_has_a_sure_language(code: str) -> None:
    texts = [*examples(f"language/quotes.{code}.txt"), *examples(f"encoding/news.{code}.txt")]
    assert [sure_language(text) for text in texts] == [code] * 40


def test_an_uncertain_language_says_why() -> None:
    document = read(Article("", examples("language/transliterated.ru.txt")[0]))
    (warning,) = document.warnings
    assert document.language.confidence == 0.8
    assert "has no accented letter, like a transliteration" in warning.message


def test_a_language_that_the_caller_names_is_not_doubted() -> None:
    assert read(Article("", examples("language/tables.ru.txt")[0], "ru")).warnings == ()


@pytest.mark.parametrize("text", ["", "OK", "12 34 56 78", "Vilnius", "ABC DEF"])
def test_little_text_is_not_doubted_for_its_words(text: str) -> None:
    assert running_text.doubt(text, "lt") in ("", "is mostly figures")


@pytest.mark.parametrize(
    "text",
    [
        "MAYOR OPENS NEW BRIDGE OVER THE RIVER AFTER THE STORM AND IN THE RAIN",
        "Mayor Opens New Bridge over the River, and the Town Is Glad of It",
    ],
)
def test_headlines_in_capitals_are_running_text(text: str) -> None:
    assert running_text.doubt(text, "en") == ""
