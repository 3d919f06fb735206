"""Kept parts, quotation marks and exponents of a segment, found in its translation."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence

from summsvc.articles.characters import POWER
from summsvc.articles.document import InlineMark, Segment
from summsvc.articles.occurrences import Occurrences
from summsvc.articles.word_parts import Range
from summsvc.interruption import checked, checked_matches

_QUOTATION_MARK = re.compile(r"[„“”«»\"‟‹›‚‘]|’(?!\w)|(?<!\w)’")
_POWER = re.compile(rf"(?<=\d){re.escape(POWER)}(?=[−+–-]?\d)")


def kept_ranges(segment: Segment, translation: str) -> dict[int, Range]:
    """Where the translation has the kept parts, by mark number; without those it lacks.

    The case of letters is ignored. A part that is never inside a word of the source is not
    found inside a word. Of several places the one nearest to the proportional position counts.
    """
    marks = segment.marks
    source = segment.text
    if not any(mark.kept for mark in marks):
        return {}
    numbers_of: dict[str, list[int]] = {}
    inside_words: set[str] = set()
    for number, mark in enumerate(checked(marks)):
        string = folded(source[mark.offset : mark.end].strip()) if mark.kept else ""
        if string:
            numbers_of.setdefault(string, []).append(number)
            if not _is_apart(source, mark):
                inside_words.add(string)
    text = folded(translation)
    found: dict[int, Range] = {}
    for strings, apart in ((numbers_of.keys() - inside_words, True), (inside_words, False)):
        if not strings:
            continue
        there: dict[str, list[int]] = {}
        for start, string in Occurrences(strings).apart(text, whole_words=apart):
            there.setdefault(string, []).append(start)
        for string, starts in checked(there.items()):
            numbers = numbers_of[string]
            wanted = [marks[number].offset * len(text) / len(source) for number in numbers]
            chosen = nearest(starts, wanted)
            for number, start in zip(numbers, chosen, strict=False):
                end = start + len(string)
                # White space inside the element replaces that of the translation.
                start -= source[marks[number].offset].isspace() and text.endswith(" ", 0, start)
                end += source[marks[number].end - 1].isspace() and text.startswith(" ", end)
                found[number] = start, end
    return _without_overlaps(found)


def _without_overlaps(found: dict[int, Range]) -> dict[int, Range]:
    """The ranges in order, without those that overlap the one before."""
    apart: dict[int, Range] = {}
    end = 0
    for number, span in checked(sorted(found.items(), key=lambda each: each[1])):
        if span[0] >= end:
            apart[number] = span
            end = span[1]
    return apart


def _is_apart(source: str, mark: InlineMark) -> bool:
    """Whether a kept part is not inside a word of the source."""
    before, after = source[mark.offset - 1 : mark.offset], source[mark.end : mark.end + 1]
    return not (_is_of_word(before) or _is_of_word(after))


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def folded(text: str) -> str:
    """The text in lower case, with as many code points."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := char.lower()) == 1 else char for char in checked(text))


def nearest(places: Sequence[int], wanted: Sequence[float]) -> list[int]:
    """A place for each wanted offset, in order: the nearest that leaves enough for the others.

    Returns fewer places than wanted where there are fewer.
    """
    chosen: list[int] = []
    low = 0
    for i, offset in enumerate(checked(wanted)):
        high = len(places) - (len(wanted) - i - 1)
        if low >= len(places):
            break
        at = bisect.bisect_left(places, offset, low, max(low + 1, high))
        near = [each for each in (at - 1, at) if low <= each < max(low + 1, high)]
        best = min(near, key=lambda each: abs(places[each] - offset))
        chosen.append(places[best])
        low = best + 1
    return chosen


def texts_of_tags(segment: Segment, translation: str) -> dict[int, Range]:
    """Where the translation has the characters of tags, by mark number.

    These are the quotation marks of q elements and the ^ of exponents. With as many of them as
    the source has, each is that of the same number; otherwise the nearest ones to the
    proportional positions count.
    """
    numbers = [i for i, mark in enumerate(segment.marks) if mark.length and not mark.kept]
    if not numbers:
        return {}
    powers = [i for i in numbers if segment.text[segment.marks[i].offset] == POWER]
    quotes = sorted(set(numbers).difference(powers))
    return {
        **_places(segment, translation, quotes, _QUOTATION_MARK),
        **_places(segment, translation, powers, _POWER),
    }


def _places(
    segment: Segment, translation: str, numbers: Sequence[int], pattern: re.Pattern[str]
) -> dict[int, Range]:
    """Where the translation has the characters of these marks, which the pattern matches."""
    source = segment.text
    here, there = (
        [match.start() for match in checked_matches(pattern, text)]
        for text in (source, translation)
    )
    offsets = [segment.marks[number].offset for number in numbers]
    if len(here) == len(there):
        by_offset = dict(zip(here, there, strict=True))
        chosen = [by_offset[offset] for offset in offsets if offset in by_offset]
    else:
        chosen = nearest(there, [at * len(translation) / len(source) for at in offsets])
    return {number: (at, at + 1) for number, at in zip(numbers, chosen, strict=False)}
