"""Letter case of segments: recognized, changed to sentence case, and restored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.tasks.translation.letter_case import (
    LetterCase,
    UsualForms,
    case_of,
    in_case,
    is_copied,
    sentence_case,
)

ARTICLE = UsualForms(
    [
        "The talks between Belarus and the US envoy John Coale went on.",
        "NATO said that Lukashenko's guards left.",
        "U.S. officials met the EU.",
        "A TEXT IN CAPITALS SHOWS NO FORMS",
        "Another Text In Title Case Shows None",
    ]
)

CASES = {
    LetterCase.CAPITALS: [
        "BREAKING NEWS", "WEATHER", "ПОСЛЕДНИЕ НОВОСТИ", "123 ŽMONĖS LAISVĖJE", "A B C D E",
    ],
    LetterCase.TITLE: [
        "Human Rights and International Relations",
        "Belarus Releases 123 Prisoners Amid US Sanction Relief",
        "Мэр Города Ушёл",
        "Students Protest Against Higher Fees",
    ],
    LetterCase.MIXED: [
        "NATO", "", "2025", "The mayor met him.", "Elon Musk", "Mayor of New York City leaves",
        "東京で会議", "iPhone", "Belarus and Russia", "Vyriausybė paleido 123 kalinius",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("case", "text"), [(case, text) for case, texts in CASES.items() for text in texts]
)
def test_the_case_of_a_text(case: LetterCase, text: str) -> None:
    assert case_of(text) is case


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BELARUS RELEASES 123 PRISONERS", "Belarus releases 123 prisoners"),
        ("JOHN COALE MEETS LUKASHENKO'S ENVOY", "John Coale meets Lukashenko's envoy"),
        ("BBC NEWS ON COVID-19", "BBC news on COVID-19"),
        ("NEW U.S. PLAN FOR NATO, SAYS EU", "New U.S. plan for NATO, says EU"),
        ("UNESCO MEETS IN PARIS", "UNESCO meets in paris"),
        ("Talks With Belarus Go On, Says US Envoy", "Talks with Belarus go on, says US envoy"),
        ("New iPhone Models From McDonald And IBM", "New iPhone models from McDonald and IBM"),
        ("“A SHORT QUOTE,” HE SAID", "“A short quote,” he said"),
    ],
)
def test_names_and_acronyms_keep_their_capitals(text: str, expected: str) -> None:
    assert sentence_case(text, case_of(text), "en", ARTICLE) == expected


def test_kept_spans_stay_as_they_are() -> None:
    text = "SEE HTTPS://A.ORG/B NOW"
    assert sentence_case(text, LetterCase.CAPITALS, "en", ARTICLE, [(4, 19)]) == (
        "See HTTPS://A.ORG/B now"
    )
    assert sentence_case(text, LetterCase.CAPITALS, "en", ARTICLE, [(0, 3)])[:3] == "SEE"


@pytest.mark.parametrize(
    ("text", "case", "language", "expected"),
    [
        ("Мосты закрыты для {name}", LetterCase.CAPITALS, "ru", "МОСТЫ ЗАКРЫТЫ ДЛЯ {name}"),
        ("Tiltai uždaryti", LetterCase.CAPITALS, "lt", "TILTAI UŽDARYTI"),
        ("Права человека в мире", LetterCase.TITLE, "ru", "Права Человека в Мире"),
        ("В мире и на море", LetterCase.TITLE, "ru", "В Мире и на Море"),
        ("Human rights in the world", LetterCase.TITLE, "en", "Human Rights in the World"),
        ("Мосты закрыты", LetterCase.MIXED, "ru", "Мосты закрыты"),
    ],
)
def test_a_translation_gets_the_case_of_its_source(
    text: str, case: LetterCase, language: str, expected: str
) -> None:
    assert in_case(text, case, language, ["{name}"]) == expected


@pytest.mark.parametrize(
    ("source", "copied"),
    [
        ("BREAKING NEWS", True),
        ("VILNIUS", False),
        ("NATO", False),
        ("Students Protest Higher Fees", True),
        ("New York Times", False),
        ("Elon Musk", False),
        ("The mayor met him.", False),
    ],
)
def test_a_copy_of_several_words_may_not_be_a_name(source: str, *, copied: bool) -> None:
    assert is_copied(source, source.title()) is copied
    assert not is_copied(source, "Перевод текста")


@given(st.text(), st.sampled_from(LetterCase))
def test_any_text_keeps_its_letters(text: str, case: LetterCase) -> None:
    changed = sentence_case(text, case, "en", UsualForms([text]))
    assert len(changed) == len(text)
    assert changed.casefold() == text.casefold() or not text.isascii()
    assert in_case(text, LetterCase.MIXED, "ru") == text
    in_case(text, case, "ru", [text[:2]] if text[:2] else [])
