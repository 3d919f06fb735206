"""A summary made of the article's own sentences."""

from __future__ import annotations

from summsvc.articles.document import Document, Segment, SegmentKind
from summsvc.articles.length import Length
from summsvc.interruption import checked
from summsvc.tasks.summarization.lexrank import WEIGHTS, Candidate, Weights, rank, select
from summsvc.tasks.summarization.types import SummarySentence
from summsvc.types import Warning, WarningType


def extract(
    document: Document, length: Length, weights: Weights = WEIGHTS
) -> tuple[tuple[SummarySentence, ...], tuple[Warning, ...]]:
    """The chosen sentences in article order, and what is to be said about them.

    Never empty: an article without sentences gives its fragments or its title.
    Blocks for milliseconds, linear in the article's length.
    """
    segments = candidates(document)
    chosen = [Candidate(segment.text) for segment in checked(segments)]
    ranking = rank(
        chosen, title=headline(document), language=document.language.code, weights=weights
    )
    selection = select(chosen, ranking, length, weights)
    sentences = tuple(
        SummarySentence(
            text=segments[i].text,
            field=segments[i].field,
            span=segments[i].span,
            source=segments[i].text,
            score=float(ranking.scores[i]),
        )
        for i in checked(selection.chosen)
    )
    return sentences, tuple(_warnings(len(segments), length, selection.over))


def candidates(document: Document) -> list[Segment]:
    """Segments a summary may be made of."""
    sentences = [each for each in checked(document.body) if each.kind is SegmentKind.SENTENCE]
    return sentences or list(document.body) or list(document.title)


def headline(document: Document) -> str:
    """The title, or the first heading of the body when there is none."""
    if document.title:
        return " ".join(segment.text for segment in document.title)
    headings = (each.text for each in document.body if each.kind is SegmentKind.HEADING)
    return next(headings, "")


def _warnings(available: int, length: Length, over: int) -> list[Warning]:
    asked = length.max_sentences
    if asked is not None and asked > available:
        message = f"{asked} sentences were asked for; the article has {available}"
        return [Warning(WarningType.SHORT_ARTICLE, message)]
    if over > 0:
        message = f"one whole sentence is the least there is; it is {over} words over the limit"
        return [Warning(WarningType.LENGTH_NOT_MET, message)]
    return []
