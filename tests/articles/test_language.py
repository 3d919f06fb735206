"""Language identification: sure, unsure, refused, contradicted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from summsvc.articles import language
from summsvc.errors import LanguageUndeterminedError, LanguageUnknownError
from summsvc.types import WarningType

TEXTS = {
    "en": "The council met on Monday evening to discuss the new bridge over the river.",
    "ru": "Городской совет собрался вечером, чтобы обсудить новый мост через реку.",
    "lt": "Miesto taryba vakare susirinko aptarti naujo tilto per upę statybos.",
    "de": "Der Stadtrat traf sich am Abend, um über die neue Brücke zu sprechen.",
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_is_enough(code: str) -> None:
    found, warnings = language.identify(TEXTS[code])
    assert (found.code, found.identified, warnings) == (code, True, ())
    assert 0.95 <= found.confidence <= 1


@pytest.mark.parametrize("text", [*TEXTS.values(), "OK", "Новая столица Казахстана"])
def test_the_likeliest_language_is_the_one_guessed(text: str) -> None:
    assert language.likeliest(text) == language.guess(text)[0]


@pytest.mark.parametrize("text", ["123 456", "", "😀 \0 x"])
def test_no_language_is_the_likeliest_of_no_letters(text: str) -> None:
    assert (language.likeliest(text), language.guess(text)) == ("und", ("", 0.0))


@pytest.mark.parametrize("text", ["OK", "123 456", "", "😀", "Taip.", "Да", "Hello world", "2025"])
def test_too_little_text_is_refused_not_guessed(text: str) -> None:
    with pytest.raises(LanguageUndeterminedError) as caught:
        language.identify(text)
    assert caught.value.field == "article.language_code"
    assert "article.language_code" in caught.value.message


def test_an_unsure_answer_carries_a_warning() -> None:
    found, (warning,) = language.identify("Новая столица Казахстана")
    assert language.REFUSE_BELOW <= found.confidence < language.WARN_BELOW
    assert warning.type is WarningType.LANGUAGE_UNCERTAIN


def test_a_declared_language_holds_and_is_contradicted() -> None:
    found, (warning,) = language.identify(TEXTS["lt"], "en-GB")
    assert (found.code, found.confidence, found.identified) == ("en", 1.0, False)
    assert warning.type is WarningType.LANGUAGE_MISMATCH
    assert "'lt'" in warning.message


def test_a_declared_language_is_believed_where_little_speaks_against_it() -> None:
    assert language.identify("Nein", "en")[1] == ()
    assert language.identify(TEXTS["ru"], "ru")[1] == ()


@pytest.mark.parametrize(
    ("code", "expected"),
    [("en", "en"), ("EN-us", "en"), ("lt_LT", "lt"), (" ru ", "ru"), ("zh-Hant-TW", "zh")],
)
def test_codes_are_normalized(code: str, expected: str) -> None:
    assert language.normalize_code(code, field="x") == expected


@pytest.mark.parametrize(
    "code", ["", "xx", "english", "e", "en-", "en us", "-en", "12", "en\n-", "q" * 999, "eng"]
)
def test_unknown_codes_are_refused_with_the_field(code: str) -> None:
    with pytest.raises(LanguageUnknownError) as caught:
        language.normalize_code(code, field="target_language_code")
    assert caught.value.field == "target_language_code"
    assert len(caught.value.message) < 500


def test_threads_agree() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(language.identify, list(TEXTS.values()) * 100))
    assert [each.code for each, _ in found] == list(TEXTS) * 100
