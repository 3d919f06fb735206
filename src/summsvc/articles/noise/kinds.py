"""The kind of boilerplate of one line, or none: all rules of this package in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from summsvc.articles.noise import address, datelines, lines, times
from summsvc.articles.noise.names import fill
from summsvc.languages import registry

CREDIT = "a credit"
RELATED = "a link to another article"
LIVE = "a line of a live report"
SUBJECTS = "a list of subjects"
TIME = "a time of publication"
BYLINE = "a byline"

MAX_COMPOUND = 160
"""Code points of a line that has several kinds of noise, such as a byline and a time."""

MAX_AMOUNT = 30
"""Code points of a number or duration at the end of a line, with what is around it."""

MAX_TIME_WORDS = 8
"""Words of a time after a byline or a name."""

_EDGE_LINES = {
    "byline": BYLINE,
    "link": "a link line",
    "origin": "a note on the first publication",
}
_LINES = {
    "notice": "a site notice",
    "live": LIVE,
    "paywall": "a paywall notice",
    "consent": "a consent notice",
}
"""Keys of the noise patterns, in the order in which they are tried, to what a match is."""

_BULLET = re.compile(r"\A[^\w\s(\[«„“\"'‘#@©]{1,3}\s+")
_PARTS = re.compile(
    r"\s*[|•·●]\s*|\s+[–—/-]\s+|;\s+|(?<=\w)\.\s+(?=[^\W\d_]{3,20}(?: [^\W\d_]+)?: )"
)
_AMOUNT = re.compile(r"[\s:·•|–—-]*[(\[]?\s*(\d[^()\[\]]{0,18})[)\]]?\Z")
"""A number of comments, or a duration, after what it belongs to."""
_CLOCK_FIRST = re.compile(r"(\d{1,2}[:.]\d\d(?: [A-Z]{2,4})?)[:.,]? (\S.*)", re.DOTALL)
_WORD = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands.

    at_edge: near the beginning or the end of the article. outside: before its first
    sentence, or at its very end. signed: the same, but not where a headline stands. marked: after
    a symbol, such as an arrow or an emoji.
    """

    at_edge: bool
    outside: bool
    signed: bool
    marked: bool = False


@dataclass(frozen=True, slots=True)
class _Patterns:
    at_edge: dict[str, re.Pattern[str]]
    anywhere: dict[str, re.Pattern[str]]
    name: re.Pattern[str]
    signature: re.Pattern[str]


@lru_cache(maxsize=8)
def _patterns(languages: registry.Registry) -> _Patterns:
    """From what a line is to its pattern; the patterns of all languages apply to every text."""

    def compiled(keys: dict[str, str]) -> dict[str, re.Pattern[str]]:
        return {
            what: re.compile(lines.any_of(lines.patterns(key, languages), languages), re.IGNORECASE)
            for key, what in keys.items()
        }

    def one(pattern: str) -> re.Pattern[str]:
        return re.compile(fill(pattern, languages), re.IGNORECASE)

    return _Patterns(
        compiled(_EDGE_LINES), compiled(_LINES), name=one("{full_name}"), signature=one("{people}")
    )


def kind_of(text: str, languages: registry.Registry, place: Place) -> str | None:
    """What kind of boilerplate a block is, in words for a warning; None for text of the article."""
    bare = _BULLET.sub("", text)
    place = replace(place, marked=bare != text)
    text = bare
    return (
        _line(text, languages, place)
        or _before_amount(text, languages, place)
        or _compound(text, languages, place)
        or address.kind_of(text, languages, at_edge=place.at_edge)
    )


def _line(text: str, languages: registry.Registry, place: Place) -> str | None:
    """The kind of a line that has one."""
    known = _patterns(languages)
    for patterns in (known.at_edge, known.anywhere) if place.at_edge else (known.anywhere,):
        for what, pattern in patterns.items():
            if pattern.fullmatch(text):
                return what
    labels = lines.labels(languages)
    if lines.is_related(text.strip("[]"), labels, marked=place.marked):
        return RELATED
    if lines.is_credit(text, labels):
        return CREDIT
    if lines.is_tags(text, labels):
        return SUBJECTS
    time = times.time_of(text, languages)
    if time is times.Time.CLOCK:
        return LIVE
    if time is times.Time.STAMP or (time is times.Time.DATE and place.outside):
        return TIME
    if place.at_edge and datelines.is_dateline(text, languages):
        return BYLINE
    if place.signed and known.signature.fullmatch(text):
        return BYLINE
    return None


def _before_amount(text: str, languages: registry.Registry, place: Place) -> str | None:
    """The kind of a line with a number in brackets or a duration at its end."""
    amount = _AMOUNT.search(text, max(0, len(text) - MAX_AMOUNT))
    if not amount or not amount.start():
        return None
    counts = amount[1].strip().isdigit() and text.endswith((")", "]"))
    if not counts and not times.is_duration(amount[1], languages):
        return None
    return _line(text[: amount.start()], languages, place)


def _compound(text: str, languages: registry.Registry, place: Place) -> str | None:
    """The kind of a line of several parts, each of which is noise or, beside a time, a name."""
    if not place.at_edge or len(text) > MAX_COMPOUND:
        return None
    parts = [part for part in _PARTS.split(text) if part]
    if len(parts) < 2:
        parts = _after_clock(text) or _before_time(text, languages)
    if len(parts) < 2:
        return None
    kinds = [_line(part, languages, place) for part in parts]
    known = [kind for kind in kinds if kind]
    if not known:
        return None
    name = _patterns(languages).name
    unknown = [part for part, kind in zip(parts, kinds, strict=True) if not kind]
    if not unknown:
        return known[0]
    if set(known) <= {TIME, BYLINE, LIVE} and all(name.fullmatch(part) for part in unknown):
        return BYLINE
    return None


def _after_clock(text: str) -> list[str]:
    """The clock at the beginning of a line and what follows it; empty without a clock."""
    found = _CLOCK_FIRST.fullmatch(text)
    return [found[1], found[2]] if found else []


def _before_time(text: str, languages: registry.Registry) -> list[str]:
    """A line that ends in a time, as what stands before it and the time; else the line."""
    if not any(map(str.isdigit, text)):
        return [text]
    found = [text]
    for space in list(_WORD.finditer(text))[-1 : -1 - MAX_TIME_WORDS : -1]:
        if times.time_of(text[space.end() :], languages):
            found = [text[: space.start()].rstrip(" ,;(–—-"), text[space.end() :]]
    return found
