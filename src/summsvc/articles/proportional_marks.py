"""Placement of inline markup by its relative position in the segment, at word boundaries."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence

from summsvc.articles.aligned_marks import Place
from summsvc.articles.document import InlineMark
from summsvc.articles.word_parts import Range, inner_offsets, matching_cuts, runs, words_of
from summsvc.interruption import checked, checked_matches

_NON_SPACE_RUN = re.compile(r"\S+")
_FOLLOWING_PUNCTUATION = ".,;:!?…)]}\"'”’»"


def place_by_proportion(
    source: str, text: str, marks: Sequence[InlineMark], fixed: dict[int, Range]
) -> list[Place]:
    """The places of the marks in their order.

    Closing markup moves to the end of a word, other markup to the start of a word. Markup
    inside a word stays inside a word, if possible beside the same digits or letters. fixed:
    known places, by mark number, in the same order as the marks.
    """
    words = [match.span() for match in checked_matches(_NON_SPACE_RUN, text)] if marks else []
    starts = [0, *(start for start, _ in words)]
    ends = [end for _, end in words] or [0]
    # Punctuation that follows markup still follows it after translation.
    bare_ends = [
        start + len(text[start:end].rstrip(_FOLLOWING_PUNCTUATION)) for start, end in checked(words)
    ] or [0]
    pinned = _inside_words(source, text, marks)
    limits = _limits(len(marks), len(text), fixed)
    places: list[Place] = []
    last_target = last_offset = 0
    for number, mark in enumerate(checked(marks)):
        at = pinned.get(mark.offset)
        if number in fixed:
            places.append(Place(mark, *fixed[number]))
        elif at is not None and last_target <= at <= limits[number]:
            places.append(Place(mark, at, at))
        else:
            wanted = round(mark.offset * len(text) / len(source))
            before = source[max(0, mark.offset - 1) : mark.offset]
            after = source[mark.end : mark.end + 1]
            closes = not (before.isspace() or not before) and (
                before.isalnum() or not after.isalnum()
            )
            punctuated = bool(after) and not (after.isspace() or after.isalnum())
            edges = (bare_ends if punctuated else ends) if closes else starts
            # Two marks with text between them keep at least one word between them.
            apart = closes and mark.offset > last_offset
            low = (bisect.bisect_right if apart else bisect.bisect_left)(edges, last_target)
            target = _nearest_edge(edges, wanted, low) if low < len(edges) else last_target
            target = min(target, limits[number])
            places.append(Place(mark, target, target))
        last_target, last_offset = places[-1].end, mark.offset
    return places


def _limits(count: int, length: int, fixed: dict[int, Range]) -> list[int]:
    """The greatest offset of each mark: where the next one with a known place begins."""
    limits: list[int] = []
    limit = length
    for number in checked(range(count - 1, -1, -1)):
        limit = fixed[number][0] if number in fixed else limit
        limits.append(limit)
    return limits[::-1]


def _nearest_edge(edges: Sequence[int], wanted: int, low: int) -> int:
    """The value of ``edges[low:]``, which is not empty, that is nearest to ``wanted``."""
    at = bisect.bisect_left(edges, wanted, low)
    return min(edges[max(low, at - 1) : at + 1], key=lambda edge: abs(edge - wanted))


def _inside_words(source: str, text: str, marks: Sequence[InlineMark]) -> dict[int, int]:
    """The target of each offset strictly inside a word, and of the edges of such a word.

    The word of the translation is one with the same digits or letters next to the markup,
    else any; of several it is the nearest to the proportional position.
    """
    words = words_of(source) if marks else []
    inside = inner_offsets(words, [mark.offset for mark in marks])
    if not inside:
        return {}
    targets = words_of(text)
    by_run: dict[tuple[bool, str], list[int]] = {}
    for number, (start, end) in enumerate(checked(targets)):
        pieces = [piece.lower() for piece in runs(text[start:end])]
        for piece in pieces[:-1]:
            by_run.setdefault((True, piece), []).append(number)
        for piece in pieces[1:]:
            by_run.setdefault((False, piece), []).append(number)
    starts = [start for start, _ in targets]
    pinned: dict[int, int] = {}
    low = 0
    for number, offsets in checked(inside.items()):
        start, end = words[number]
        wanted = round(start * len(text) / len(source))
        best = _likely(source[start:end], offsets[0] - start, by_run, starts, wanted, low)
        if best is None:
            break
        low = best + 1
        begin, stop = targets[best]
        cuts = matching_cuts(source[start:end], [at - start for at in offsets], text[begin:stop])
        pinned |= {at: begin + cut for at, cut in zip(offsets, cuts, strict=True)}
        pinned |= {start: begin, end: stop}
    return pinned


def _likely(
    word: str,
    cut: int,
    by_run: dict[tuple[bool, str], list[int]],
    starts: Sequence[int],
    wanted: int,
    low: int,
) -> int | None:
    """The number of the word, from ``low`` on, that a source word with a cut probably became."""
    left, right = runs(word[:cut])[-1].lower(), runs(word[cut:])[0].lower()
    if low >= len(starts):
        return None
    nearest = bisect.bisect_left(starts, _nearest_edge(starts, wanted, low))
    for key in ((False, right), (True, left)):
        numbers = by_run.get(key, [])
        first = bisect.bisect_left(numbers, low)
        if first < len(numbers):
            return _nearest_edge(numbers, nearest, first)
    return nearest
