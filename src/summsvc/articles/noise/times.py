"""Lines that have nothing but a time: of publication, of an update, of a live report's entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from summsvc.articles.noise.names import CAPITALISED, words
from summsvc.languages import registry

MAX_LENGTH = 120
"""Code points of a line of times."""

MAX_BARE_DURATION = 3
"""Words of "5 hours ago", without what it says."""

MAX_DURATION = 20
"""Code points of a duration."""

_TOKEN = re.compile(r"\d++(?:[.:/-]\d++)*+|[^\W\d_]++|[^\w\s]|_")
_CLOCK = re.compile(r"(?:[01]?\d|2[0-4])[:.][0-5]\d(?:[:.][0-5]\d)?")
_YEAR, _SHORT = r"(?:19|20)\d\d", r"\d{1,2}"
_DATE = re.compile(rf"{_YEAR}([./-]){_SHORT}\1{_SHORT}|{_SHORT}([./-]){_SHORT}\2(?:{_YEAR}|\d\d)")
_DAY = re.compile(r"0?[1-9]|[12]\d|3[01]")
_STAMPED_NAME = re.compile(
    rf"\d{{1,2}}[:.]\d{{2}}(?: [A-Z]{{2,4}})? ?[|–—-] ?{CAPITALISED}(?: {CAPITALISED}){{1,3}}"
)
_ABBREVIATED = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,4}\.\Z")
_NOT_IN_TIMES = frozenset('"“”«»„!?')


class Time(Enum):
    """What a line of times is: a clock alone, a date alone, or more than that."""

    CLOCK = "clock"
    DATE = "date"
    STAMP = "stamp"


@dataclass(frozen=True, slots=True)
class _Words:
    labels: re.Pattern[str]
    past: re.Pattern[str]
    units: re.Pattern[str]
    months: re.Pattern[str]


@dataclass(slots=True)
class _Facts:
    """What the words and figures of a line are; false for what it lacks."""

    figures: int = 0
    words: int = 0
    labelled: bool = False
    past: bool = False
    clock: bool = False
    date: bool = False
    month: bool = False
    day: bool = False


def time_of(text: str, languages: registry.Registry) -> Time | None:
    """What kind of time a line consists of; None for any other line."""
    if len(text) > MAX_LENGTH:
        return None
    if _STAMPED_NAME.fullmatch(text):
        return Time.CLOCK
    facts = _facts(text, _words(languages))
    if not facts or _ends_sentence(text):
        return None
    if facts.clock and facts.figures == 1 and not (facts.labelled or facts.past or facts.month):
        return Time.CLOCK
    measured = facts.figures > 0
    if (
        facts.clock
        or (facts.labelled and (measured or facts.past))
        or (facts.past and (measured or facts.words <= MAX_BARE_DURATION))
    ):
        return Time.STAMP
    return Time.DATE if facts.date or (facts.month and facts.day) else None


def is_duration(text: str, languages: registry.Registry) -> bool:
    """Whether a text is a figure and its unit, such as the minutes of a recording."""
    facts = _facts(text, _words(languages)) if len(text) <= MAX_DURATION else None
    return bool(facts and facts.figures == 1 and facts.words <= MAX_BARE_DURATION)


def _facts(text: str, known: _Words) -> _Facts | None:
    """The facts of a line; None when it has a word that belongs to no time."""
    facts = _Facts()
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token[0].isdigit():
            facts.figures += 1
            facts.clock |= bool(_CLOCK.fullmatch(token))
            facts.date |= bool(_DATE.fullmatch(token))
            facts.day |= bool(_DAY.fullmatch(token))
            continue
        if not token[0].isalpha():
            if token in _NOT_IN_TIMES:
                return None
            continue
        facts.words += 1
        if known.labels.fullmatch(token):
            facts.labelled = True
        elif known.past.fullmatch(token):
            facts.past = True
        elif known.months.fullmatch(token):
            facts.month = True
        elif not known.units.fullmatch(token):
            return None
    return facts


def _ends_sentence(text: str) -> bool:
    """Whether a full stop at the end is more than that of an abbreviation ("36 min.")."""
    return text.endswith(".") and not _ABBREVIATED.search(text)


@lru_cache(maxsize=8)
def _words(languages: registry.Registry) -> _Words:
    tables = [noise.times for noise in languages.noise()]

    def one_of(entries: Iterable[str]) -> re.Pattern[str]:
        return re.compile(words(entries), re.IGNORECASE)

    return _Words(
        labels=one_of(word for table in tables for word in table.labels),
        past=one_of(word for table in tables for word in table.past),
        units=one_of(word for table in tables for word in table.units),
        months=one_of(
            form
            for language in languages.all()
            for month in language.numerals.months
            for stem in month.split("|")
            for form in _forms(stem, language.numerals.endings)
        ),
    )


def _forms(stem: str, endings: Sequence[str]) -> Iterable[str]:
    """The forms of a month by its stem; not every word that begins so ("liepa", "Liepaja")."""
    if stem.endswith("$"):
        return [stem[:-1]]
    if not endings:
        return [f"{stem.removesuffix('-')}*"]
    forms = [stem.removesuffix("-") + ending for ending in endings]
    return forms if stem.endswith("-") else [stem, *forms]
