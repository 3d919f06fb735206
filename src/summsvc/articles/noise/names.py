"""Regular expressions for names of people, agencies and sites in noise lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from summsvc.languages import registry

CAPITALS = "A-Z" + "".join(chr(code) for code in range(0xC0, 0x530) if chr(code).isupper())
CAPITALISED = rf"(?-i:[{CAPITALS}][\w.'’-]*+)"
_SITE = r"(?!pic\.)(?:[\w-]{1,30}\.){1,3}[a-zрф]{2,10}+(?!\w)(?:/[\w.-]{1,40}){0,2}"
_QUOTED = r"[„“«\"][^„“«»”\"]{2,40}[”“»\"]"
_HANDLE = r"@\w++"
_JOIN = r"(?: ?[/|,;•·&+] ?| [–—-] )"
_OPENING, _CLOSING = "[„“”\"«‘'(]?", "[”“\"»’')]?"

MAX_SOURCE_WORDS = 30


def fill(pattern: str, languages: registry.Registry) -> str:
    """A noise pattern with its placeholders replaced by regular expressions."""
    for placeholder, expression in _expressions(languages).items():
        pattern = pattern.replace(placeholder, expression)
    return pattern


def words(entries: Iterable[str]) -> str:
    """A regular expression for one of the words; a trailing * stands for any ending.

    The words are grouped by their first letter, which makes a failure fast.
    """
    by_letter: dict[str, list[str]] = {}
    for entry in sorted(set(entries), key=lambda entry: (-len(entry), entry)):
        rest = re.escape(entry[1:-1]) + r"\w*+" if entry.endswith("*") else re.escape(entry[1:])
        by_letter.setdefault(entry[0], []).append(rest)
    groups = (
        f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in sorted(by_letter.items())
    )
    return f"(?:{'|'.join(groups) or '(?!)'})"


@lru_cache(maxsize=8)
def _expressions(languages: registry.Registry) -> dict[str, str]:
    """Placeholder to regular expression, for the pattern flag IGNORECASE.

    Words are atomic groups, so that a text can be divided into them in one way only.
    """
    noise = list(languages.noise())
    inner = words(word for each in noise for word in (*each.conjunctions, *each.particles))
    inner += r"(?!\w)"
    conjunctions = words(word for each in noise for word in each.conjunctions)
    no_name = rf"(?!{words(word for each in noise for word in each.not_names)}(?!\w))"
    agency = rf"(?:{_SITE}|{words(each for one in noise for each in one.agencies)}(?!\w))"
    network = rf"[„“«\"]?{words(each for one in noise for each in one.networks)}(?!\w)[”“»\"]?"
    lower = words(word for each in noise for word in each.source_words) + r"(?!\w)"
    next_name = rf"(?>(?: {inner}){{0,2}} {CAPITALISED})"
    person = rf"{no_name}{CAPITALISED}(?: (?-i:[{CAPITALS}]\.))? {no_name}{CAPITALISED}(?<!\.)"
    word = (
        rf"(?:{_QUOTED}|{_OPENING}(?:{_HANDLE}|{agency}|{CAPITALISED}|{lower}|\d{{1,4}}){_CLOSING})"
    )
    step = rf"(?:{_JOIN}|(?: {inner})*+ )?{word}"
    return {
        "{name}": rf"{no_name}{CAPITALISED}{next_name}{{0,4}}",
        "{full_name}": rf"{no_name}{CAPITALISED}{next_name}{{1,4}}",
        "{people}": rf"{person}(?:(?:, | & |,? {conjunctions} ){person}){{0,3}}",
        "{agency}": agency,
        "{networks}": rf"{network}(?:(?:[ ,|/•·&]+|,? {conjunctions} ){network}){{0,12}}",
        "{source}": rf"(?!\s|\d|{_JOIN})(?>{step}){{1,{MAX_SOURCE_WORDS}}}",
    }
