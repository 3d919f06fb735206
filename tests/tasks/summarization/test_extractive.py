"""Extractive summaries of whole articles: limits, spans and unusual articles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.articles.length import Length, count_words
from summsvc.articles.reader import read
from summsvc.errors import EmptyArticleError
from summsvc.tasks.summarization.extractive import candidate_segments, extract
from summsvc.types import Article, Field, WarningType

SENTENCES = [
    "The government released 123 prisoners on Saturday.",
    "Maria Kolesnikova was among them, her sister said.",
    "“We waited for years.",
    "It is over now,” he said.",
    "Правительство освободило 123 заключённых, т. е. почти всех.",
    "Vyriausybė 2025 m. gruodžio 13 d. paleido 123 kalinius.",
    "Why now?",
    "東京で会議が開かれた。",
    "See https://example.org/a?b=1 for the list.",
    "- an item",
    "A HEADING",
    "…",
]
BODIES = st.lists(
    st.tuples(st.sampled_from(SENTENCES), st.sampled_from([" ", "\n\n", "\r\n\r\n", "\n", "\t"])),
    min_size=1,
    max_size=15,
).map(lambda pairs: "".join(text + end for text, end in pairs))
BODIES = BODIES.filter(lambda body: any(letter.isalnum() for letter in body))


@given(BODIES, st.integers(1, 60))
def test_the_word_limit_holds_and_sentences_are_whole(body: str, words: int) -> None:
    document = read(Article("", body, "en"))
    sentences, warnings = extract(document, Length(max_words=words))
    given_words = [count_words(each.text) for each in candidate_segments(document)]
    total = sum(count_words(each.text) for each in sentences)
    assert sentences or not given_words
    if any(each.type is WarningType.LENGTH_NOT_MET for each in warnings):
        assert len(sentences) == 1
        assert total == min(count for count in given_words if count) > words
    else:
        assert total <= words
    spans = [each.span for each in sentences if each.span]
    assert len(spans) == len(sentences)
    assert [each.start for each in spans] == sorted({each.start for each in spans})
    for each, span in zip(sentences, spans, strict=True):
        assert " ".join(body[span.start : span.end].split()) == each.text


@given(BODIES, st.floats(0.05, 1.0))
def test_the_ratio_limit_holds(body: str, ratio: float) -> None:
    document = read(Article("", body, "en"))
    sentences, warnings = extract(document, Length(ratio=ratio))
    total = sum(count_words(each.text) for each in candidate_segments(document))
    if not any(each.type is WarningType.LENGTH_NOT_MET for each in warnings):
        assert sum(count_words(each.text) for each in sentences) <= ratio * total


@pytest.mark.parametrize(
    "body",
    [
        "One sentence is all there is.",
        "FIRST HEADING\n\nSECOND HEADING\n\nTHIRD HEADING",
        "- milk\n- bread\n- eggs",
        "東京で会議が開かれた。",
        "ሰላም ለዓለም። ዛሬ ጥሩ ቀን ነው።",
        "Кабинет approved the план today. Vilnius сказал нет.",
    ],
)
@pytest.mark.parametrize(
    "length", [Length(max_sentences=3), Length(max_words=1), Length(ratio=0.1)]
)
def test_unusual_articles_have_a_summary(body: str, length: Length) -> None:
    sentences, _ = extract(read(Article("", body, "en")), length)
    assert sentences
    for each in sentences:
        assert each.span
        assert body[each.span.start : each.span.end] == each.text


def test_an_article_without_a_word_is_rejected() -> None:
    with pytest.raises(EmptyArticleError):
        read(Article("", "… — !!!", "en"))


def test_a_title_alone_is_its_own_summary() -> None:
    sentences, _ = extract(read(Article("Prisoners released", "", "en")), Length(max_sentences=3))
    assert [(each.text, each.field) for each in sentences] == [("Prisoners released", Field.TITLE)]
