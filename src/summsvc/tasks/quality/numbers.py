"""Quality check: figures of a source text that its translation does not have, in any form.

A translation may write a figure in another way: 1,200.5 as 1 200,5, 12 million as
12 млн, 3 p.m. as 15:00, the 19th century as XIX amžius, 12/05 as gegužės 12 d.,
2 as dvi or antras. None of these counts as lost (``numerals`` parses them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from summsvc.interruption import checked, checked_matches
from summsvc.languages import registry
from summsvc.tasks.quality.numerals import Number, figures, numbers
from summsvc.tasks.quality.prefixes import Beginnings

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_LIKELY = re.compile(r"\d|[IVX]{2}")
_ROMAN = re.compile(r"\b[IVX]+\b")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
_NO_MINUTES = re.compile(r":00(?!\d)")

UNCHECKED_BELOW = 100
"""In a language without number words, smaller numbers of an output may be words."""


@dataclass(frozen=True, slots=True)
class _Decades:
    """How decades are written, in all languages.

    round_year: matches from the last 0 of a decade that is written as a year ("1990s").
    within_century: match decades that are counted within a century, with the groups
    ``century`` and ``decade``.
    """

    round_year: re.Pattern[str]
    within_century: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class _Stems:
    """A language's words for numbers by their beginnings.

    months: the same for the names of months, by number.
    """

    numbers: Beginnings
    months: Beginnings


@dataclass(frozen=True, slots=True)
class _Words:
    """The numbers of an output in words: values of number words, numbers of months."""

    numbers: frozenset[int]
    months: frozenset[int]


@dataclass(frozen=True, slots=True)
class _OutputNumbers:
    """The numbers of an output.

    values: of figures, number words and Roman numerals. runs: digits between separators.
    unscaled: runs of figures without a scale word. centuries: of round years, by their
    first digits.
    """

    values: frozenset[Decimal]
    runs: frozenset[Decimal]
    unscaled: frozenset[Decimal]
    centuries: frozenset[int]
    words: _Words
    stems: _Stems

    def has(self, value: Decimal) -> bool:
        """Whether the output has a value, as a figure or in words."""
        return value in self.values or value in self.runs or self._in_words(value)

    def has_decade(self, century: Decimal) -> bool:
        """Whether the output has a round year of a century, or one without its century."""
        return not self.centuries.isdisjoint((0, int(century) - 1))

    def _in_words(self, value: Decimal) -> bool:
        """Whether the output has a whole number in words or as a month."""
        if not 0 < value < 10_000 or value != int(value):
            return False
        number = int(value)
        known = self.stems.numbers.values
        if not known:
            return number < UNCHECKED_BELOW
        if number in self.words.months:
            return True
        if number in known:
            return number in self.words.numbers
        # 2013 needs the words for thousand and thirteen; the number of thousands is ignored.
        below = number % 100
        parts = {1000} if number >= 1000 else set()
        parts |= {100} if number // 100 % 10 else set()
        parts |= {below} if below <= 20 else {below - below % 10, below % 10}
        return self.words.numbers.issuperset(parts - {0})


def lost_figures(source: str, output: str, *, target: str) -> list[str]:
    """Figures of the source that the output does not have in any form, as the source writes them.

    Roman numerals of one letter are ignored. target: BCP-47. Linear in the lengths.
    """
    if not _LIKELY.search(source):
        return []
    runs = {*_DIGITS.findall(output)}
    numerals = {*_ROMAN.findall(output)}
    found, found_romans = checked(figures(source)), checked_matches(_ROMAN, source)
    wanted = [figure for figure in found if not _as_written(source, figure, runs)]
    romans = [match for match in found_romans if len(match[0]) > 1 and match[0] not in numerals]
    if not wanted and not romans:
        return []
    languages = registry.current()
    decades = _decades(languages)
    given = _given(output, _stems(languages, target), target)
    known = {match.start() + 1 for match in _NO_MINUTES.finditer(source)}
    for match in _decades_within_centuries(source, decades):
        if given.has_decade(_roman(match["century"])):
            known |= {match.start("century"), match.start("decade")}
    lost = [
        source[figure.start : figure.end]
        for figure in checked(wanted)
        if figure.start not in known and not _known(source, figure, given, decades)
    ]
    return lost + [
        match[0]
        for match in checked(romans)
        if match.start() not in known and not given.has(_roman(match[0]))
    ]


def _decades_within_centuries(source: str, decades: _Decades) -> Iterator[re.Match[str]]:
    for pattern in decades.within_century:
        for match in checked_matches(pattern, source):
            if _ROMAN.fullmatch(match["century"] or ""):
                yield match


def _as_written(source: str, number: Number, runs: set[str]) -> bool:
    """Whether the digits of a figure without a scale word are all among runs of digits."""
    text = source[number.start : number.end]
    return text[-1].isdecimal() and runs.issuperset(_DIGITS.findall(text))


def _known(source: str, number: Number, given: _OutputNumbers, decades: _Decades) -> bool:
    text = source[number.start : number.end]
    if any(map(given.has, {*number.readings, *_decade(source, number, decades)})):
        return True
    runs = _runs(text)
    if not text[-1].isdecimal():
        return runs <= given.unscaled
    return all(map(given.has, runs))


def _decade(source: str, number: Number, decades: _Decades) -> Iterator[Decimal]:
    """The 1990s are also the 90s, and the tenth decade of the twentieth century."""
    digits = source[number.start : number.end]
    if len(digits) == 4 and decades.round_year.match(source, number.end - 1):
        century, decade = int(digits[:2]), int(digits[2])
        yield from map(Decimal, (10 * decade, decade + 1, century + 1))


def _given(output: str, stems: _Stems, target: str) -> _OutputNumbers:
    found = numbers(output, target)
    values = frozenset().union(*(number.readings for number in found))
    values |= {_roman(match[0]) for match in _ROMAN.finditer(output)}
    texts = [output[number.start : number.end] for number in found]
    runs = frozenset(_runs(output))
    years = (int(run) for run in checked(runs) if run < 10_000)
    said = {match[0] for match in checked_matches(_WORD, output.lower())}
    return _OutputNumbers(
        values,
        runs,
        frozenset().union(*(_runs(text) for text in texts if text[-1].isdecimal())),
        frozenset(year // 100 for year in years if not year % 10),
        _Words(stems.numbers.begin(said), stems.months.begin(said)),
        stems,
    )


def _runs(text: str) -> set[Decimal]:
    return {Decimal(run) for run in _DIGITS.findall(text)}


def _roman(numeral: str) -> Decimal:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return Decimal(sum(-value if value < following else value for value, following in pairs))


@lru_cache(maxsize=256)
def _stems(languages: registry.Registry, language: str) -> _Stems:
    entry = languages.get(language).numerals
    months = ((number, (word,)) for number, word in enumerate(entry.months, 1))
    return _Stems(Beginnings(entry.stems), Beginnings(months))


@lru_cache(maxsize=8)
def _decades(languages: registry.Registry) -> _Decades:
    entries = [language.numerals for language in languages.all()]
    endings = "|".join(ending for entry in entries for ending in entry.round_year_endings)
    within = (re.compile(pattern) for entry in entries for pattern in entry.decades)
    return _Decades(re.compile(rf"0(?:{endings or '(?!)'})\b"), tuple(within))
