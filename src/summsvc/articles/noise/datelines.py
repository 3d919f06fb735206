"""Lines that have only the place, the date and the agency of a report."""

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
    if not found:
        return False
    date = found["date"]
    return not date or times.time_of(date.rstrip(". "), languages) is not None
