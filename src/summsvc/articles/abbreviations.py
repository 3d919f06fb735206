"""Abbreviations whose full stop ends no sentence, by the lists of abbreviations.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

_SPACED_PART = re.compile(r"(?<![^\W\d_])([^\W\d_]{1,4})\.\s?\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,4}\.-?)+[^\W\d_]{1,4}\Z")
_AFTER_NUMBER = re.compile(r"(?:\b\d[\w.,/–-]*|\b[IVXLCМХ]+)\s*\Z")
_NUMBER = re.compile(r"\s*(?:[\d№]|[IVXLC]{2,}\b|[VX]\b)")

_LATIN_IN_RU = "ru-Latn"


@dataclass(frozen=True, slots=True)
class Words:
    """The lists of abbreviations.toml for one language."""

    before: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    number: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    hours: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    clauses: frozenset[str] = frozenset()
    followers: frozenset[str] = frozenset()


def words_of(language: str) -> Words:
    """The lists of a language, empty ones where there are none. language: BCP-47."""
    return _words().get(language) or Words()


@cache
def _words() -> dict[str, Words]:
    source = files("summsvc.articles").joinpath("abbreviations.toml").read_text("utf-8")
    by_language = {
        language: Words(**{name: frozenset(words.split()) for name, words in lists.items()})
        for language, lists in tomllib.loads(source).items()
    }
    english, russian = by_language["en"], by_language["ru"]
    by_language[_LATIN_IN_RU] = replace(english, starters=english.starters | russian.starters)
    return by_language


@dataclass(frozen=True, slots=True)
class Stop:
    """A full stop that may be an abbreviation's, and what is around it.

    token: the word it ends. word: the next one, at ``after``. sentence: the
    code points before the token, from the sentence's begin (at_begin) but at
    most ``sentences.LOOK_BACK``. dashed: a dash stands before the next word.
    """

    text: str
    token: str
    word: str
    after: int
    sentence: str
    at_begin: bool
    dashed: bool


def continues(stop: Stop, words: Words) -> bool:
    """Whether the full stop is only the abbreviation's own, and the sentence goes on.

    words: the lists of the text's language, from ``words_of``.
    """
    token, word = stop.token, stop.word
    if token.isascii() and token[0].isalpha() and words is _words()["ru"]:
        # A name in Latin letters: "Six Flags St. Louis".
        words = _words()[_LATIN_IN_RU]
    key = token.lower().lstrip("-–—")
    is_initial = len(word) == 1 and stop.text[stop.after + 1 : stop.after + 2] == "."
    starts = word.lower() in words.starters and not is_initial
    letters = token.rpartition(".")[2].lstrip("-")
    if len(token) == 1 and token.isupper():
        # An initial, unless the letter is a word of its own: "plan B. The", "So do I."
        return is_initial or not (starts or (token == "I" and bool(words.titles)))
    name = _spaced_abbreviation(stop.sentence, key)
    if name not in words.before | words.units:
        name = key
    if name in words.units and (
        name not in words.before | words.titles or _AFTER_NUMBER.search(stop.sentence) is not None
    ):
        return _NUMBER.match(stop.text, stop.after) is not None or (
            not starts
            and (
                word.lower() in words.followers
                or stop.dashed
                or (name in words.hours and _is_placed(stop))
                or (name in words.dates and _is_date_only(stop, words))
            )
        )
    if name in words.before:
        return not (key == "пр" and stop.sentence.endswith(" и "))
    if name in words.titles:
        return token[0].isupper()
    if name in words.number:
        return _NUMBER.match(stop.text, stop.after) is not None
    if name in words.either or _DOTTED.match(token):
        return not starts
    return len(letters) == 1 and letters.isupper() and not starts


def _is_date_only(stop: Stop, words: Words) -> bool:
    """Whether the clause has only got as far as a date: "В 2024 г." or "…, kai 2020 m.".

    In Lithuanian also when a name in the locative or genitive follows the date:
    "2024 m. Vilniuje", "2024 m. Lietuvos".
    """
    tokens = stop.sentence.split()
    if not (tokens and _AFTER_NUMBER.fullmatch(tokens.pop())):
        return False
    if words is _words()["lt"] and _is_placed(stop):
        return True
    if tokens and tokens[-1].lower() in words.leads:
        tokens.pop()
    elif len(tokens) > 1 and tokens[-2].lower() in words.leads:
        del tokens[-2:]
    if tokens and tokens[-1].lower() in words.leads:
        tokens.pop()
    if not tokens:
        return stop.at_begin
    return tokens[-1].lower() in words.clauses or tokens[-1][-1] in ",;:–—("


def _is_placed(stop: Stop) -> bool:
    """Whether a Lithuanian name in the locative, or the genitive of one, follows a number."""
    return (
        len(stop.word) > 4
        and stop.word.endswith(("e", "os"))
        and _AFTER_NUMBER.search(stop.sentence) is not None
    )


def _spaced_abbreviation(sentence: str, key: str) -> str:
    """The abbreviation with the part before it when written apart: "т. е", "t. y"."""
    if len(key) > 4:
        return key
    before = _SPACED_PART.search(sentence, max(0, len(sentence) - 8))
    return f"{before[1].lower()}.{key}" if before else key
