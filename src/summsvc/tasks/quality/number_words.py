"""Table of number words: finds the number that a word denotes by its stem and its ending."""

from __future__ import annotations

from collections.abc import Iterable

from summsvc.interruption import checked


class NumberWords:
    """Table of the stems of number words, in lower case, and their numbers.

    A word matches a stem if it is the stem, the stem and an ending, or a compound of the
    stem and a word that begins with one of the ``parts`` ("двух" + "этажный"). Without
    any ending in the table, it matches if it begins with the stem.

    stems: pairs of a number and its stems. One with a trailing $ is a whole word; one with
    a trailing - is no word without an ending or a second part. words: pairs of a number
    and whole words. values: the numbers that the table has.
    """

    def __init__(
        self,
        stems: Iterable[tuple[int, Iterable[str]]],
        words: Iterable[tuple[int, Iterable[str]]] = (),
        endings: Iterable[str] = (),
        parts: Iterable[str] = (),
    ) -> None:
        self._stems: dict[str, set[int]] = {}
        self._whole: dict[str, set[int]] = {}
        self._endings = frozenset(endings)
        self._parts = tuple(parts)
        for value, forms in stems:
            for form in forms:
                stem = form.rstrip("$-")
                if not form.endswith("$"):
                    self._stems.setdefault(stem, set()).add(value)
                if not form.endswith("-"):
                    self._whole.setdefault(stem, set()).add(value)
        for value, forms in words:
            for form in forms:
                self._whole.setdefault(form, set()).add(value)
        self._longest = max(map(len, self._stems), default=0)
        self.values = frozenset().union(*self._stems.values(), *self._whole.values())

    def find(self, words: Iterable[str]) -> frozenset[int]:
        """The numbers that any of the words stands for; linear in the number of words."""
        found: set[int] = set()
        for word in checked(words):
            found |= self._whole.get(word, frozenset())
            for size in range(1, min(len(word) - 1, self._longest) + 1):
                values = self._stems.get(word[:size])
                if values and self._may_follow(word, size):
                    found |= values
        return frozenset(found)

    def _may_follow(self, word: str, at: int) -> bool:
        if not self._endings:
            return True
        return word[at:] in self._endings or (
            bool(self._parts) and word.startswith(self._parts, at)
        )
