"""What holds for the document of any article; used by property tests and by fuzz targets."""

from __future__ import annotations

import re

from summsvc.articles.document import Document, Segment
from summsvc.types import WarningType


def rebuilt(source: str, separators: tuple[str, ...], segments: tuple[Segment, ...]) -> str:
    """The separators with the source of the segments between them."""
    parts = [separators[0]]
    for segment, separator in zip(segments, separators[1:], strict=True):
        parts += [source[segment.span.start : segment.span.end], separator]
    return "".join(parts)


def without_removed(document: Document) -> str:
    """The body without the spans that were removed."""
    kept = document.article.body
    for span in reversed(document.removed):
        kept = kept[: span.start] + kept[span.end :]
    return kept


def is_repaired(document: Document) -> bool:
    """Whether places are those of a text that the document does not have: the text as sent.

    The tests of repairs check these.
    """
    return any(each.type is WarningType.ENCODING_REPAIRED for each in document.warnings)


def assert_complete(document: Document) -> None:
    """Separators and segments are the article without its removed spans."""
    if is_repaired(document):
        return
    article = document.article
    assert rebuilt(article.title, document.title_separators, document.title) == article.title
    assert rebuilt(article.body, document.body_separators, document.body) == without_removed(
        document
    )


def assert_in_order_and_clean(document: Document) -> None:
    """Segments and removed spans are in order and inside the body; texts are normalized."""
    if is_repaired(document):
        return
    at = paragraph = 0
    for segment in document.body:
        assert at <= segment.span.start < segment.span.end <= len(document.article.body)
        assert paragraph <= segment.paragraph
        at, paragraph = segment.span.end, segment.paragraph
        assert segment.text == segment.text.strip()
        assert any(map(str.isalnum, segment.text))
        assert not re.search(r"\s\s|[\n\r\t]", segment.text)
        offsets = [mark.offset for mark in segment.marks]
        assert offsets == sorted(offsets)
        assert all(0 <= offset <= len(segment.text) for offset in offsets)
    removed = [0, *(edge for span in document.removed for edge in (span.start, span.end))]
    assert removed == sorted(removed)
    assert removed[-1] <= len(document.article.body)
