"""Words of a text and of its translation, cut where markup stands inside a word."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from itertools import pairwise

from summsvc.articles.characters import extends_character
from summsvc.interruption import checked, checked_matches

_WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u9fff"
"""Japanese and Chinese characters: each counts as a word."""

WORD = re.compile(
    rf"[{_WITHOUT_SPACES}]|\d+(?:[-−‑]\w+)+|[^\W{_WITHOUT_SPACES}]+(?:(?:[−+-]|\^[−+–-]?)\d\w*)*"
)
"""A word, with a number's ending or exponent (1-й, 10^6); other hyphens separate words."""

_RUN = re.compile(r"\d+|[^\W\d]+|\W+")
"""Digits, letters or other characters of a word."""

Range = tuple[int, int]


def words_of(text: str) -> list[Range]:
    """The ranges [start, end) of the words of a text, in order."""
    return [match.span() for match in checked_matches(WORD, text)]


def inner_offsets(words: Sequence[Range], offsets: Sequence[int]) -> dict[int, list[int]]:
    """By the number of a word, the offsets strictly inside it, in order. offsets: in order."""
    inside: dict[int, list[int]] = {}
    starts = [start for start, _ in words]
    for offset in checked(offsets):
        number = bisect.bisect_left(starts, offset) - 1
        if number >= 0 and offset < words[number][1]:
            known = inside.setdefault(number, [])
            if not known or known[-1] != offset:
                known.append(offset)
    return inside


def runs(word: str) -> list[str]:
    """A word as runs of digits, letters and other characters."""
    return _RUN.findall(word)


def matching_cuts(source: str, cuts: Sequence[int], target: str) -> list[int]:
    """Where a translated word is cut for the cuts of the source's word.

    cuts: offsets strictly inside ``source``, in order. A cut before or after a run of digits
    or letters that the target has too stays next to it ("km|2", "км|2"). Any other keeps its
    distance from the nearer end of the word. The result has as many offsets, never decreasing,
    from 0 to the length of the target.
    """
    before, after = _run_edges(target)
    found: list[int] = []
    last = 0
    for cut in checked(cuts):
        left, right = _runs_at(source, cut)
        at = after.get(right, before.get(left))
        if at is None:
            at = cut if 2 * cut <= len(source) else len(target) - (len(source) - cut)
            at = max(min(1, len(target)), min(at, len(target) - 1))
            while 0 < at < len(target) and extends_character(target[at - 1], target[at]):
                at += 1
        last = max(last, at)
        found.append(last)
    return found


def has_run_of(source: str, cut: int, target: str) -> bool:
    """Whether a word has the run of characters before or after a cut of another word."""
    before, after = _run_edges(target)
    left, right = _runs_at(source, cut)
    return right in after or left in before


def _run_edges(word: str) -> tuple[dict[str, int], dict[str, int]]:
    """The offset after each run of a word, and the offset before it, by the run in lower case."""
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    at = 0
    for left, right in pairwise(runs(word)):
        at += len(left)
        before.setdefault(left.lower(), at)
        after.setdefault(right.lower(), at)
    return before, after


def _runs_at(word: str, cut: int) -> tuple[str, str]:
    """The runs of a word before and after a cut, each up to the cut, in lower case."""
    low, high = max(0, cut - _RUN_CONTEXT), cut + _RUN_CONTEXT
    return runs(word[low:cut])[-1].lower(), runs(word[cut:high])[0].lower()


_RUN_CONTEXT = 32
"""Code points around a cut that are compared; a word is not longer as a rule."""
