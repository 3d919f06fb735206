"""The numbers that a text names, as values: "1,000", "1 000" and "one thousand" are one.

A figure can be read in more than one way: "1,500" is fifteen hundred in English
and one and a half in Russian. It has all its readings; two numbers agree when
they share one.
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

_SPACES = "\u0020\u00a0\u202f\u2009"
_FIGURE = re.compile(
    rf"(?<![\d.,])(?:\d{{1,3}}(?:[{_SPACES}.,'’]\d{{3}})+(?!\d)|\d+)(?:[.,]\d+)*", re.ASCII
)
_OTHER_DIGITS = re.compile(r"[^\W\D]+")
_SCALE = re.compile(rf"[{_SPACES}-]?([^\W\d_]+)")
_RANGE = re.compile(rf"[{_SPACES}]?(?:[–—/-]|\b(?:and|to|or|и|до|или|ir|iki|arba)\b)[{_SPACES}]?\Z")
_WORD = re.compile(r"(?<!\w)[^\W\d_]+")
_JOINT = re.compile(rf"[{_SPACES}-]+\Z")
_AFTERNOON = re.compile(rf"(?:[:.]\d\d)?[{_SPACES}]?p\.?m\b", re.IGNORECASE)
_MILLIONS = Decimal(1_000_000)

Readings = frozenset[Decimal]


@dataclass(frozen=True, slots=True)
class Number:
    """A number at [start, end) of a text, in code points.

    readings: the values it may stand for; never empty. parts: the readings of
    its pieces, where spaces that group digits might as well divide two numbers.
    loose: often no number at all ("one of them", "a million reasons").
    """

    start: int
    end: int
    readings: Readings
    parts: tuple[Readings, ...] = ()
    loose: bool = False


@dataclass(frozen=True, slots=True)
class _Words:
    values: dict[str, int]
    hundred: frozenset[str]
    joint: str
    loose: frozenset[str]


@cache
def _tables() -> tuple[dict[str, Decimal], dict[str, _Words]]:
    source = files("summsvc.tasks.quality").joinpath("numerals.toml").read_text("utf-8")
    table = tomllib.loads(source)
    scales = {
        form: Decimal(value) for value, forms in table.pop("scales") for form in forms.split()
    }
    return scales, {
        language: _Words(
            {form: value for value, forms in entry["values"] for form in forms.split()},
            frozenset(entry["hundred"].split()),
            entry["and"],
            frozenset(entry["loose"].split()),
        )
        for language, entry in table.items()
    }


def numbers(text: str, language: str) -> list[Number]:
    """Numbers in figures and, in English, Russian and Lithuanian, in words; in text order.

    language: BCP-47. Linear in the length of the text.
    """
    written = figures(text)
    ends = {each.end for each in written}
    # The scale in "5 million" belongs to the figure.
    words = [each for each in _in_words(text, language) if not (each.loose and each.end in ends)]
    return sorted([*written, *words], key=lambda each: each.start)


def figures(text: str) -> list[Number]:
    """Numbers that a text gives in figures, in its order; linear in its length."""
    return sorted(_figures(text), key=lambda each: each.start)


def _figures(text: str) -> Iterator[Number]:
    matches = list(checked(_FIGURE.finditer(text)))
    scales = [_scale(text, match.end()) for match in checked(matches)]
    for i, match in enumerate(checked(matches)):
        readings = set(_readings(match[0]))
        scale, end = scales[i]
        if scale is not None:
            # "5m" is five million, or five metres.
            plain = readings if text[match.end() : end].strip(" -") == "m" else set()
            readings = plain | {value * scale for value in readings}
        elif _AFTERNOON.match(text, match.end()):
            readings |= {value + 12 for value in readings if value < 12}
        elif (
            i + 1 < len(matches)
            and (following := scales[i + 1][0]) is not None
            and _RANGE.fullmatch(text, match.end(), matches[i + 1].start())
        ):
            readings |= {value * following for value in readings}
        if i and text[matches[i - 1].end() : match.start()] in ("-", "–", "/"):
            # 2014-20
            head = matches[i - 1][0]
            if head.isdigit() and match[0].isdigit() and len(match[0]) < len(head):
                readings.add(Decimal(head[: -len(match[0])] + match[0]))
        pieces = re.split(f"[{_SPACES}]", match[0])
        parts = tuple(_readings(piece) for piece in pieces) if len(pieces) > 1 else ()
        yield Number(match.start(), end, frozenset(readings), parts)
    for match in checked(_OTHER_DIGITS.finditer(text)):
        if not match[0].isascii():
            yield Number(*match.span(), frozenset((Decimal(match[0]),)))


def _scale(text: str, at: int) -> tuple[Decimal | None, int]:
    """The factor named after a figure that ends at ``at``, and where that ends."""
    match = _SCALE.match(text, at)
    if match is None:
        return None, at
    word = match[1].lower()
    factor = _MILLIONS if word == "m" and match.start(1) == at else _tables()[0].get(word)
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
    words = _tables()[1].get(language)
    if words is None:
        return
    run: list[re.Match[str]] = []
    for match in checked(_WORD.finditer(text)):
        if run and not _JOINT.match(text, run[-1].end(), match.start()):
            yield from _parsed(run, words)
            run = []
        word = match[0].lower()
        scales = _tables()[0]
        is_part = (
            word in words.values or word in words.hundred or (word in scales and len(word) > 1)
        )
        if is_part or (run and word == words.joint):
            run.append(match)
        else:
            yield from _parsed(run, words)
            run = []
    yield from _parsed(run, words)


def _parsed(run: list[re.Match[str]], words: _Words) -> Iterator[Number]:
    """A run of number words as numbers: "two hundred and five thousand", "two, three"."""
    scales = _tables()[0]
    total = current = Decimal(0)
    # Only smaller values may be added to what stands.
    step = Decimal(10) ** 15
    start = end = -1
    counted = False
    loose = True

    def number() -> Number:
        return Number(start, end, frozenset((total + current,)), loose=loose or not counted)

    for match in checked(run):
        word = match[0].lower()
        if word == words.joint:
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
