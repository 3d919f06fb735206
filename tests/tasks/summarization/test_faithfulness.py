"""Faithfulness: unsupported claims are reported, and no sentence of the article itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles.reader import read
from summsvc.tasks.summarization.faithfulness import Support
from summsvc.types import Article
from tests.checkpoints.article import ARTICLE

COLUMNS = {"en": 0, "ru": 1, "lt": 2}


def support(language: str) -> Support:
    return Support([triple[COLUMNS[language]] for triple in ARTICLE], language)


def claims(sentence: str, language: str = "en") -> list[str]:
    return [claim.text for claim in support(language).unsupported(sentence)]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Americans freed one hundred twenty-three people, the EU said."),
        ("en", "The United States lifted sanctions; Belarusians rejoiced."),
        ("en", "Officials and witnesses confirmed that Mrs Kolesnikova is free."),
        ("en", "In 2020, Lukashenko's police met the protests."),
        ("ru", "Колесникова и Беляцкого освободил Лукашенко."),
        ("ru", "Беларусь отпустила сто двадцать три человека; их ждут в Вильнюсе."),
        ("ru", "Коула и Беляцкого видели в США."),
        ("lt", "Vilniaus minia laukė Lukašenkos ir Kolesnikovai padėjusio Coale’o."),
        ("lt", "Baltarusijoje paleisti 123 žmonės, pranešė JAV."),
    ],
)
def test_inflected_and_rewritten_claims_are_supported(language: str, sentence: str) -> None:
    assert claims(sentence, language) == []


@pytest.mark.parametrize(
    ("language", "sentence", "expected"),
    [
        ("en", "Merkel met 456 people in Riga.", ["Merkel", "456", "Riga"]),
        ("en", "Angela Merkel met Maria Kolesnikova in 1994.", ["Angela Merkel", "1994"]),
        ("en", "The release was welcomed by NATO.", ["NATO"]),
        ("en", "Belarus freed twenty prisoners.", ["twenty"]),
        ("en", "It cost 123 million dollars.", ["123 million"]),
        ("ru", "Колесникову встретил Макрон в Варшаве.", ["Макрон", "Варшаве"]),
        ("ru", "Освобождены 132 человека.", ["132"]),
        ("lt", "Kolesnikova išvyko į Rygą su 45 žmonėmis.", ["Rygą", "45"]),
    ],
)
def test_invented_claims_are_found_with_their_span(
    language: str, sentence: str, expected: list[str]
) -> None:
    found = support(language).unsupported(sentence)
    assert [claim.text for claim in found] == expected
    assert [sentence[claim.start : claim.end] for claim in found] == expected


@pytest.mark.parametrize(
    ("article", "sentence", "language", "expected"),
    [
        ("The navy will sell 4 old ships.", "Four ships will be sold.", "en", []),
        ("The navy will sell 4 old ships.", "Forty ships will be sold.", "en", ["Forty"]),
        ("Флот продаст 4 корабля.", "Четыре корабля будут проданы.", "ru", []),
        ("Флот продаст 4 корабля.", "Сорок кораблей будут проданы.", "ru", ["Сорок"]),
        ("Поезд едет в Уфу.", "Вчера в Уфе шёл снег, Уфа ждёт.", "ru", []),
        ("Поезд едет в Уфу.", "Вчера в Оше шёл снег.", "ru", ["Оше"]),
        ("Jie plaukė į Ūlą.", "Prie Ūla vadinamos upės stovi namas.", "lt", []),
    ],
)
def test_number_words_are_not_names_and_short_names_are_inflected(
    article: str, sentence: str, language: str, expected: list[str]
) -> None:
    found = Support([article], language).unsupported(sentence)
    assert [claim.text for claim in found] == expected


@pytest.mark.parametrize(
    ("sentence", "language", "expected"),
    [
        ("Meteors fell there.", "en", ["Meteors"]),
        ("Утопающих вынесло на берег.", "ru", []),
        ("Ангела Меркель приехала.", "ru", ["Ангела Меркель"]),
        ("МАГАТЭ не ответило.", "ru", ["МАГАТЭ"]),
        ("Nubudęs žmogus išėjo.", "lt", []),
        ("Angela Merkel atvyko.", "lt", ["Angela Merkel"]),
    ],
)
def test_single_first_words_are_reported_in_english_only(
    sentence: str, language: str, expected: list[str]
) -> None:
    assert claims(sentence, language) == expected


@pytest.mark.parametrize("language", COLUMNS)
def test_every_sentence_of_the_article_is_supported(language: str) -> None:
    for triple in ARTICLE:
        assert claims(triple[COLUMNS[language]], language) == []


BODIES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=300)
WORDS = st.lists(
    st.sampled_from("Merkel’s U.S. EU two 1 000 -20 2014 млн Её й. O'Neil “Да XIX".split())
).map(" ".join)


@given(BODIES | WORDS, st.sampled_from(["en", "ru", "lt", "de"]))
def test_any_article_supports_its_own_segments(body: str, language: str) -> None:
    document = read(Article("", f"Title. {body}", language), keep_boilerplate=True)
    of = Support.of(document)
    assert [of.unsupported(segment.text) for segment in document.segments] == [
        [] for _ in document.segments
    ]


def test_the_title_is_part_of_the_support() -> None:
    document = read(Article("Merkel in Riga", "The talks will continue on Monday.", "en"))
    assert Support.of(document).unsupported("The talks in Riga continue, Merkel said.") == []


def test_german_nouns_are_not_names() -> None:
    of = Support(["Die Regierung tagt in Berlin."], "de")
    assert of.unsupported("Die Minister trafen sich im Schloss.") == []
    assert [claim.text for claim in of.unsupported("Die NATO sprach mit 30 Ministern.")] == [
        "NATO", "30",
    ]  # fmt: skip
