"""Scores of extracted texts: tokens, required and forbidden pieces, sentences of summaries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from bench.extraction.sets import LabelledPage
from summsvc.articles.length import Length
from summsvc.articles.reader import read
from summsvc.errors import SummsvcError
from summsvc.tasks.summarization.extractive import extract
from summsvc.types import Article, MimeType

_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060-\u2064\ufeff]")

SENTENCES = 3
"""Sentences of a summary whose origin is counted."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over the pages of a set, 0 to 1.

    precision, recall, f1: of word tokens, or of pieces. unwanted: share of the forbidden pieces
    that were kept, None for a set of texts. milliseconds: median time per page.
    """

    pages: int
    precision: float
    recall: float
    f1: float
    unwanted: float | None
    milliseconds: float


def score(pages: Sequence[LabelledPage], texts: Sequence[str], seconds: Sequence[float]) -> Scores:
    """Scores of the texts that one system extracted from the pages of a set."""
    time = 1000 * median(seconds)
    if pages[0].required:
        return _piece_scores(pages, texts, time)
    found = [token_scores(text, page.text) for page, text in zip(pages, texts, strict=True)]
    precision, recall, f1 = (fmean(column) for column in zip(*found, strict=True))
    return Scores(len(pages), precision, recall, f1, None, time)


def token_scores(text: str, expected: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of the words of a text, as multisets."""
    ours, theirs = _tokens(text), _tokens(expected)
    common = sum((ours & theirs).values())
    precision = common / ours.total() if ours else float(not theirs)
    recall = common / theirs.total() if theirs else 1.0
    return precision, recall, _f1(precision, recall)


def _tokens(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _piece_scores(pages: Sequence[LabelledPage], texts: Sequence[str], time: float) -> Scores:
    required = kept = forbidden = unwanted = 0
    for page, text in zip(pages, texts, strict=True):
        folded = _folded(text)
        required += len(page.required)
        forbidden += len(page.forbidden)
        kept += sum(_folded(piece) in folded for piece in page.required)
        unwanted += sum(_folded(piece) in folded for piece in page.forbidden)
    precision, recall = kept / max(1, kept + unwanted), kept / required
    share = unwanted / max(1, forbidden)
    return Scores(len(pages), precision, recall, _f1(precision, recall), share, time)


def _folded(text: str) -> str:
    """A text as it looks: without soft hyphens and the like, white space as one space."""
    return " ".join(_INVISIBLE.sub("", text).split())


def summary_sentences(pages: Sequence[LabelledPage]) -> tuple[int, int]:
    """Sentences of extractive summaries of the pages, and how many of them are of the article."""
    total = ours = 0
    for page in pages:
        try:
            document = read(Article("", page.source, "", MimeType.HTML))
        except SummsvcError:
            continue
        sentences, _ = extract(document, Length(max_sentences=SENTENCES))
        expected = _words(page.text)
        total += len(sentences)
        ours += sum(_words(sentence.text) in expected for sentence in sentences)
    return total, ours


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
