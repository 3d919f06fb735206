"""Where a text may be cut: between clauses first, then between words, in a word at last."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from summsvc.articles.characters import extends_character
from summsvc.interruption import checked

Spans = Sequence[tuple[int, int]]

# Words that a clause begins with: English, Russian, Lithuanian.
_OPENERS = r"""
and but or so because although though while when where who whose which that if unless until since
after before
и а но или либо что чтобы котор\w* когда если хотя потому поэтому где куда откуда как пока чем
поскольку причём причем
ir o bet ar arba kad jog kuri\w* kuris kur kai jei jeigu nors nes kol todėl tačiau kadangi
"""
_JOINTS = "and but or because which while when и или но ir arba bet bei nes"
_OPENER = "|".join(_OPENERS.split())
_JOINT = "|".join(_JOINTS.split())

CLAUSES = (
    re.compile(r"[!?…;:][\"'”’“»)\]]*\s+|\s[–—-]\s+|[。！？；：]"),
    re.compile(rf",\s+(?=(?:{_OPENER})\b)", re.IGNORECASE),
    re.compile(rf",\s+|[、，]|(?<!\s)\s+(?=(?:{_JOINT})\s|[(\[])|[)\]]\s+", re.IGNORECASE),
)
"""Ends of clauses, from the best to the worst."""

_WORDS = (
    re.compile(r"[^\S\u00a0\u202f]+"),
    re.compile(r"\s+"),
    re.compile(r"(?<=[\w/])(?=[^\w\s])|(?<=[^\w\s])(?=\w)"),
)

_UNBROKEN = re.compile(
    r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|[+−-]?(?:\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3}){1,6}(?!\d)|\d+)(?:[.,:'’/-]\d+)*"
    r"(?:[ \u00a0]?%)?"
)
"""Addresses and numbers."""


def clause_ends(text: str, whole: Spans = ()) -> Iterator[Sequence[int]]:
    """Places between clauses, the best ones first.

    whole: stretches [start, end) that stay in one piece. A place is a number of
    code points before it, between 0 and the length of the text.
    """
    starts = set(clusters(text))
    spans = _unbroken(text, whole)
    for pattern in CLAUSES:
        yield _places(pattern, text, starts, spans)


def places(text: str, whole: Spans = ()) -> Iterator[Sequence[int]]:
    """All places to cut at, the best ones first, the last ones anywhere.

    Never inside an address, a number or one of ``whole`` as long as these fit,
    nor between code points that are one character to a reader, as long as that
    fits.
    """
    starts = clusters(text)
    known = set(starts)
    spans = _unbroken(text, whole)
    for pattern in (*CLAUSES, *_WORDS):
        yield _places(pattern, text, known, spans)
    yield [at for at in checked(starts) if not _inside(spans, at)]
    yield starts
    yield range(1, len(text))


def clusters(text: str) -> list[int]:
    """Where the characters of a reader begin, the first left out.

    Letters with their combining marks, emoji with modifiers or joined by
    ZERO WIDTH JOINER, flags, Hangul syllables, CR LF: the extended grapheme
    clusters of Unicode Standard Annex #29, without its rarer prepended marks.
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


def _unbroken(text: str, whole: Spans) -> list[tuple[int, int]]:
    found = (match.span() for match in checked(_UNBROKEN.finditer(text)))
    return _merged([*whole, *found])


def _merged(spans: Spans) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in checked(sorted(spans)):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _inside(spans: list[tuple[int, int]], at: int) -> bool:
    """Whether a place is strictly inside one of the spans."""
    i = bisect_left(spans, (at,)) - 1
    return i >= 0 and spans[i][0] < at < spans[i][1]
