"""Table of number words: finds the number that a word denotes by its stem and its ending."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache

from summsvc.interruption import checked, checked_matches
from summsvc.languages import registry
from summsvc.languages.letters import letter_folds

_WORD = re.compile(r"\w+")
_STRESS = {0x301: None}
"""For ``str.translate``: marks of stress in Cyrillic words are left out."""

_TENS = range(20, 100, 10)


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
                if not values:
                    continue
                if self._may_follow(word, size):
                    found |= values
                elif (units := self._compound(values, word[size:])) is not None:
                    found |= values | units
        return frozenset(found)

    def _compound(self, values: set[int], rest: str) -> frozenset[int] | None:
        """The units after tens in one word, or None: "двадцати" + "пятилетний"."""
        if not self._parts or values.isdisjoint(_TENS):
            return None
        found: set[int] = set()
        for size in range(1, min(len(rest) - 1, self._longest) + 1):
            units = {value for value in self._stems.get(rest[:size], ()) if value < 10}
            if units and rest.startswith(self._parts, size):
                found |= units
        return frozenset(found) or None

    def _may_follow(self, word: str, at: int) -> bool:
        if not self._endings:
            return True
        return word[at:] in self._endings or (
            bool(self._parts) and word.startswith(self._parts, at)
        )


def folded(
    table: Iterable[tuple[int, Iterable[str]]],
) -> Iterator[tuple[int, list[str]]]:
    """The words for each value with folded letters, as ``words_of`` has them."""
    folds = letter_folds()
    return ((value, [word.translate(folds) for word in words]) for value, words in table)


def words_of(text: str) -> set[str]:
    """The words of a text in lower case, with folded letters and without marks of stress."""
    plain = text.lower().translate(_STRESS).translate(letter_folds())
    return {match[0] for match in checked_matches(_WORD, plain)}


def says_twelve(words: Set[str]) -> bool:
    """Whether one of the words of a text means noon or midnight, in any language."""
    return not _twelve_words(registry.current()).isdisjoint(words)


@lru_cache(maxsize=8)
def _twelve_words(languages: registry.Registry) -> frozenset[str]:
    folds = letter_folds()
    return frozenset(
        word.translate(folds) for each in languages.all() for word in each.numerals.twelve
    )
