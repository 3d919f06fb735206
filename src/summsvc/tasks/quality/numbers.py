"""Figures of a source text that its translation does not give, in any form.

A translation may write a figure in another way: 1,200.5 as 1 200,5, 12 million as
12 млн, 3 p.m. as 15:00, the 19th century as XIX amžius, 12/05 as gegužės 12 d.,
2 as dvi or antras. All these count as given (``numerals`` reads them).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

from summsvc.interruption import checked
from summsvc.tasks.quality.numerals import Number, figures, numbers
from summsvc.tasks.quality.prefixes import Beginnings

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_LIKELY = re.compile(r"\d|[IVX]{2}")
_ROMAN = re.compile(r"\b[IVX]+\b")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
_DECADE = re.compile(r"\b([IVX]++) a(?:mž\w*+|\.) (?:(\d++)\S*+|\w++) dešimtme")
"""A decade as Lithuanian has it, "XX a. 8-asis dešimtmetis" for the 1970s."""

_ROUND = re.compile(r"0(?:['’]?s|-[а-я]{1,2}|-\w*j\w*)\b")
_NO_MINUTES = re.compile(r":00(?!\d)")

UNKNOWN_WORDS = 100
"""Below this a number may be a word in a language whose number words are not known."""


@dataclass(frozen=True, slots=True)
class _Stems:
    """How a language's words for numbers begin, or what they are, with their values.

    months: the same for the names of months, by number.
    """

    numbers: Beginnings
    months: Beginnings


@dataclass(frozen=True, slots=True)
class _Words:
    """What an output says in words: values of number words, and numbers of months."""

    numbers: frozenset[int]
    months: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Given:
    """What an output says: values; digits between separators; of figures with no scale word."""

    values: frozenset[Decimal]
    runs: frozenset[Decimal]
    unscaled: frozenset[Decimal]
    centuries: frozenset[int]
    words: _Words
    stems: _Stems

    def says(self, value: Decimal) -> bool:
        """Whether a value is there, as a figure or in words."""
        return value in self.values or value in self.runs or self._in_words(value)

    def has_decade(self, century: Decimal) -> bool:
        """Whether a round year of a century is there, or one without its century."""
        return not self.centuries.isdisjoint((0, int(century) - 1))

    def _in_words(self, value: Decimal) -> bool:
        """Whether a whole number is there in words or as a month."""
        if not 0 < value < 10_000 or value != int(value):
            return False
        number = int(value)
        known = self.stems.numbers.values
        if not known:
            return number < UNKNOWN_WORDS
        if number in self.words.months:
            return True
        if number in known:
            return number in self.words.numbers
        # Of 2013 the words for thousand and thirteen are looked for: how many thousands is
        # not asked.
        below = number % 100
        parts = {1000} if number >= 1000 else set()
        parts |= {100} if number // 100 % 10 else set()
        parts |= {below} if below <= 20 else {below - below % 10, below % 10}
        return self.words.numbers.issuperset(parts - {0})


def lost_figures(source: str, output: str, *, target: str) -> list[str]:
    """Numbers that the source gives in figures and the output not at all, as the source has them.

    Of Roman numerals only those of two and more letters are looked for.
    target: BCP-47. Linear in the lengths.
    """
    if not _LIKELY.search(source):
        return []
    runs = {*_DIGITS.findall(output)}
    wanted = [each for each in checked(figures(source)) if not _as_written(source, each, runs)]
    numerals = {*_ROMAN.findall(output)}
    found = checked(_ROMAN.finditer(source))
    romans = [match for match in found if len(match[0]) > 1 and match[0] not in numerals]
    if not wanted and not romans:
        return []
    given = _given(output, target)
    known = {match.start() + 1 for match in _NO_MINUTES.finditer(source)}
    for match in checked(_DECADE.finditer(source)):
        if given.has_decade(_roman(match[1])):
            known |= {match.start(1), match.start(2)}
    lost = [
        source[each.start : each.end]
        for each in checked(wanted)
        if each.start not in known and not _known(source, each, given)
    ]
    return lost + [
        match[0]
        for match in checked(romans)
        if match.start() not in known and not given.says(_roman(match[0]))
    ]


def _as_written(source: str, number: Number, runs: set[str]) -> bool:
    """Whether the digits of a figure without a scale word are all among runs of digits."""
    text = source[number.start : number.end]
    return text[-1].isdecimal() and runs.issuperset(_DIGITS.findall(text))


def _known(source: str, number: Number, given: _Given) -> bool:
    text = source[number.start : number.end]
    if any(map(given.says, {*number.readings, *_decade(source, number)})):
        return True
    runs = _runs(text)
    if not text[-1].isdecimal():
        return runs <= given.unscaled
    return all(map(given.says, runs))


def _decade(source: str, number: Number) -> Iterator[Decimal]:
    """The 1990s are also the 90s, and the tenth decade of the twentieth century."""
    digits = source[number.start : number.end]
    if len(digits) == 4 and _ROUND.match(source, number.end - 1):
        century, decade = int(digits[:2]), int(digits[2])
        yield from map(Decimal, (10 * decade, decade + 1, century + 1))


def _given(output: str, target: str) -> _Given:
    found = numbers(output, target)
    values = frozenset().union(*(each.readings for each in found))
    values |= {_roman(match[0]) for match in _ROMAN.finditer(output)}
    texts = [output[each.start : each.end] for each in found]
    runs = frozenset(_runs(output))
    years = (int(run) for run in checked(runs) if run < 10_000)
    stems = _stems(target)
    said = {match[0] for match in checked(_WORD.finditer(output.lower()))}
    return _Given(
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


@cache
def _stems(language: str) -> _Stems:
    source = files("summsvc.tasks.quality").joinpath("numerals.toml").read_text("utf-8")
    entry = tomllib.loads(source).get(language)
    if entry is None:
        return _Stems(Beginnings(()), Beginnings(()))
    months = enumerate(entry["months"].split(), 1)
    return _Stems(Beginnings(entry["stems"]), Beginnings(months))
