"""Fractions in words: "half a million", "three and a half", "полтора часа"."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from summsvc.interruption import checked, checked_matches
from summsvc.languages import registry
from summsvc.tasks.quality.number_words import NumberWords, folded
from summsvc.tasks.quality.numerals import quotients, scale_words

_PERCENT = re.compile(r"\s?(?:%|per ?cent|процент|проц\.|proc)")

_MAX = Decimal(10) ** 18
"""Values from here on are compared as figures only: they have more digits than Decimal keeps."""

_ONE, _ONE_AND_A_HALF = Decimal(1), Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Fractions:
    """The fractions of an output.

    values: of words such as "half". scales: of its words such as "million". has_one_and_a_half:
    whether it has that in words.
    """

    values: frozenset[Decimal]
    scales: frozenset[Decimal]
    has_one_and_a_half: bool

    def make(self, value: Decimal, has: Callable[[Decimal], bool], *, percent: bool) -> bool:
        """Whether a value is one of the fractions, perhaps after a whole number and of a scale.

        has: whether the output has a whole number. percent: whether the value is of a hundred.
        """
        if value >= _MAX:
            return False
        scales = {_ONE, *self.scales, *([Decimal(100)] if percent else [])}
        return any(self._make_scaled(value / scale, has) for scale in scales)

    def _make_scaled(self, value: Decimal, has: Callable[[Decimal], bool]) -> bool:
        if value == _ONE_AND_A_HALF and self.has_one_and_a_half:
            return True
        whole = value // 1
        return value - whole in self.values and (not whole or has(whole))


@dataclass(frozen=True, slots=True)
class _Words:
    denominators: NumberWords
    prefixes: tuple[str, ...]
    one_and_a_half: tuple[re.Pattern[str], ...]


def fractions(output: str, words: Set[str], target: str) -> Fractions:
    """The fractions of an output. words: those of the output, in lower case, letters folded."""
    known = _words(registry.current(), target)
    scales = scale_words()
    found = {scales[word] for word in checked(words) if word in scales}
    denominators = set(known.denominators.find(words))
    for prefix in known.prefixes:
        halves = {word[len(prefix) :] for word in checked(words) if word.startswith(prefix)}
        if halved := {scales[word] for word in halves if word in scales}:
            found |= halved
            denominators.add(2)
    text = output.lower()
    return Fractions(
        frozenset().union(*(quotients("1", str(each)) for each in denominators)),
        frozenset(found),
        any(next(checked_matches(each, text), None) for each in known.one_and_a_half),
    )


def is_percentage(source: str, end: int) -> bool:
    """Whether a figure that ends at ``end`` counts hundredths."""
    return _PERCENT.match(source, end) is not None


@lru_cache(maxsize=256)
def _words(languages: registry.Registry, language: str) -> _Words:
    entry = languages.get(language).numerals
    return _Words(
        NumberWords(folded(entry.fractions), (), entry.endings, entry.parts),
        entry.half_prefixes,
        tuple(map(re.compile, entry.one_and_a_half)),
    )
