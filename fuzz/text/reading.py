"""Reading of plain text, HTML, pages and Markdown: nothing is lost, all places are in the text."""

from __future__ import annotations

from fuzz.text.inputs import Input
from summsvc.articles.document import Document
from summsvc.articles.reader import read
from summsvc.errors import InvalidInputError
from summsvc.types import Article, Field, Span
from tests.articles.invariants import assert_complete, assert_in_order_and_clean, is_repaired


def document_of(article: Article, *, keep_boilerplate: bool) -> Document | None:
    """The document of an article; None for one that the reader rejects as documented."""
    try:
        return read(article, keep_boilerplate=keep_boilerplate)
    except InvalidInputError:
        return None


def run(data: bytes) -> None:
    """Read an article and check the document."""
    given = Input(data)
    document = document_of(given.article(), keep_boilerplate=given.flag(1))
    if document is None:
        return
    assert document.segments
    if is_repaired(document):
        return
    assert_complete(document)
    assert_in_order_and_clean(document)
    article = document.article
    length = {Field.TITLE: len(article.title), Field.BODY: len(article.body), None: 0}
    for warning in document.warnings:
        assert_inside(warning.span, length[warning.field])
    for span in document.page.furniture if document.page else ():
        assert_inside(span, len(article.body))
    for segment in document.segments:
        for start, end in segment.kept:
            assert 0 <= start < end <= len(segment.text)


def assert_inside(span: Span | None, length: int) -> None:
    """A span is not empty and inside a text."""
    assert span is None or 0 <= span.start < span.end <= length
