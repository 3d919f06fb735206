"""Words of a translation that the inline elements of its source enclose.

An element encloses the smallest range with all words that are linked with words inside it, and
its children stay inside it. Elements side by side stand in the order of their words in the
translation; where their ranges overlap, the one that begins first ends where the other begins.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from summsvc.articles.aligned_words import AlignedWords
from summsvc.articles.markup_tree import Element
from summsvc.articles.word_parts import Range
from summsvc.interruption import checked


@dataclass(slots=True)
class WordRange:
    """The numbers [first, last) of an element's words in the translation.

    weak: whether none of its words has a link. It then encloses the word before which it
    stands unless that is in another element, or nothing if it has no words (has_words).
    """

    first: int
    last: int
    weak: bool = False
    has_words: bool = True


def ranges_of(elements: Sequence[Element], words: AlignedWords) -> list[WordRange]:
    """The words of each element, whatever other elements enclose."""
    first: list[int | None] = [None] * len(words.source)
    last = [0] * len(words.source)
    for number, part in enumerate(checked(words.of)):
        if part is not None:
            first[part] = number if first[part] is None else first[part]
            last[part] = number + 1
    for part, number in words.spare.items():
        if first[part] is None:
            first[part], last[part] = number, number + 1
    following: list[int] = [len(words.target)] * (len(words.source) + 1)
    for part in checked(range(len(words.source) - 1, -1, -1)):
        known = first[part]
        following[part] = following[part + 1] if known is None else known
    found: list[WordRange] = []
    starts = [start for start, _ in words.source]
    minima, maxima = (
        _Extremes(first, min),
        _Extremes([end if first[part] is not None else None for part, end in enumerate(last)], max),
    )
    for element in checked(elements):
        begin = bisect.bisect_left(starts, element.start)
        end = bisect.bisect_left(starts, element.end)
        low, high = minima.of(begin, end), maxima.of(begin, end)
        if low is None or high is None:
            at = following[begin]
            found.append(
                WordRange(at, at, weak=True, has_words=begin < end and at < len(words.target))
            )
        else:
            found.append(WordRange(low, high))
    return found


class _Extremes:
    """The least or greatest value of any range of a list, by a sparse table.

    pick: ``min`` or ``max``. None in the list stands for no value.
    """

    def __init__(self, values: Sequence[int | None], pick: Callable[[list[int]], int]) -> None:
        self._pick = pick
        self._rows: list[Sequence[int | None]] = [values]
        width = 1
        while 2 * width <= len(values):
            row = self._rows[-1]
            pairs = zip(row, row[width:], strict=False)
            self._rows.append([self._of_two(a, b) for a, b in checked(pairs)])
            width *= 2

    def _of_two(self, a: int | None, b: int | None) -> int | None:
        if a is None or b is None:
            return b if a is None else a
        return self._pick([a, b])

    def of(self, begin: int, end: int) -> int | None:
        """The extreme of [begin, end); None without a value there."""
        if begin >= end:
            return None
        level = (end - begin).bit_length() - 1
        row = self._rows[level]
        return self._of_two(row[begin], row[end - (1 << level)])


def fix_known(
    elements: Sequence[Element],
    ranges: Sequence[WordRange],
    words: AlignedWords,
    known: dict[int, Range],
) -> None:
    """Give kept parts their own words, and quotations those between their quotation marks."""
    starts = [start for start, _ in words.target]
    for element, its in zip(elements, ranges, strict=True):
        opening, closing = known.get(element.opening or 0), known.get(element.closing or 0)
        if element.opening is None or element.closing is None or not (opening and closing):
            continue
        begin, end = opening if element.is_void else (opening[1], closing[0])
        its.first, its.last = bisect.bisect_left(starts, begin), bisect.bisect_left(starts, end)
        its.weak = its.first >= its.last


def in_order(
    elements: Sequence[Element], ranges: Sequence[WordRange], count: int
) -> dict[int, list[int]]:
    """The children of each element in the order of the translation; -1: those of none.

    Changes the ranges so that they are inside that of the parent and do not overlap. count:
    words of the translation.
    """
    whole = WordRange(0, count)
    children: dict[int, list[int]] = {}
    for number, element in enumerate(checked(elements)):
        children.setdefault(element.parent, []).append(number)
    for parent in checked([-1, *range(len(elements))]):
        if parent in children:
            within = ranges[parent] if parent >= 0 else whole
            children[parent] = _apart(children[parent], elements, ranges, within)
    return children


def _apart(
    siblings: Sequence[int],
    elements: Sequence[Element],
    ranges: Sequence[WordRange],
    within: WordRange,
) -> list[int]:
    """Elements side by side in the order of the translation, with ranges that do not overlap."""
    low, high = within.first, within.last
    if elements[siblings[0]].opening is None:
        # It began in an earlier segment: all that follows it stays behind its end.
        low = min(max(low, ranges[siblings[0]].last), high)
        ranges[siblings[0]].first = 0
    if elements[siblings[-1]].closing is None:
        high = max(low, min(ranges[siblings[-1]].first, high))
    for number in checked(siblings):
        its, element = ranges[number], elements[number]
        if element.opening is not None:
            its.first = max(its.first, low)
        if element.closing is not None:
            its.first = min(its.first, high)
            its.last = min(its.last, high)
        its.last = max(its.first, its.last)
    strong = [number for number in siblings if not ranges[number].weak]
    strong.sort(key=lambda number: (ranges[number].first, ranges[number].last))
    before: WordRange | None = None
    for number in checked(strong):
        its = ranges[number]
        if before is not None and its.first < before.last:
            if before.first < its.first:
                before.last = its.first
            else:
                its.first = before.last
                its.last = max(its.last, its.first)
        before = its
    starts = [ranges[number].first for number in strong]
    taken: set[int] = set()
    for number in checked(siblings):
        its = ranges[number]
        if not its.weak:
            continue
        at = bisect.bisect_right(starts, its.first) - 1
        if at >= 0 and its.first < ranges[strong[at]].last:
            other = strong[at]
            its.first = ranges[other].first if number < other else ranges[other].last
            its.last = its.first
        else:
            free = its.has_words and its.first not in taken
            its.last = min(its.first + free, max(its.first, high))
            taken.add(its.first)

    def order(number: int) -> tuple[bool, bool, int, int, int]:
        element, its = elements[number], ranges[number]
        begun_before, goes_on = element.opening is None, element.closing is None
        return not begun_before, goes_on, its.first, its.last, number

    return sorted(siblings, key=order)
