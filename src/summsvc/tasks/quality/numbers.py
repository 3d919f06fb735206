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
from summsvc.tasks.quality.fractions import Fractions, fractions, is_percentage
from summsvc.tasks.quality.number_words import NumberWords, folded, says_twelve, words_of
from summsvc.tasks.quality.numerals import Number, figures, is_afternoon, numbers, quotients

_DIGITS = re.compile(r"\d+")
_LIKELY = re.compile(r"\d|[IVX]{2}")
_ROMAN = re.compile(r"\b[IVX]+\b")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
_NO_MINUTES = re.compile(r":00(?!\d)")
_HOURS_AND_MINUTES = re.compile(r"([01]\d|2[0-4])([0-5]\d)")
_MILITARY = re.compile(r"(0\d)([0-5]\d)", re.ASCII)
_FRACTION = re.compile(r"(?<![\d./-])(\d{1,2})/(\d{1,2})(?![\d/]|[.-]\d)", re.ASCII)
_LESS_THAN_ONE = re.compile(r"0[.,](\d+)", re.ASCII)
_LESS_THAN_ONE_ALONE = re.compile(r"(?<![\d.,:])00?[.,:](\d++)(?![.,:]\d)", re.ASCII)
_TIME = re.compile(r"(?<![\d.,:])(\d{1,2})[:.](\d\d)(?!\d)", re.ASCII)
_PART_OF_DATE = re.compile(r"[./-]", re.ASCII)
_DECIMAL_IN_THOUSANDS = re.compile(r"\d{1,3}[.,]\d\d0", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*", re.ASCII)
_MARK = re.compile(r"[.,]")
_EXPONENT_OF_UNIT = re.compile(r"(?<![^\W_])(?:[kcdm]?m|[кдс]?м|мм)([23])(?!\w)")
_DATE_MARKS = ("-", ".", "/")

_APOSTROPHES = ("'", "’")
_CENTURIES = (1800, 1900, 2000)
_TWELVE = frozenset(map(Decimal, (0, 12, 24)))

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
    """A language's words for numbers by their stems.

    months: the same for the names of months, by number.
    """

    numbers: NumberWords
    months: NumberWords


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
    first digits. times: as "6:30". less_than_one: the digits after "0", as ".85". fractions: in
    words. twelve: whether it says noon or midnight.
    """

    values: frozenset[Decimal]
    runs: frozenset[Decimal]
    unscaled: frozenset[Decimal]
    centuries: frozenset[int]
    times: frozenset[str]
    less_than_one: frozenset[str]
    fractions: Fractions
    twelve: bool
    words: _Words
    stems: _Stems

    def has(self, value: Decimal, *, in_date: bool = False) -> bool:
        """Whether the output has a value, as a figure, in words or, in a date, as a month."""
        if value in self.values or value in self.runs or self._in_words(value):
            return True
        return in_date and value in self.words.months

    def has_decade(self, century: Decimal) -> bool:
        """Whether the output has a round year of a century, or one without its century."""
        return not self.centuries.isdisjoint((0, int(century) - 1))

    def _in_words(self, value: Decimal) -> bool:
        """Whether the output has a whole number in words."""
        if not 0 < value < 10_000 or value != int(value):
            return False
        number = int(value)
        known = self.stems.numbers.values
        unit = next((unit for unit in (10, 100) if unit < number < 10 * unit), 0)
        if unit and not number % unit and self.words.numbers.issuperset((unit, number // unit)):
            # "two tens", "две сотни"
            return True
        if not known:
            return number < UNCHECKED_BELOW
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
    for match in checked_matches(_FRACTION, source):
        if int(match[2]) > int(match[1]) > 0 and not _shares(match[1], match[2]).isdisjoint(
            given.values | given.fractions.values
        ):
            known |= {match.start(1), match.start(2)}
    for match in _decades_within_centuries(source, decades):
        if given.has_decade(_roman(match["century"])):
            known |= {match.start("century"), match.start("decade")}
    known |= {match.start(1) for match in checked_matches(_EXPONENT_OF_UNIT, source)}
    is_twelve = given.twelve and not says_twelve(words_of(source))
    lost = [
        source[figure.start : figure.end]
        for figure in checked(wanted)
        if figure.start not in known
        and not (is_twelve and not _TWELVE.isdisjoint(figure.readings))
        and not _known(source, figure, given, decades)
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


def _shares(numerator: str, denominator: str) -> frozenset[Decimal]:
    """The values of a fraction, and a whole number of hundredths: 3/4, 0.75, 75%."""
    percent = Decimal(100 * int(numerator)) / int(denominator)
    whole = (percent,) if percent == int(percent) else ()
    return quotients(numerator, denominator) | frozenset(whole)


def _as_written(source: str, number: Number, runs: set[str]) -> bool:
    """Whether the digits of a figure without a scale word are all among runs of digits."""
    text = source[number.start : number.end]
    if _LESS_THAN_ONE.fullmatch(text):
        # The 0 and the other digits may be of different numbers: "0.8.5", "85.0".
        return False
    return text[-1].isdecimal() and runs.issuperset(_DIGITS.findall(text))


def _known(source: str, number: Number, given: _OutputNumbers, decades: _Decades) -> bool:
    text = source[number.start : number.end]
    in_date = _is_in_date(source, number)
    values = {*_values(text, number), *_decade(source, number, decades)}
    if any(given.has(value, in_date=in_date) for value in values):
        return True
    percent = is_percentage(source, number.end)
    if any(given.fractions.make(value, given.has, percent=percent) for value in values):
        return True
    runs = _runs(text)
    if not text[-1].isdecimal():
        return bool(runs) and runs <= given.unscaled
    if time := _HOURS_AND_MINUTES.fullmatch(text):
        hours, minutes = Decimal(time[1]), Decimal(time[2])
        if f"{int(hours)}:{time[2]}" in given.times:
            return True
        return text[0] == "0" and not minutes and given.has(hours)
    if (time := _TIME.match(source, number.start)) and not _times(time).isdisjoint(given.times):
        return True
    if _LESS_THAN_ONE.fullmatch(text):
        return text[1:].replace(",", ".") in given.less_than_one
    if _DECIMAL_IN_THOUSANDS.fullmatch(text):
        return runs <= given.runs
    return all(given.has(run, in_date=in_date) for run in runs)


def _times(time: re.Match[str]) -> set[str]:
    """The readings of a time with minutes, as "19:30"."""
    hours = int(time[1])
    later = {hours + 12} if hours < 12 and is_afternoon(time.string, time.end()) else set()
    return {f"{each}:{time[2]}" for each in {hours, *later}}


def _is_in_date(source: str, number: Number) -> bool:
    """Whether a figure is part of one like 12/05/2024, whose month may be a word."""
    text = source[number.start : number.end]
    before, after = source[: number.start][-2:], source[number.end : number.end + 2]
    return bool(
        _PART_OF_DATE.search(text)
        or (before[1:] in _DATE_MARKS and before[:1].isdecimal())
        or (after[:1] in _DATE_MARKS and after[1:].isdecimal())
    )


def _values(text: str, number: Number) -> frozenset[Decimal]:
    """The readings of a figure, without the unlikely ones.

    "1,200" is no 1.2: decimals are translated with the same digits. "0.8.5" is no 85.
    """
    if _DECIMAL_IN_THOUSANDS.fullmatch(text) and text[0] != "0":
        return number.readings - {Decimal(text.replace(",", "."))}
    if len(_MARK.findall(text)) > 1 and text[-1].isdecimal() and not _THOUSANDS.fullmatch(text):
        whole = {value for value in number.readings if value == int(value)}
        return number.readings - whole if len(set(_MARK.findall(text))) == 1 else number.readings
    return number.readings


def _decade(source: str, number: Number, decades: _Decades) -> Iterator[Decimal]:
    """The 1990s are also the 90s, and the tenth decade of the twentieth century; '45 is 1945."""
    digits = source[number.start : number.end]
    is_decade = decades.round_year.match(source, number.end - 1) is not None
    if len(digits) == 4 and is_decade:
        century, decade = int(digits[:2]), int(digits[2])
        yield from map(Decimal, (10 * decade, decade + 1, century + 1))
    elif (
        len(digits) == 2
        and digits.isdecimal()
        and (is_decade or source[: number.start][-1:] in _APOSTROPHES)
    ):
        yield from (Decimal(century + int(digits)) for century in _CENTURIES)


def _given(output: str, stems: _Stems, target: str) -> _OutputNumbers:
    # Loose words are found by their stems, if they are no other word.
    found = [each for each in numbers(output, target) if not each.loose or min(each.readings) > 999]
    texts = [output[number.start : number.end] for number in found]
    values = frozenset().union(*map(_values, texts, found))
    values |= {_roman(match[0]) for match in _ROMAN.finditer(output)}
    military = (match for run in _DIGITS.findall(output) if (match := _MILITARY.fullmatch(run)))
    runs = frozenset(
        {*_runs(output), *(Decimal(part) for each in military for part in each.groups())}
    )
    years = (int(run) for run in checked(runs) if run < 10_000)
    said = words_of(output)
    return _OutputNumbers(
        values,
        runs,
        frozenset().union(*(_runs(text) for text in texts if text[-1].isdecimal())),
        frozenset(year // 100 for year in years if not year % 10),
        frozenset().union(*map(_times, checked_matches(_TIME, output))),
        frozenset(f".{each[1]}" for each in checked_matches(_LESS_THAN_ONE_ALONE, output)),
        fractions(output, said, target),
        says_twelve(said),
        _Words(stems.numbers.find(said), stems.months.find(said)),
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
    counted = [(value, set(words) - entry.loose) for value, words in entry.values]
    if not entry.stems:
        counted = []
    elif entry.hundred:
        counted.append((100, set(entry.hundred)))
    months = ((number, word.split("|")) for number, word in enumerate(entry.months, 1))
    return _Stems(
        NumberWords(folded(entry.stems), folded(counted), entry.endings, entry.parts),
        NumberWords(folded(months), (), entry.endings),
    )


@lru_cache(maxsize=8)
def _decades(languages: registry.Registry) -> _Decades:
    entries = [language.numerals for language in languages.all()]
    endings = "|".join(ending for entry in entries for ending in entry.round_year_endings)
    within = (re.compile(pattern) for entry in entries for pattern in entry.decades)
    return _Decades(re.compile(rf"0(?:{endings or '(?!)'})\b"), tuple(within))
