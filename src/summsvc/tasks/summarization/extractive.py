"""Extractive summaries: the article's own sentences, ranked by LexRank and selected by length."""

from __future__ import annotations

from summsvc.articles.document import Document, Segment
from summsvc.articles.length import Length
from summsvc.interruption import checked
from summsvc.tasks.summarization.lexrank import WEIGHTS, Candidate, Weights, rank
from summsvc.tasks.summarization.selection import select
from summsvc.tasks.summarization.types import SummarySentence
from summsvc.types import SegmentKind, Warning, WarningType


def extract(
    document: Document, length: Length, weights: Weights = WEIGHTS
) -> tuple[tuple[SummarySentence, ...], tuple[Warning, ...]]:
    """The selected sentences in article order, and any warnings about the length.

    Never empty: for an article without sentences, its fragments or its title.
    Blocks for milliseconds, linear in the article's length.
    """
    segments = candidate_segments(document)
    candidates = [Candidate(segment.text) for segment in checked(segments)]
    ranking = rank(
        candidates, title=headline(document), language=document.language.code, weights=weights
    )
    selection = select(candidates, ranking, length, weights)
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


def candidate_segments(document: Document) -> list[Segment]:
    """The body's sentences; without any, the body's other segments, or else the title's."""
    sentences = [each for each in checked(document.body) if each.kind is SegmentKind.SENTENCE]
    return sentences or list(document.body) or list(document.title)


def headline(document: Document) -> str:
    """The title, or the first heading of the body if there is no title."""
    if document.title:
        return " ".join(segment.text for segment in document.title)
    headings = (each.text for each in document.body if each.kind is SegmentKind.HEADING)
    return next(headings, "")


def _warnings(available: int, length: Length, over: int) -> list[Warning]:
    """available: candidates of the article. over: words of the summary above the limit."""
    limit = length.max_sentences
    if limit is not None and limit > available:
        message = f"{limit} sentences were requested; the article has {available}"
        return [Warning(WarningType.SHORT_ARTICLE, message)]
    if over > 0:
        message = (
            f"the shortest possible summary, one whole sentence, is {over} words over the limit"
        )
        return [Warning(WarningType.LENGTH_NOT_MET, message)]
    return []
