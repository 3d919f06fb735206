"""Text in which a site speaks to its readers: consent, payment, appeals, invitations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from summsvc.articles.noise.names import words
from summsvc.languages import registry

MAX_LENGTH = 400
"""Code points. A longer block is not such a text."""

FRAGMENT_WORDS = 4
"""A sentence of so many words need not speak to the reader ("Cancel anytime")."""

MIN_SUBJECTS = 2
"""Different subjects of its kind that a text has."""

SUBJECT_LETTERS = 6
"""Letters in which the forms of one subject agree ("subscribe", "subscription")."""

SHORT = 120
"""Code points of a notice that need not ask for anything."""

_AT = "@"
"""Part of a mail address or a name in a network: as good as "our"."""

_SENTENCE = re.compile(r"[.!?…:][\"”»“)]?\s+|\s[|•·–—]\s+")
_REPORTED = re.compile(r"\w \w++ \w++[,.!?…][”»“\"](?:\s|\Z)|[”»“\"],? [–—-] ")
_SUBJECTS = {
    "consent": "a consent notice",
    "paywall": "a paywall notice",
    "appeal": "an appeal to readers",
    "invitation": "an invitation to readers",
}
"""Keys of table ``noise.address``, in the order in which they are tried, to what a match is."""


@dataclass(frozen=True, slots=True)
class _Rules:
    imperatives: re.Pattern[str]
    openings: re.Pattern[str]
    you: re.Pattern[str]
    own: re.Pattern[str]
    reports: re.Pattern[str]
    core: dict[str, re.Pattern[str]]
    context: dict[str, re.Pattern[str]]


@lru_cache(maxsize=8)
def _rules(languages: registry.Registry) -> _Rules:
    tables = [noise.address for noise in languages.noise()]

    def whole_words(key: str) -> re.Pattern[str]:
        found = words(word for table in tables for word in getattr(table, key))
        return re.compile(rf"(?<!\w){found}(?!\w)")

    def any_of(patterns: Iterable[str]) -> str:
        return "|".join(f"(?:{pattern})" for pattern in patterns) or "(?!)"

    def subject(lists: Iterable[Iterable[str]]) -> re.Pattern[str]:
        found = any_of(pattern for patterns in lists for pattern in patterns)
        return re.compile(rf"(?<!\w)(?:{found})")

    def beginning(lists: Iterable[Iterable[str]]) -> re.Pattern[str]:
        found = any_of(pattern for patterns in lists for pattern in patterns)
        return re.compile(rf"\W{{0,4}}(?:{found})(?!\w)")

    own = any_of(pattern for table in tables for pattern in table.own)
    return _Rules(
        imperatives=beginning(table.imperatives for table in tables),
        openings=beginning(table.openings for table in tables),
        you=whole_words("you"),
        own=re.compile(rf"(?<!\w)(?:{own})(?!\w)"),
        reports=whole_words("reports"),
        core={kind: subject(getattr(table, kind).core for table in tables) for kind in _SUBJECTS},
        context={
            kind: subject(getattr(table, kind).context for table in tables) for kind in _SUBJECTS
        },
    )


def kind_of(text: str, languages: registry.Registry, *, at_edge: bool) -> str | None:
    """What kind of text to its readers a block is; None for any other block.

    at_edge: whether the block is near the beginning or the end of the article. Elsewhere
    the site has to speak of itself.
    """
    if len(text) > MAX_LENGTH:
        return None
    rules = _rules(languages)
    # Patterns that distinguish case are three times as fast.
    text = text.lower()
    if rules.reports.search(text) and not rules.imperatives.match(text):
        return None
    asks = own = opens = False
    for sentence in filter(None, _SENTENCE.split(text)):
        asks_here = bool(rules.imperatives.match(sentence))
        own_here = _AT in sentence or bool(rules.own.search(sentence))
        opens_here = bool(rules.openings.match(sentence))
        asks, own, opens = asks or asks_here, own or own_here, opens or opens_here
        if (
            not (asks_here or own_here or opens_here)
            and sentence.count(" ") >= FRAGMENT_WORDS
            and not rules.you.search(sentence)
        ):
            return None
    if not (own or at_edge) or _REPORTED.search(text):
        return None
    # "Have your say" reports nothing.
    if rules.reports.search(rules.own.sub(" ", text)):
        return None
    for kind, what in _SUBJECTS.items():
        core = _found(rules.core[kind], text)
        if not core:
            continue
        if kind == "invitation":
            enough = asks and own
        else:
            context = _found(rules.context[kind], text)
            enough = len(core | context) >= MIN_SUBJECTS and (
                asks or own or opens or (kind != "appeal" and len(text) <= SHORT)
            )
        if enough:
            return what
    return None


def _found(subjects: re.Pattern[str], text: str) -> set[str]:
    """The different subjects of a text, by their first letters."""
    return {match[0][:SUBJECT_LETTERS] for match in subjects.finditer(text)}
