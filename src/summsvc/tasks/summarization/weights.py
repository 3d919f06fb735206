"""Parameters of ranking and selection, by the length of the summary that is asked for."""

from __future__ import annotations

from dataclasses import dataclass, fields

from summsvc.articles.length import Length


@dataclass(frozen=True, slots=True)
class Weights:
    """Parameters of ranking and selection.

    damping: 0 to 1, probability that the walk follows similarity; otherwise it
        restarts from the prior.
    position_half: share of the article after which the position prior has halved.
    position_least: the same in sentences; the greater of the two applies.
    title, figure: what similarity to the headline, and figures and names, add to
        the prior, as multiples of it.
    redundancy: 0 to 1, share of a sentence's score that full overlap with
        selected sentences takes away.

    The defaults were set by hand; docs/benchmarks/quality.md compares their results with others.
    """

    damping: float = 0.6
    position_half: float = 0.06
    position_least: float = 2.0
    title: float = 0.8
    figure: float = 0.15
    redundancy: float = 0.6


WEIGHTS = Weights()
"""For a summary of up to ``SHORT`` sentences: early sentences are preferred."""

COVERING = Weights(damping=0.85, position_least=40.0, redundancy=0.3)
"""For a summary of ``LONG`` sentences or more: the place counts little, the content more."""

SHORT = 2.0
LONG = 8.0


def weights_for(sentences: float) -> Weights:
    """The weights for a summary of so many sentences: between SHORT and LONG linear."""
    share = min(1.0, max(0.0, (sentences - SHORT) / (LONG - SHORT)))
    mixed = {
        each.name: (1 - share) * getattr(WEIGHTS, each.name) + share * getattr(COVERING, each.name)
        for each in fields(Weights)
    }
    return Weights(**mixed)


def asked_sentences(length: Length, words: int, sentences: int) -> float:
    """Number of sentences of a summary of a length, for an article of so many words and sentences.

    For a limit in words, of sentences that are as long as the article's on average.
    """
    if length.max_sentences is not None:
        return min(length.max_sentences, sentences)
    budget = length.words(words)
    if budget is None or not words:
        return sentences
    return min(1.0, budget / words) * sentences
