"""A text too long for a model's input, in pieces that fit; nothing is left out."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from summsvc.interruption import checked, checkpoint, grouped
from summsvc.tasks.pipeline.boundaries import Spans, clause_ends, places

Count = Callable[[Sequence[str]], list[int]]

CLAUSES = 120
"""Code points that ``clauses`` aims for at most: a short sentence."""

SHORTEST = 25
"""Code points of a text below which ``clauses`` does not divide it by two."""

_NO_STOP = ".!?…:;"


def split(text: str, count: Count, limit: int, whole: Spans = ()) -> list[str]:
    """Cut a text into pieces of at most ``limit`` tokens each, of like size.

    count: length in tokens of each of several texts, special tokens included.
    whole: stretches [start, end) not to be cut, besides addresses, numbers and
    the code points of one character. One of these that alone is longer than the
    limit is cut in the end; a single code point longer than it is a piece of its
    own. The pieces joined are the text; white space stays with the piece before
    it. Counts each piece about once for each kind of place that is tried.
    """
    if count([text])[0] <= limit:
        return [text]
    return _divided(text, count, limit, places(text, whole))


def clauses(text: str, whole: Spans = ()) -> list[str]:
    """Cut a text between clauses, into two pieces or more where it can be, to help a model.

    The pieces joined are the text.
    """
    limit = min(CLAUSES, math.ceil(0.6 * len(text)))
    if limit < SHORTEST:
        return [text]
    return _divided(text, lambda parts: list(map(len, parts)), limit, clause_ends(text, whole))


def join(pieces: Sequence[str], translations: Sequence[str]) -> str:
    """The translations with the white space that stood between their sources.

    A full stop that a model put after what was no sentence's end goes.
    """
    joined: list[str] = []
    for number, (piece, translation) in enumerate(checked(zip(pieces, translations, strict=True))):
        if number + 1 == len(pieces):
            joined.append(translation)
            break
        if translation.endswith(".") and piece.rstrip()[-1:] not in _NO_STOP:
            translation = translation.rstrip(".")
        joined.append(translation)
        if piece[-1:].isspace():
            joined.append(" ")
    return "".join(joined)


def _divided(text: str, count: Count, limit: int, levels: Iterable[Sequence[int]]) -> list[str]:
    bounds = [0, len(text)]
    lengths = count([text])
    for cuts in levels:
        if max(lengths) <= limit:
            break
        finer = [0]
        for start, end, length in checked(zip(bounds, bounds[1:], lengths, strict=False)):
            if length > limit:
                inner = cuts[bisect_right(cuts, start) : bisect_left(cuts, end)]
                finer += _packed(text, [start, *inner, end], length, count, limit)
            else:
                finer.append(end)
        if len(finer) > len(bounds):
            bounds = finer
            groups = grouped(_between(text, bounds))
            lengths = [length for group in groups for length in count(group)]
    return _between(text, bounds)


def _between(text: str, bounds: Sequence[int]) -> list[str]:
    return [text[start:end] for start, end in pairwise(bounds)]


def _packed(text: str, cuts: Sequence[int], tokens: int, count: Count, limit: int) -> list[int]:
    """Those of the cuts, the last one included, that make as few pieces of like size as fit.

    tokens: length of all from the first cut to the last. A piece without a cut
    inside may be too long.
    """
    chosen: list[int] = []
    most = (cuts[-1] - cuts[0]) * limit / tokens
    at = 0
    while at < len(cuts) - 1:
        checkpoint()
        left = cuts[-1] - cuts[at]
        goal = cuts[at] + left / math.ceil(left / most)
        following = max(at + 1, bisect_right(cuts, goal) - 1)
        if following + 1 < len(cuts):
            beyond = cuts[following + 1]
            if beyond - goal < goal - cuts[following] and beyond - cuts[at] <= most:
                following += 1
        while following > at + 1:
            checkpoint()
            (length,) = count([text[cuts[at] : cuts[following]]])
            if length <= limit:
                break
            fits = cuts[at] + 0.97 * (cuts[following] - cuts[at]) * limit / length
            following = min(following - 1, max(at + 1, bisect_right(cuts, fits) - 1))
        chosen.append(cuts[following])
        at = following
    return chosen
