"""LexRank: scores of an article's sentences by centrality, for extractive summaries.

Ranking is continuous LexRank (Erkan and Radev 2004, "LexRank: graph-based
lexical centrality as salience in text summarization") on the graph of TF-IDF
cosines with a prior instead of a uniform jump: early sentences, those near the
headline and those with figures and names are more likely starting points, as in
biased LexRank (Otterbacher, Erkan and Radev 2009). The graph is never built:
a step of the random walk is X(Xᵀv) on sparse rows, so time and memory are
linear in the length of the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np

from summsvc.articles.characters import SCAN_CHUNK
from summsvc.articles.length import count_words
from summsvc.interruption import checked, checkpoint
from summsvc.languages import registry
from summsvc.languages.stemming import stems
from summsvc.tasks.summarization.tfidf import FloatArray, SparseMatrix, tf_idf
from summsvc.tasks.summarization.weights import WEIGHTS, Weights

MIN_SENTENCE_WORDS = 5
"""Shorter sentences rarely make sense alone; they are demoted."""

DEMOTION = 0.01
"""Factor on the score of a candidate that rarely belongs in a summary."""

MAX_ITERATIONS = 60
TOLERANCE = 1e-6
"""L1 norm of the change of the scores below which the power iteration has converged."""

_DIGIT = re.compile(r"\d")
_INNER_WORD = re.compile(r"(?<=[\w,;:] )[^\W\d_][\w’'-]+")
"""A word that does not begin a sentence."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment that may become part of a summary.

    is_sentence: False for headings and fragments, which are demoted. points_back: whether it
    cannot be understood without the sentence before it (``references.points_back``).
    """

    text: str
    is_sentence: bool = True
    points_back: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """scores: shape (candidates,), 0 to 1, 1 for the best. matrix: TF-IDF row per candidate."""

    scores: FloatArray
    matrix: SparseMatrix


def rank(
    candidates: Sequence[Candidate], *, title: str, language: str, weights: Weights = WEIGHTS
) -> Ranking:
    """Score each candidate.

    title: the headline, may be empty. language: BCP-47 code. Deterministic; time is
    linear in the number of words.
    """
    vocabulary: dict[str, int] = {}
    matrix = tf_idf([stems(each.text, language) for each in checked(candidates)], vocabulary)
    prior = _prior(candidates, matrix, title, language, vocabulary, weights)
    scores = _stationary(matrix, prior, weights.damping)
    demoted = np.array([_is_demoted(each) for each in checked(candidates)])
    scores = np.where(demoted, scores * DEMOTION, scores)
    best = scores.max(initial=0.0)
    return Ranking(scores / best if best > 0 else np.ones(len(candidates)), matrix)


def _prior(
    candidates: Sequence[Candidate],
    matrix: SparseMatrix,
    title: str,
    language: str,
    vocabulary: dict[str, int],
    weights: Weights,
) -> FloatArray:
    """Restart probabilities of the walk, shape (candidates,), sum 1."""
    n = len(candidates)
    half = max(weights.position_least, weights.position_half * n)
    position = 0.5 ** (np.arange(n) / half)
    similarity = np.zeros(n)
    known = [vocabulary[stem] for stem in stems(title, language) if stem in vocabulary]
    if known:
        query = np.zeros(matrix.shape[1])
        query[known] = 1 / np.sqrt(len(known))
        similarity = matrix.dot(query)
    concrete = np.array([_concreteness(each.text) for each in checked(candidates)])
    prior = position * (1 + weights.title * similarity + weights.figure * concrete) + 0.02
    return np.asarray(prior / prior.sum())


def _concreteness(text: str) -> float:
    """How many figures and names a sentence has, 0 for none to 1 for four or more."""
    figures = _count_up_to(2, _DIGIT.finditer(text))
    words = checked(_INNER_WORD.finditer(text))
    return min(1.0, (figures + _count_up_to(4, (1 for word in words if word[0][0].isupper()))) / 4)


def _count_up_to(limit: int, found: Iterable[object]) -> int:
    """Number of elements, counted no further than ``limit``."""
    return sum(1 for _ in islice(found, limit))


def _stationary(matrix: SparseMatrix, prior: FloatArray, damping: float) -> FloatArray:
    """Stationary distribution of the biased walk on the cosine graph, by power iteration."""
    degree = matrix.dot(matrix.transposed_dot(np.ones(matrix.shape[0])))
    degree = np.where(degree > 0, degree, 1)
    scores = prior
    for _ in range(MAX_ITERATIONS):
        checkpoint()
        spread = matrix.dot(matrix.transposed_dot(scores / degree))
        following = damping * spread + (1 - damping) * prior
        if np.abs(following - scores).sum() < TOLERANCE:
            return following
        scores = following
    return scores


def _is_demoted(candidate: Candidate) -> bool:
    """Whether a candidate is no sentence, too short, a question or a call to action."""
    # Longer sentences are no questions and no calls to action; the cut bounds the cost.
    text = candidate.text[:SCAN_CHUNK]
    return (
        not candidate.is_sentence
        or count_words(text) < MIN_SENTENCE_WORDS
        or text.rstrip("\"'”’»").endswith("?")
        or any(pattern.search(text) for pattern in _calls_to_action(registry.current()))
    )


@lru_cache(maxsize=8)
def _calls_to_action(languages: registry.Registry) -> tuple[re.Pattern[str], ...]:
    """Patterns of sentences that point to other pages, of all languages: pages mix them."""
    return tuple(
        re.compile(
            "|".join(f"(?:{pattern})" for pattern in language.calls_to_action), re.IGNORECASE
        )
        for language in languages.all()
        if language.calls_to_action
    )
