"""Prefix table of number words: finds the number that a word denotes by the word's beginning."""

from __future__ import annotations

from collections.abc import Iterable

from summsvc.interruption import checked


class Beginnings:
    """Table of the beginnings of number words, in lower case, and their numbers.

    stems: pairs of a number and its beginnings; one with a trailing $ is a whole word.
    values: the numbers that the table has.
    """

    def __init__(self, stems: Iterable[tuple[int, Iterable[str]]]) -> None:
        self._beginnings: dict[str, set[int]] = {}
        self._whole: dict[str, set[int]] = {}
        for value, forms in stems:
            for form in forms:
                table = self._whole if form.endswith("$") else self._beginnings
                table.setdefault(form.removesuffix("$"), set()).add(value)
        self._longest = max(map(len, self._beginnings), default=0)
        self.values = frozenset().union(*self._beginnings.values(), *self._whole.values())

    def begin(self, words: Iterable[str]) -> frozenset[int]:
        """The numbers that any of the words stands for; linear in the number of words."""
        found: set[int] = set()
        for word in checked(words):
            found |= self._whole.get(word, frozenset())
            for size in range(1, min(len(word), self._longest) + 1):
                found |= self._beginnings.get(word[:size], frozenset())
        return frozenset(found)
