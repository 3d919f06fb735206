"""Word alignment of sentence pairs, for a student's guided attention and its shortlist.

Model 1 of Brown et al. 1993 (aclanthology.org/J93-2003) with the preference for the diagonal of
Dyer et al. 2013 (aclanthology.org/N13-1073), without an empty source word.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

WORD = re.compile(r"\w+|[^\w\s]")
ROUNDS = 10
TENSION = 1.0

Links = list[list[int]]
"""For each target token the source tokens that it is linked to."""


def token_links(known: Sequence[tuple[str, str]], source: Any, target: Any) -> list[Links]:
    """Links between the tokens of each pair; the final </s> of both sides is linked too.

    source, target: SentencePiece processors.
    """
    links = []
    for (text, translation), chosen in zip(known, _word_links(known), strict=True):
        words = _words_of_tokens(source, text)
        pair = [
            [token for token, found in enumerate(words) if chosen[mine[0]] in found]
            for mine in _words_of_tokens(target, translation)
        ]
        links.append([*pair, [len(words)]])
    return links


def _word_links(known: Sequence[tuple[str, str]]) -> list[list[int]]:
    """For each target word of each pair the index of its likeliest source word."""
    split = [(WORD.findall(source.lower()), WORD.findall(target)) for source, target in known]
    likely: dict[tuple[str, str], float] = defaultdict(lambda: 1.0)
    for _ in range(ROUNDS):
        counts: dict[tuple[str, str], float] = defaultdict(float)
        totals: dict[str, float] = defaultdict(float)
        for source, target in split:
            for j, word in enumerate(target):
                weights = _weights(likely, source, word, j / len(target))
                for other, weight in zip(source, weights, strict=True):
                    counts[other, word] += weight / sum(weights)
                    totals[other] += weight / sum(weights)
        likely = defaultdict(float, {pair: n / totals[pair[0]] for pair, n in counts.items()})
    links = []
    for source, target in split:
        scored = [_weights(likely, source, word, j / len(target)) for j, word in enumerate(target)]
        links.append([weights.index(max(weights)) for weights in scored])
    return links


def _weights(
    likely: dict[tuple[str, str], float], source: Sequence[str], word: str, place: float
) -> list[float]:
    return [
        likely[other, word] * math.exp(-TENSION * abs(i / len(source) - place))
        for i, other in enumerate(source)
    ]


def _words_of_tokens(processor: Any, text: str) -> list[range]:
    """For each token the indices of the words that it has a part of.

    A token of nothing but a space counts to the word that follows.
    """
    words = list(WORD.finditer(text))
    spans, begin = [], 0
    for piece in processor.encode(text, return_type="proto").pieces:
        end = begin + len(piece.surface)
        spans.append((begin, end + (not piece.surface.strip())))
        begin = end
    return [
        range(sum(word.end() <= begin for word in words), sum(word.start() < end for word in words))
        for begin, end in spans
    ]
