"""Extractive summaries: the sentences that stand for the article.

Ranking is continuous LexRank (Erkan and Radev 2004, "LexRank: graph-based
lexical centrality as salience in text summarization") on the graph of TF-IDF
cosines with a prior instead of a uniform jump: early sentences, those near the
headline and those with figures and names are more likely starting points, as in
biased LexRank (Otterbacher, Erkan and Radev 2009). The graph is never built:
a step of the random walk is X(Xᵀv) on sparse rows, so time and memory are
linear in the length of the article.

Selection is greedy with redundancy as coverage: the share of a sentence's
weight on terms that chosen sentences already have (a submodular gain as in Lin
and Bilmes 2011), evaluated lazily (Minoux 1978). A term is covered once, so all
updates together are linear in the number of terms.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from summsvc.articles.characters import SCAN_CHUNK
from summsvc.articles.length import Length, count_words
from summsvc.interruption import checked, checkpoint
from summsvc.languages.stemming import stems
from summsvc.tasks.summarization.tfidf import Floats, Matrix, tf_idf


@dataclass(frozen=True, slots=True)
class Weights:
    """What ranking and selection go by.

    damping: 0 to 1, share of the walk that follows similarity; the rest starts
        anew from the prior.
    position_half: share of the article after which the position prior has
        halved, at least 2 sentences.
    title, figure: what likeness to the headline, and figures and names, add to
        the prior, as multiples of it.
    redundancy: 0 to 1, how much of a sentence's score a full overlap with
        chosen ones takes away.

    The defaults were set by hand; docs/benchmarks/quality.md has what they give beside others.
    """

    damping: float = 0.6
    position_half: float = 0.06
    title: float = 0.8
    figure: float = 0.15
    redundancy: float = 0.6


WEIGHTS = Weights()

MIN_WORDS = 5
"""Shorter sentences rarely stand alone; they rank behind all others."""

_STEPS = 60
_TOLERANCE = 1e-6
_FIGURE = re.compile(r"\d")
_NAME = re.compile(r"(?<=[\w,;:] )[^\W\d_a-zа-яё][\w’'-]+")
# What closes an article rather than tells its story.
_ASIDE = re.compile(
    r"you can (?:read|explore|find|learn)|for (?:more|further|a deeper)\b"
    r"|read more|click here|stay tuned"
    r"|подробнее|читайте|подпис|skaityki|plačiau skait|sekite",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment that may become part of a summary.

    is_sentence: False for headings and fragments, which rank behind sentences.
    """

    text: str
    is_sentence: bool = True


@dataclass(frozen=True, slots=True)
class Ranking:
    """scores: 0 to 1, one per candidate, 1 for the best. matrix: its TF-IDF rows."""

    scores: Floats
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class Selection:
    """Numbers of the chosen candidates in article order.

    over: words above the limit, when even the shortest sentence is longer than all
    that was allowed; else 0.
    """

    chosen: tuple[int, ...]
    over: int = 0


def rank(
    candidates: Sequence[Candidate], *, title: str, language: str, weights: Weights = WEIGHTS
) -> Ranking:
    """Score each candidate. language: BCP-47; title may be empty.

    Deterministic; time linear in the number of words.
    """
    vocabulary: dict[str, int] = {}
    matrix = tf_idf([stems(each.text, language) for each in checked(candidates)], vocabulary)
    prior = _prior(candidates, matrix, title, language, vocabulary, weights)
    scores = _walk(matrix, prior, weights.damping)
    weak = np.array([_is_weak(each) for each in checked(candidates)])
    scores = np.where(weak, scores * 0.01, scores)
    best = scores.max(initial=0.0)
    return Ranking(scores / best if best > 0 else np.ones(len(candidates)), matrix)


def _prior(
    candidates: Sequence[Candidate],
    matrix: Matrix,
    title: str,
    language: str,
    vocabulary: dict[str, int],
    weights: Weights,
) -> Floats:
    n = len(candidates)
    half = max(2.0, weights.position_half * n)
    position = 0.5 ** (np.arange(n) / half)
    likeness = np.zeros(n)
    known = [vocabulary[stem] for stem in stems(title, language) if stem in vocabulary]
    if known:
        query = np.zeros(matrix.shape[1])
        query[known] = 1 / np.sqrt(len(known))
        likeness = matrix.times(query)
    figures = np.array([_figures(each.text) for each in checked(candidates)])
    prior = position * (1 + weights.title * likeness + weights.figure * figures) + 0.02
    return np.asarray(prior / prior.sum())


def _figures(text: str) -> float:
    """0 to 1: how concrete a sentence is, by its figures and names."""
    found = _up_to(2, _FIGURE, text) + _up_to(4, _NAME, text)
    return min(1.0, found / 4)


def _up_to(most: int, pattern: re.Pattern[str], text: str) -> int:
    """How often a pattern matches, counted no further than ``most``."""
    return sum(1 for _ in islice(pattern.finditer(text), most))


def _walk(matrix: Matrix, prior: Floats, damping: float) -> Floats:
    """Stationary distribution of the biased walk on the cosine graph."""
    degree = matrix.times(matrix.transposed_times(np.ones(matrix.shape[0])))
    degree = np.where(degree > 0, degree, 1)
    scores = prior
    for _ in range(_STEPS):
        checkpoint()
        spread = matrix.times(matrix.transposed_times(scores / degree))
        following = damping * spread + (1 - damping) * prior
        if np.abs(following - scores).sum() < _TOLERANCE:
            return following
        scores = following
    return scores


def _is_weak(candidate: Candidate) -> bool:
    # Nobody asks or refers elsewhere at such length.
    text = candidate.text[:SCAN_CHUNK]
    return (
        not candidate.is_sentence
        or count_words(text) < MIN_WORDS
        or text.rstrip("\"'”’»").endswith("?")
        or _ASIDE.search(text) is not None
    )


def select(
    candidates: Sequence[Candidate],
    ranking: Ranking,
    length: Length,
    weights: Weights = WEIGHTS,
) -> Selection:
    """Choose the summary's sentences; at least one when there is any candidate.

    Never more than the limit allows. The one exception: when every candidate is
    longer than all of it, the shortest is given (``Selection.over``). Candidates
    without a word count only where there are no others.
    """
    words = [count_words(each.text) for each in checked(candidates)]
    budget = length.words(sum(words))
    most = len(candidates) if length.max_sentences is None else length.max_sentences
    room = sum(words) if budget is None else budget
    usable = [i for i, count in enumerate(words) if count] or list(range(len(words)))
    coverage = _Coverage(ranking, usable, weights.redundancy)
    chosen: list[int] = []
    while len(chosen) < most and (i := coverage.next(words, room)) is not None:
        chosen.append(i)
        room -= words[i]
    if not chosen and usable:
        least = min(usable, key=lambda i: (words[i], -ranking.scores[i]))
        return Selection((least,), over=words[least] - room)
    return Selection(tuple(sorted(chosen)))


class _Coverage:
    """Gives candidates by what they add to those already given."""

    def __init__(self, ranking: Ranking, usable: Sequence[int], redundancy: float) -> None:
        self._redundancy = redundancy
        self._scores = ranking.scores
        matrix = ranking.matrix
        self._weights = matrix.values**2
        self._rows, self._columns = matrix.rows, matrix.columns
        self._row_bounds = np.searchsorted(matrix.rows, np.arange(matrix.shape[0] + 1))
        self._by_column = np.argsort(matrix.columns, kind="stable")
        in_order = matrix.columns[self._by_column]
        self._column_bounds = np.searchsorted(in_order, np.arange(matrix.shape[1] + 1))
        self._is_covered = np.zeros(matrix.shape[1], dtype=bool)
        self._covered = np.zeros(matrix.shape[0])
        scores = self._scores[np.asarray(usable, dtype=np.int64)]
        best_first: list[int] = np.argsort(-scores, kind="stable").tolist()
        # In order, which is a heap. Making one of a long list holds the interpreter's lock.
        self._heap = [(-float(scores[i]), usable[i]) for i in best_first]

    def next(self, words: Sequence[int], room: int) -> int | None:
        """The candidate that adds most among those that fit the room; None when none is left.

        One that does not fit is never offered again: room only shrinks.
        """
        while self._heap:
            checkpoint()
            claimed, i = heapq.heappop(self._heap)
            if words[i] > room:
                continue
            gain = self._gain(i)
            if self._heap and -gain > self._heap[0][0] and -gain > claimed:
                heapq.heappush(self._heap, (-gain, i))
                continue
            self._cover(i)
            return i
        return None

    def _gain(self, i: int) -> float:
        return float(self._scores[i] * (1 - self._redundancy * min(1.0, self._covered[i])))

    def _cover(self, i: int) -> None:
        terms = self._columns[self._row_bounds[i] : self._row_bounds[i + 1]]
        for term in checked(terms[~self._is_covered[terms]]):
            entries = self._by_column[self._column_bounds[term] : self._column_bounds[term + 1]]
            # No row twice: a text has one entry for a term.
            self._covered[self._rows[entries]] += self._weights[entries]
        self._is_covered[terms] = True
