"""Datelines: the place, the date and the agency of a report, on a line or before its text."""

from __future__ import annotations

import re
from functools import lru_cache

from summsvc.articles.noise import times
from summsvc.articles.noise.names import fill
from summsvc.languages import registry

MAX_LENGTH = 80
"""Code points of such a line."""


@lru_cache(maxsize=8)
def _pattern(languages: registry.Registry) -> re.Pattern[str]:
    place = "{name}(?:,? [(/][^()/]{2,20}[)/])?"
    agency = r"(?:[(/–—-]+ ?|(?<=\. )){agency}(?:(?:, ?| ?/ ?| ?[–—-] ?){agency}){0,3} ?[)/]?"
    return re.compile(
        fill(
            rf"{place}(?:[,.]? (?P<date>[^()/]{{2,30}}?))?[.,]? ?{agency}[.,]? ?[–—:-]*", languages
        ),
        re.IGNORECASE,
    )


def is_dateline(text: str, languages: registry.Registry) -> bool:
    """Whether a line is a dateline without the sentence that it belongs to."""
    if len(text) > MAX_LENGTH:
        return False
    found = _pattern(languages).fullmatch(text)
    return found is not None and _has_date_or_none(found, languages)


def end_of_dateline(text: str, languages: registry.Registry) -> int:
    """The offset at which the dateline at the begin of a text ends; 0 without one."""
    found = _pattern(languages).match(text[:MAX_LENGTH])
    return found.end() if found and _has_date_or_none(found, languages) else 0


def _has_date_or_none(found: re.Match[str], languages: registry.Registry) -> bool:
    date = found["date"]
    return not date or times.time_of(date.rstrip(". "), languages) is not None
