"""Parser for the numbers of a text: "1,000", "1 000" and "one thousand" have one value.

A figure can have more than one reading: "1,500" is fifteen hundred in English
and one and a half in Russian. A number has all its readings; two numbers agree if
they share one. Number words come from the language files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from summsvc.interruption import checked, checked_matches
from summsvc.languages import registry
from summsvc.languages.values import Valued

_SPACES = "\u0020\u00a0\u202f\u2009"
_FIGURE = re.compile(
    rf"(?<![\d.,])(?:\d{{1,3}}(?:[{_SPACES}.,'’]\d{{3}})+(?!\d)|\d+)(?:[.,]\d+)*", re.ASCII
)
_DIGIT = re.compile(r"\d")
_MIXED = re.compile(
    rf"(?<![\d.,/-])(\d{{1,3}})(?:[{_SPACES}]([1-9]\d?)/([1-9]\d?)(?![\d/])|[{_SPACES}]?([¼-¾⅐-⅞]))",
    re.ASCII,
)
_VULGAR = {
    letter: unicodedata.normalize("NFKC", letter).replace("\N{FRACTION SLASH}", "/")
    for letter in "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
}
_SUM = re.compile(rf"\.?[{_SPACES}]")
_OTHER_DIGITS = re.compile(r"[^\W\D]+")
_SCALE = re.compile(rf"[{_SPACES}-]?([^\W\d_]+)")
_WORD = re.compile(r"(?<![\w\u0300-\u036f])[^\W\d_]++(?![\u0300-\u036f])")
_JOINT = re.compile(rf"[{_SPACES}-]+\Z")

Readings = frozenset[Decimal]


@dataclass(frozen=True, slots=True)
class Number:
    """A number at [start, end) of a text, in code points.

    readings: its possible values; never empty. parts: the readings of its pieces, if
    spaces between its digits may also separate several numbers. loose: the words often
    are no claim about a number ("one of them", "a million reasons").
    """

    start: int
    end: int
    readings: Readings
    parts: tuple[Readings, ...] = ()
    loose: bool = False


@dataclass(frozen=True, slots=True)
class _Marks:
    """Words and marks around figures, of all languages.

    scales: factors by word. suffixes: factors by mark directly after the digits.
    between: matches what stands between the numbers of a range. afternoon, morning: match
    what follows a time in the afternoon, or before noon.
    """

    scales: Mapping[str, Decimal]
    suffixes: Mapping[str, Decimal]
    between: re.Pattern[str]
    afternoon: re.Pattern[str]
    morning: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Words:
    """Number words of one language, see ``languages.language.Numerals``."""

    values: Mapping[str, int]
    hundred: frozenset[str]
    and_word: str
    loose: frozenset[str]
    scales: Mapping[str, Decimal]


@lru_cache(maxsize=8)
def _marks_of(languages: registry.Registry) -> _Marks:
    entries = [language.numerals for language in languages.all()]
    words = sorted({word for entry in entries for word in entry.range_words})
    between = ["[–—/-]", *([rf"\b(?:{_alternatives(words)})\b"] if words else [])]
    return _Marks(
        _factors(entry.scales for entry in entries),
        _factors(entry.scale_suffixes for entry in entries),
        re.compile(rf"[{_SPACES}]?(?:{'|'.join(between)})[{_SPACES}]?\Z"),
        _after_time(mark for entry in entries for mark in entry.afternoon),
        _after_time(mark for entry in entries for mark in entry.morning),
    )


def _after_time(marks: Iterable[str]) -> re.Pattern[str]:
    """A pattern of the minutes of a time, if any, and one of some marks."""
    ordered = sorted(set(marks), key=len, reverse=True)
    after = rf"(?:{_alternatives(ordered)})\b" if ordered else "(?!)"
    return re.compile(rf"(?:[:.]\d\d)?[{_SPACES}]?{after}", re.IGNORECASE)


def is_afternoon(text: str, end: int) -> bool:
    """Whether what follows a time that ends at ``end`` says that it is in the afternoon."""
    return _marks_of(registry.current()).afternoon.match(text, end) is not None


def scale_words() -> Mapping[str, Decimal]:
    """The words for powers of ten of all languages, and their values."""
    return _marks_of(registry.current()).scales


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words))


def _factors(tables: Iterable[Valued]) -> Mapping[str, Decimal]:
    return {word: Decimal(value) for table in tables for value, words in table for word in words}


@lru_cache(maxsize=256)
def _words_of(languages: registry.Registry, language: str) -> _Words | None:
    entry = languages.get(language).numerals
    if not entry.values:
        return None
    return _Words(
        {word: value for value, words in entry.values for word in words},
        entry.hundred,
        entry.and_word,
        entry.loose,
        _marks_of(languages).scales,
    )


def numbers(text: str, language: str) -> list[Number]:
    """Numbers in figures, and in words if the language has number words; in text order.

    language: BCP-47. Linear in the length of the text.
    """
    written = figures(text)
    ends = {figure.end for figure in written}
    # The scale in "5 million" belongs to the figure.
    words = [word for word in _in_words(text, language) if not (word.loose and word.end in ends)]
    return sorted([*written, *words], key=lambda number: number.start)


def figures(text: str) -> list[Number]:
    """Numbers that a text has in figures, in text order; linear in its length."""
    found = _with_sums(text, sorted(_figures(text), key=lambda number: number.start))
    return list(_with_mixed(text, found)) if _MIXED.search(text) else found


def _with_sums(text: str, found: list[Number]) -> list[Number]:
    """The numbers; two of falling scales also have their sum as a reading: "1 млн 200 тыс."."""
    for i in checked(range(len(found) - 1)):
        first, second = found[i], found[i + 1]
        if text[first.end - 1].isdigit() or text[second.end - 1].isdigit():
            continue
        least, most = min(first.readings), max(second.readings)
        if 1000 <= most < least and _SUM.fullmatch(text, first.end, second.start):
            total = frozenset((least + most,))
            found[i] = replace(first, readings=first.readings | total)
            found[i + 1] = replace(second, readings=second.readings | total)
    return found


def _with_mixed(text: str, found: Sequence[Number]) -> Iterator[Number]:
    """The numbers, with each mixed fraction ("3 1/2", "3½") as one."""
    mixed = [number for match in checked_matches(_MIXED, text) if (number := _sum(text, match))]
    pending = list(reversed(mixed))
    end = 0
    for number in checked(found):
        if pending and number.start == pending[-1].start:
            end = pending[-1].end
            yield pending.pop()
        elif number.start >= end:
            yield number


def _sum(text: str, match: re.Match[str]) -> Number | None:
    """The number of a mixed fraction; None if its numerator is not the smaller one."""
    whole, mark = Decimal(match[1]), match[4]
    if mark is None and int(match[2]) >= int(match[3]):
        return None
    top, bottom = (match[2], match[3]) if mark is None else _VULGAR[mark].split("/")
    scale, end = _scale(text, match.end(), _marks_of(registry.current()))
    factor = 1 if scale is None else scale
    readings = frozenset((whole + part) * factor for part in quotients(top, bottom))
    return Number(match.start(), end, readings)


def quotients(numerator: str, denominator: str) -> Readings:
    """A fraction as a decimal, also rounded to one and two places."""
    exact = Decimal(numerator) / Decimal(denominator)
    if exact * 100 == int(exact * 100):
        return frozenset((exact,))
    return frozenset((exact, round(exact, 2), round(exact, 1)))


def _figures(text: str) -> Iterator[Number]:
    if not _DIGIT.search(text):
        return
    marks = _marks_of(registry.current())
    found = [(match, *_scale(text, match.end(), marks)) for match in checked_matches(_FIGURE, text)]
    for i, (match, scale, end) in enumerate(checked(found)):
        readings = set(_readings(match[0]))
        if scale is not None:
            # "5m" is five million, or five metres.
            plain = readings if text[match.end() : end] in marks.suffixes else set()
            readings = plain | {value * scale for value in readings}
        else:
            last, factor = match.end(), None
            if i + 1 < len(found):
                following = found[i + 1]
                if marks.between.fullmatch(text, match.end(), following[0].start()):
                    last, factor = following[0].end(), following[1]
            if factor is not None:
                readings |= {value * factor for value in readings}
            elif marks.afternoon.match(text, match.end()) or marks.afternoon.match(text, last):
                readings |= {value + 12 for value in readings if value < 12}
            elif 12 in readings and marks.morning.match(text, match.end()):
                readings.add(Decimal(0))
        if i and text[found[i - 1][0].end() : match.start()] in ("-", "–", "/"):
            # 2014-20
            head = found[i - 1][0][0]
            if head.isdigit() and match[0].isdigit() and len(match[0]) < len(head):
                readings.add(Decimal(head[: -len(match[0])] + match[0]))
        pieces = re.split(f"[{_SPACES}]", match[0])
        parts = tuple(_readings(piece) for piece in pieces) if len(pieces) > 1 else ()
        yield Number(match.start(), end, frozenset(readings), parts)
    if text.isascii():
        return
    for match in checked_matches(_OTHER_DIGITS, text):
        if not match[0].isascii():
            yield Number(*match.span(), frozenset((Decimal(match[0]),)))


def _scale(text: str, at: int, marks: _Marks) -> tuple[Decimal | None, int]:
    """The factor after a figure that ends at ``at``, and where its word ends."""
    match = _SCALE.match(text, at)
    if match is None:
        return None, at
    word = match[1].lower()
    factor = marks.suffixes.get(word) if match.start(1) == at else None
    factor = factor or marks.scales.get(word)
    return (factor, match.end()) if factor is not None else (None, at)


def _readings(figure: str) -> Readings:
    plain = re.sub(f"[{_SPACES}'’]", "", figure)
    marks = re.findall("[.,]", plain)
    if not marks:
        return frozenset((Decimal(plain),))
    whole, fraction = re.split("[.,](?=[^.,]*$)", plain)
    grouped = Decimal(re.sub("[.,]", "", plain))
    decimal = Decimal(f"{re.sub('[.,]', '', whole)}.{fraction}")
    if len(set(marks)) > 1:
        return frozenset((decimal,))
    if len(marks) > 1:
        return frozenset((grouped,))
    if len(fraction) == 3 and 0 < len(whole) <= 3:
        return frozenset((grouped, decimal))
    return frozenset((decimal,))


def _in_words(text: str, language: str) -> Iterator[Number]:
    words = _words_of(registry.current(), language)
    if words is None:
        return
    run: list[re.Match[str]] = []
    for match in checked_matches(_WORD, text):
        if run and not _JOINT.match(text, run[-1].end(), match.start()):
            yield from _parsed(run, words)
            run = []
        word = match[0].lower()
        is_part = (
            word in words.values
            or word in words.hundred
            or (word in words.scales and len(word) > 1)
        )
        if is_part or (run and word == words.and_word):
            run.append(match)
        elif run:
            yield from _parsed(run, words)
            run = []
    if run:
        yield from _parsed(run, words)


def _parsed(run: list[re.Match[str]], words: _Words) -> Iterator[Number]:
    """The numbers of a run of number words: "two hundred and five thousand", "two, three"."""
    scales = words.scales
    total = current = Decimal(0)
    # Only values below this may be added to the number.
    step = Decimal(10) ** 15
    start = end = -1
    counted = False
    loose = True

    def number() -> Number:
        return Number(start, end, frozenset((total + current,)), loose=loose or not counted)

    for match in checked(run):
        word = match[0].lower()
        if word == words.and_word:
            # "two hundred and five", but not "a million and one".
            if not counted and start >= 0:
                yield number()
                total, current, start = Decimal(0), Decimal(0), -1
            continue
        if start < 0:
            start = match.start()
        if word in scales:
            total += max(current, Decimal(1)) * scales[word]
            current, step = Decimal(0), scales[word]
        elif word in words.hundred:
            current, step = max(current, Decimal(1)) * 100, Decimal(100)
        else:
            value = Decimal(words.values[word])
            if value >= step:
                yield number()
                total = current = Decimal(0)
                start, counted, loose = match.start(), False, True
            current += value
            step = Decimal(100 if value >= 100 else 10 if value >= 20 else 1)
            counted = True
        loose = loose and (word in words.loose or word in scales or word in words.hundred)
        end = match.end()
    if start >= 0:
        yield number()
