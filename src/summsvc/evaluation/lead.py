"""The usual baseline of summaries: how the article begins."""

from __future__ import annotations

from summsvc.articles.document import Document
from summsvc.articles.length import count_words
from summsvc.types import SegmentKind


def lead(document: Document, *, sentences: int | None = None, words: int | None = None) -> str:
    """The body's first sentences, headings left out: so many, or as many as have so few words.

    One at least, if there is any; three unless told.
    """
    limit = sentences if sentences is not None or words is not None else 3
    taken: list[str] = []
    total = 0
    for segment in document.body:
        if segment.kind is not SegmentKind.SENTENCE:
            continue
        total += count_words(segment.text)
        is_over = (limit is not None and len(taken) == limit) or (
            words is not None and total > words
        )
        if taken and is_over:
            break
        taken.append(segment.text)
    return " ".join(taken)
