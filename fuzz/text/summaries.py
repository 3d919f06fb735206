"""Extractive summaries: sentences of the article, in its order, within the length."""

from __future__ import annotations

from fuzz.text.inputs import Input
from fuzz.text.reading import document_of
from summsvc.articles.length import Length, count_words
from summsvc.tasks.summarization.extractive import extract
from summsvc.types import WarningType

LENGTHS = (
    Length(max_sentences=1),
    Length(max_sentences=3),
    Length(max_sentences=1000),
    Length(max_words=1),
    Length(max_words=20),
    Length(ratio=0.01),
    Length(ratio=0.3),
    Length(ratio=1.0),
)


def run(data: bytes) -> None:
    """Summarize an article."""
    given = Input(data)
    length = given.choice(2, LENGTHS)
    document = document_of(given.article(), keep_boilerplate=given.flag(1))
    if document is None:
        return
    sentences, warnings = extract(document, length)
    assert sentences
    texts = {(each.field, each.span.start): each.text for each in document.segments}
    at = -1
    for sentence in sentences:
        assert sentence.field is not None
        assert sentence.span is not None
        assert texts[sentence.field, sentence.span.start] == sentence.text
        assert at < sentence.span.start
        assert 0 <= sentence.score <= 1.000001
        at = sentence.span.start
    if length.max_sentences is not None:
        assert len(sentences) <= length.max_sentences
    kinds = {warning.type for warning in warnings}
    total = sum(count_words(each.text) for each in document.body or document.title)
    limit = length.words(total)
    if limit is not None and WarningType.LENGTH_NOT_MET not in kinds:
        assert sum(count_words(each.text) for each in sentences) <= max(limit, 1)
