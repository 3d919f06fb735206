"""Lead baseline for summaries: the first sentences of the article."""

from __future__ import annotations

from summsvc.articles.document import Document
from summsvc.articles.length import count_words
from summsvc.types import SegmentKind


def lead(document: Document, *, sentences: int | None = None, words: int | None = None) -> str:
    """Return the first sentences of the body, without headings.

    sentences: maximum number of sentences; 3 if no length is given. words: maximum
    number of words. At least one sentence is returned if the body has one.
    """
    limit = sentences if sentences is not None or words is not None else 3
    selected: list[str] = []
    total_words = 0
    for segment in document.body:
        if segment.kind is not SegmentKind.SENTENCE:
            continue
        total_words += count_words(segment.text)
        is_over = (limit is not None and len(selected) == limit) or (
            words is not None and total_words > words
        )
        if selected and is_over:
            break
        selected.append(segment.text)
    return " ".join(selected)
