"""Selection of ranked sentences under a length limit, with a penalty for redundancy.

Selection is greedy with redundancy as coverage: the share of a sentence's
weight on terms that selected sentences already have (a submodular gain as in Lin
and Bilmes 2011), evaluated lazily (Minoux 1978). A term is covered once, so all
updates together are linear in the number of terms.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from summsvc.articles.length import Length, count_words
from summsvc.interruption import checked, checkpoint
from summsvc.tasks.summarization.lexrank import DEMOTION, Candidate, Ranking, rank
from summsvc.tasks.summarization.references import points_back
from summsvc.tasks.summarization.tfidf import FloatArray
from summsvc.tasks.summarization.weights import WEIGHTS, Weights, asked_sentences, weights_for

SIMILAR = 0.65
"""Cosine with a chosen sentence from which on a sentence repeats it: the same with additions."""

CONTAINED = 0.8
"""Share of a sentence's weight on terms of one chosen sentence from which on it repeats that."""

MOST_COMPARED = 50
"""Chosen sentences with which the others are compared; this keeps selection linear."""

ENOUGH = 0.5
"""Share of the limit from which on a summary has no sentence that was set aside."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Indices of the selected candidates in article order.

    over: words above the limit when the only selected sentence, the shortest one,
    is longer than the limit; else 0.
    """

    chosen: tuple[int, ...]
    over: int = 0


def select(
    candidates: Sequence[Candidate],
    ranking: Ranking,
    length: Length,
    weights: Weights = WEIGHTS,
) -> Selection:
    """Select the summary's sentences, at least one if there is any candidate.

    A candidate that points back follows the one before it; a candidate that repeats a
    selected one is left out. Both rules hold until nothing else fits and less than half of
    the limit is used, and not for the ratio 1. The selection never exceeds the limit, with
    one exception: when every candidate is longer than the limit, the shortest is selected
    (``Selection.over``). Candidates without a word are used only when no candidate has one.
    """
    words = [count_words(each.text) for each in checked(candidates)]
    total = sum(words)
    limit = length.words(total)
    budget = total if limit is None else min(limit, total)
    remaining = budget
    usable = [i for i, count in enumerate(words) if count] or list(range(len(words)))
    if length.ratio == 1:
        return Selection(tuple(usable))
    max_sentences = min(length.max_sentences or len(usable), len(usable))
    queue = _GainQueue(candidates, ranking, usable, weights.redundancy)
    chosen: list[int] = []
    while len(chosen) < max_sentences:
        checkpoint()
        i = queue.pop(words, remaining)
        if i is not None:
            chosen.append(i)
            remaining -= words[i]
        elif (
            len(chosen) >= ENOUGH * max_sentences
            or (limit is not None and remaining <= (1 - ENOUGH) * budget)
            or not queue.readmit()
        ):
            break
    if not chosen and usable:
        shortest = min(usable, key=lambda i: (words[i], -ranking.scores[i]))
        return Selection((shortest,), over=words[shortest] - remaining)
    return Selection(tuple(sorted(chosen)))


def suitable_weights(candidates: Sequence[Candidate], length: Length) -> Weights:
    """The weights for a summary of a length."""
    words = sum([count_words(each.text) for each in checked(candidates)])
    return weights_for(asked_sentences(length, words, len(candidates)))


def central_sentences(texts: Sequence[str], language: str, length: Length) -> tuple[str, ...]:
    """The most central of some sentences, in order, within a length limit; at least one."""
    candidates = [Candidate(text, points_back=points_back(text, language)) for text in texts]
    weights = suitable_weights(candidates, length)
    ranking = rank(candidates, title="", language=language, weights=weights)
    selection = select(candidates, ranking, length, weights)
    return tuple(texts[i] for i in selection.chosen)


class _GainQueue:
    """Lazy priority queue of candidates by gain: the score less redundancy with popped ones.

    Set aside are candidates that point back while the one before them is not popped, and
    candidates that repeat a popped one.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        ranking: Ranking,
        usable: Sequence[int],
        redundancy: float,
    ) -> None:
        self._redundancy = redundancy
        self._scores = ranking.scores
        self._matrix = matrix = ranking.matrix
        self._weights = matrix.values**2
        self._rows, self._columns = matrix.rows, matrix.columns
        self._row_bounds = np.searchsorted(matrix.rows, np.arange(matrix.shape[0] + 1))
        self._by_column = np.argsort(matrix.columns, kind="stable")
        in_order = matrix.columns[self._by_column]
        self._column_bounds = np.searchsorted(in_order, np.arange(matrix.shape[1] + 1))
        self._is_covered = np.zeros(matrix.shape[1], dtype=bool)
        self._coverage = np.zeros(matrix.shape[0])
        self._repeats = np.zeros(matrix.shape[0], dtype=bool)
        self._compared = 0
        self._follower = {
            before: after
            for before, after in checked(pairwise(usable))
            if candidates[after].points_back
        }
        self._waiting = set(self._follower.values())
        self._aside: dict[int, float] = {}
        self._taken: set[int] = set()
        scores = self._scores[np.asarray(usable, dtype=np.int64)]
        best_first: list[int] = np.argsort(-scores, kind="stable").tolist()
        # A sorted list is a heap. ``heapify`` of a long list would hold the GIL.
        self._heap = [(-float(scores[i]), usable[i]) for i in best_first]

    def pop(self, words: Sequence[int], remaining: int) -> int | None:
        """The candidate with the greatest gain that fits the remaining words, or None.

        A candidate that does not fit is dropped: the remaining words only decrease.
        """
        while self._heap:
            checkpoint()
            bound, i = heapq.heappop(self._heap)
            if words[i] > remaining or i in self._taken:
                continue
            if i in self._waiting or self._repeats[i]:
                self._aside[i] = bound
                continue
            gain = self._gain(i)
            if self._heap and -gain > self._heap[0][0] and -gain > bound:
                heapq.heappush(self._heap, (-gain, i))
                continue
            i = self._compare(i, words, remaining)
            self._taken.add(i)
            self._cover(i)
            follower = self._follower.get(i, -1)
            self._waiting.discard(follower)
            if follower in self._aside:
                heapq.heappush(self._heap, (self._aside.pop(follower), follower))
            return i
        return None

    def readmit(self) -> bool:
        """Admit all candidates that were set aside. Returns False if there is none."""
        self._waiting.clear()
        self._repeats[:] = False
        self._compared = MOST_COMPARED
        self._heap = sorted((bound, i) for i, bound in checked(self._aside.items()))
        self._aside.clear()
        return bool(self._heap)

    def _gain(self, i: int) -> float:
        return float(self._scores[i] * (1 - self._redundancy * min(1.0, self._coverage[i])))

    def _compare(self, i: int, words: Sequence[int], remaining: int) -> int:
        """Note how much each candidate has in common with this one.

        Returns the first candidate that says the same, which is selected instead: an article
        repeats its beginning further down, not the reverse.
        """
        if self._compared == MOST_COMPARED:
            return i
        self._compared += 1
        cosines, shares = self._in_common(i)
        for first in np.flatnonzero(cosines[:i] >= SIMILAR).tolist():
            is_free = first not in self._waiting and first not in self._taken
            if is_free and words[first] <= remaining and self._scores[first] > DEMOTION:
                i = first
                cosines, shares = self._in_common(i)
                break
        self._repeats |= (cosines >= SIMILAR) | (shares >= CONTAINED)
        return i

    def _in_common(self, i: int) -> tuple[FloatArray, FloatArray]:
        """Each candidate's cosine with this one, and its share of weight on terms of this one."""
        row = np.zeros(self._matrix.shape[1])
        entries = slice(self._row_bounds[i], self._row_bounds[i + 1])
        row[self._columns[entries]] = self._matrix.values[entries]
        weights = self._weights * (row > 0)[self._columns]
        shares = np.bincount(self._rows, weights, len(self._repeats))
        return self._matrix.dot(row), np.asarray(shares, dtype=np.float64)

    def _cover(self, i: int) -> None:
        """Mark the terms of a candidate as covered in all candidates."""
        terms = self._columns[self._row_bounds[i] : self._row_bounds[i + 1]]
        for term in checked(terms[~self._is_covered[terms]]):
            entries = self._by_column[self._column_bounds[term] : self._column_bounds[term + 1]]
            # Plain indexing adds correctly: a row has one entry for a term.
            self._coverage[self._rows[entries]] += self._weights[entries]
        self._is_covered[terms] = True
