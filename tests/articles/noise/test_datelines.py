"""Datelines in sentences of their own before the text of a report."""

from __future__ import annotations

import pytest

from summsvc.articles.reader import read
from summsvc.types import Article, SegmentKind

STORY = {
    "en": "The storm left the town on Monday. The trams run again.",
    "ru": "Шторм ушёл из города в понедельник. Трамваи ходят снова.",
    "lt": "Audra pirmadienį paliko miestą. Tramvajai vėl važiuoja.",
}


def sentences(text: str, language: str) -> list[str]:
    """What may become a part of a summary."""
    body = read(Article("A title", text, language)).body
    return [each.text for each in body if each.kind is SegmentKind.SENTENCE]


@pytest.mark.parametrize(
    ("language", "dateline"),
    [
        ("ru", "МОСКВА, 5 мая. /ТАСС/."),
        ("ru", "МИНСК, 5 мая /БелТА/."),
        ("ru", "САНКТ-ПЕТЕРБУРГ, 5 мая — РИА Новости."),
        ("lt", "Vilnius, gegužės 5 d. (BNS)."),
        ("lt", "VILNIUS (ELTA)."),
        ("en", "MOSCOW, May 5. /TASS/."),
    ],
)
def test_a_dateline_is_no_sentence_of_the_report(language: str, dateline: str) -> None:
    story = sentences(STORY[language], language)
    assert len(story) == 2
    assert sentences(f"{dateline} {STORY[language]}", language) == story


@pytest.mark.parametrize(
    ("language", "dateline", "opening"),
    [
        ("ru", "Москва. 5 мая.", "ИНТЕРФАКС - "),
        ("lt", "Kaunas, 2024 m. gegužės 5 d.", "(ELTA) – "),
        ("en", "RIGA, May 5.", "(Reuters) - "),
    ],
)
def test_an_agency_in_the_first_sentence_stays(language: str, dateline: str, opening: str) -> None:
    story = sentences(STORY[language], language)
    text = f"{dateline} {opening}{STORY[language]}"
    assert sentences(text, language) == [f"{opening}{story[0]}", story[1]]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Riga is wet. The trams run again."),
        ("en", "It was May 5. Reuters reported the storm."),
        ("en", "Anna Roe (Reuters) won. The jury was split."),
        ("ru", "Это было 5 мая. ТАСС сообщил о шторме."),
        ("ru", "Москва ждёт. Трамваи стоят."),
        ("lt", "Vilnius (BNS) laimėjo. Žiūrovai džiaugėsi."),
    ],
)
def test_other_short_sentences_stay(language: str, text: str) -> None:
    assert len(sentences(text, language)) == 2
