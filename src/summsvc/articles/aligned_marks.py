"""Placement of inline markup around the words that a word alignment links with its own words.

``element_ranges`` finds the words of each element; this module finds the offsets of the marks,
with the punctuation that belongs inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from summsvc.articles.aligned_words import AlignedWords
from summsvc.articles.document import InlineMark
from summsvc.articles.element_ranges import WordRange, fix_known, in_order, ranges_of
from summsvc.articles.markup_tree import Element
from summsvc.articles.word_parts import Range
from summsvc.interruption import checkpoint

_OPENING = "([{„“\"'«‹¿¡"
_MAX_PUNCTUATION = 16
"""Code points at an edge of an element that are searched for punctuation."""
_CLOSING = ".,;:!?…"
_CLOSING_PAIRED = ")]}\"'”’»“›"


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a mark: the range [start, end) of the translation that it replaces."""

    mark: InlineMark
    start: int
    end: int


def place_by_alignment(
    source: str,
    target: str,
    marks: Sequence[InlineMark],
    elements: Sequence[Element],
    words: AlignedWords,
    known: dict[int, Range],
) -> list[Place]:
    """The places of the marks of all elements, in the order of the translation.

    known: ranges of kept parts and of quotation marks that marks stand for, by mark number.
    """
    ranges = ranges_of(elements, words)
    fix_known(elements, ranges, words, known)
    children = in_order(elements, ranges, len(words.target))
    text = _Text(source, target, words, marks, known)
    return list(_emitted(elements, ranges, children, text))


class _Text:
    """Offsets in the translation of the edges of elements."""

    def __init__(
        self,
        source: str,
        target: str,
        words: AlignedWords,
        marks: Sequence[InlineMark],
        known: dict[int, Range],
    ) -> None:
        self.length = len(target)
        self.marks = marks
        self.known = known
        self._source = source
        self._target = target
        self._words = words.target

    def opening(self, element: Element, its: WordRange) -> Range:
        """The range that the opening mark replaces, or where it stands."""
        assert element.opening is not None
        if element.opening in self.known:
            return self.known[element.opening]
        if its.first >= len(self._words):
            at = self._words[-1][1] if self._words else 0
            return at, at
        at = self._words[its.first][0]
        if its.first < its.last:
            at -= self._inner_opening(element, at)
        return at, at

    def closing(self, element: Element, its: WordRange) -> Range:
        """The range that the closing mark replaces, or where it stands."""
        if element.closing is None:
            return self.length, self.length
        if element.closing in self.known:
            return self.known[element.closing]
        if its.first >= its.last:
            return 0, 0
        at = self._words[its.last - 1][1]
        at += self._inner_closing(element, at)
        return at, at

    def _inner_opening(self, element: Element, at: int) -> int:
        """How many opening quotation marks or brackets before ``at`` are inside the element."""
        head = self._source[element.start : min(element.end, element.start + _MAX_PUNCTUATION)]
        most = len(head) - len(head.lstrip(_OPENING))
        before = self._target[max(0, at - most) : at]
        return len(before) - len(before.rstrip(_OPENING))

    def _inner_closing(self, element: Element, at: int) -> int:
        """How many punctuation marks from ``at`` on are inside the element.

        As many as the element ends with, up to a quotation mark or bracket if it ends with one.
        """
        tail = self._source[max(element.start, element.end - _MAX_PUNCTUATION) : element.end]
        most = len(tail) - len(tail.rstrip(_CLOSING + _CLOSING_PAIRED))
        following = self._target[at : at + most]
        count = len(following) - len(following.lstrip(_CLOSING + _CLOSING_PAIRED))
        if tail[-1:] in _CLOSING_PAIRED:
            paired = (i + 1 for i in range(count) if following[i] in _CLOSING_PAIRED)
            return next(paired, count)
        return count


def _emitted(
    elements: Sequence[Element],
    ranges: Sequence[WordRange],
    children: dict[int, list[int]],
    text: _Text,
) -> Iterator[Place]:
    """Yield the places of all marks in the order of the translation; they do not overlap."""
    at = 0
    ends: dict[int, Range] = {-1: (text.length, text.length)}
    waiting = [(number, False) for number in reversed(children.get(-1, []))]
    while waiting:
        checkpoint()
        number, closes = waiting.pop()
        element, limit = elements[number], ends[elements[number].parent][0]
        if closes:
            start, end = ends[number]
            if element.closing is not None:
                yield Place(text.marks[element.closing], max(at, start), max(at, end))
                at = max(at, end)
            continue
        if element.opening is not None:
            start, end = text.opening(element, ranges[number])
            if end <= limit and start >= at:
                at = end
            else:
                start = end = at = max(at, min(start, limit))
            yield Place(text.marks[element.opening], start, end)
        if not element.is_void:
            start, end = text.closing(element, ranges[number])
            if end > limit or start < at:
                start = end = max(at, min(start, limit))
            ends[number] = start, end
            waiting.append((number, True))
            waiting += ((child, False) for child in reversed(children.get(number, [])))
