"""Splitting of a text that is too long for a model: between clauses, else words, else characters.

The concatenation of the pieces equals the text.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from summsvc.articles.characters import extends_character
from summsvc.interruption import checked, checkpoint, grouped
from summsvc.languages import registry

Count = Callable[[Sequence[str]], list[int]]
"""Gives the lengths of texts in tokens, special tokens included."""

Spans = Sequence[tuple[int, int]]
"""Stretches [start, end) of a text, in code points."""

_WORDS = (
    re.compile(r"[^\S\u00a0\u202f]+"),
    re.compile(r"\s+"),
    re.compile(r"(?<=[\w/])(?=[^\w\s])|(?<=[^\w\s])(?=\w)"),
)

_ADDRESSES_AND_NUMBERS = re.compile(
    r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|[+−-]?(?:\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3}){1,6}(?!\d)|\d+)(?:[.,:'’/-]\d+)*"
    r"(?:[ \u00a0]?%)?"
)
"""URLs, e-mail addresses and numbers."""

CLAUSE_LENGTH = 120
"""Most code points of a piece that ``split_clauses`` aims for: a short sentence."""

MIN_CLAUSE = 25
"""Least code points of the longest piece that ``split_clauses`` aims for."""

_NO_STOP = ".!?…:;"


def split(text: str, count: Count, limit: int, unsplittable: Spans = ()) -> list[str]:
    """Split a text into pieces of at most ``limit`` tokens and of similar length.

    unsplittable: spans not to be split, besides addresses, numbers and the code points of
    one character. A span that alone is longer than the limit is split as a last resort; a
    single code point longer than the limit is a piece. White space belongs to the piece
    before it. Counts each piece about once for each kind of place that is tried.
    """
    if count([text])[0] <= limit:
        return [text]
    return _divided(text, count, limit, split_points(text, unsplittable))


def split_clauses(text: str, unsplittable: Spans = ()) -> list[str]:
    """Split a text between clauses, into two pieces or more where it has several clauses.

    For a model that fails on the whole text.
    """
    limit = min(CLAUSE_LENGTH, math.ceil(0.6 * len(text)))
    if limit < MIN_CLAUSE:
        return [text]
    ends = clause_ends(text, unsplittable)
    return _divided(text, lambda parts: list(map(len, parts)), limit, ends)


def join(pieces: Sequence[str], translations: Sequence[str]) -> str:
    """Join translations of pieces with the white space between the pieces.

    A full stop that a model added where the piece has no end of a sentence is removed.
    """
    return "".join(parts_of_join(pieces, translations))


def parts_of_join(pieces: Sequence[str], translations: Sequence[str]) -> list[str]:
    """The parts of what ``join`` returns, one for each piece."""
    joined: list[str] = []
    for number, (piece, translation) in enumerate(checked(zip(pieces, translations, strict=True))):
        if number + 1 == len(pieces):
            joined.append(translation)
            break
        if translation.endswith(".") and piece.rstrip()[-1:] not in _NO_STOP:
            translation = translation.rstrip(".")
        joined.append(f"{translation} " if piece[-1:].isspace() else translation)
    return joined


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
    """Select the cuts, the last one included, that give the fewest pieces of similar length.

    tokens: length from the first cut to the last. A piece without a cut inside may be
    longer than the limit.
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


def clause_ends(text: str, unsplittable: Spans = ()) -> Iterator[Sequence[int]]:
    """Offsets between clauses, in lists from the best kind of place to the worst.

    unsplittable: spans that have no offset inside. An offset is a number of code points,
    above 0 and below the length of the text.
    """
    starts = set(clusters(text))
    spans = _unsplittable(text, unsplittable)
    for pattern in _clause_ends(registry.current()):
        yield _places(pattern, text, starts, spans)


def split_points(text: str, unsplittable: Spans = ()) -> Iterator[Sequence[int]]:
    """Offsets to split at, in lists from the best kind of place to every code point.

    The last list but one ignores ``unsplittable``, addresses and numbers; the last one also
    has offsets inside a grapheme cluster.
    """
    starts = clusters(text)
    known = set(starts)
    spans = _unsplittable(text, unsplittable)
    for pattern in (*_clause_ends(registry.current()), *_WORDS):
        yield _places(pattern, text, known, spans)
    yield [at for at in checked(starts) if not _inside(spans, at)]
    yield starts
    yield range(1, len(text))


@lru_cache(maxsize=8)
def _clause_ends(languages: registry.Registry) -> tuple[re.Pattern[str], ...]:
    """Patterns of places between clauses, from the best to the worst.

    The words of all languages apply to every text: ``languages.language.Clauses``.
    """
    clauses = [language.clauses for language in languages.all()]
    after_comma = _one_of(words.after_comma for words in clauses)
    without_comma = _one_of(words.without_comma for words in clauses)
    return (
        re.compile(r"[!?…;:][\"'”’“»)\]]*\s+|\s[–—-]\s+|[。！？；：]"),
        re.compile(rf",\s+(?={after_comma}\b)", re.IGNORECASE),
        re.compile(rf",\s+|[、，]|(?<!\s)\s+(?={without_comma}\s|[(\[])|[)\]]\s+", re.IGNORECASE),
    )


def _one_of(lists: Iterable[frozenset[str]]) -> str:
    """A pattern for a word of one of some lists; matches nothing if they are empty."""
    words = sorted(frozenset().union(*lists))
    alternatives = (re.escape(word).replace(r"\*", r"\w*") for word in words)
    return f"(?:{'|'.join(alternatives) or '(?!)'})"


def clusters(text: str) -> list[int]:
    """Offsets at which extended grapheme clusters begin, without the first.

    A cluster is a letter with its combining marks, an emoji with modifiers or joined by
    ZERO WIDTH JOINER, a flag, a Hangul syllable, CR LF: Unicode Standard Annex #29, without
    its rarer prepended marks.
    """
    starts: list[int] = []
    flags = 0
    for at, char in enumerate(checked(text)):
        before = text[at - 1] if at else ""
        flags = flags + 1 if "\U0001f1e6" <= char <= "\U0001f1ff" else 0
        if at and not extends_character(before, char) and not (flags and flags % 2 == 0):
            starts.append(at)
    return starts


def _places(
    pattern: re.Pattern[str], text: str, starts: set[int], spans: list[tuple[int, int]]
) -> list[int]:
    ends = (match.end() for match in checked(pattern.finditer(text)))
    return [end for end in ends if end in starts and not _inside(spans, end)]


def _unsplittable(text: str, given: Spans) -> list[tuple[int, int]]:
    found = (match.span() for match in checked(_ADDRESSES_AND_NUMBERS.finditer(text)))
    return _merged([*given, *found])


def _merged(spans: Spans) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in checked(sorted(spans)):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _inside(spans: list[tuple[int, int]], at: int) -> bool:
    """Whether an offset is strictly inside one of the spans."""
    i = bisect_left(spans, (at,)) - 1
    return i >= 0 and spans[i][0] < at < spans[i][1]
