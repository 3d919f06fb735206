"""Abbreviation rules: whether a full stop belongs to an abbreviation or ends a sentence.

The abbreviations are in the lists of the language files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from summsvc.languages import registry
from summsvc.languages.language import NO_WORDS, Abbreviations

_SPACED_PART = re.compile(r"(?<![^\W\d_])([^\W\d_]{1,4})\.\s?\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,4}\.-?)+[^\W\d_]{1,4}\Z")
_AFTER_NUMBER = re.compile(r"(?:\b\d[\w.,/–-]*|\b[IVXLCМХ]+)\s*\Z")
_NUMBER = re.compile(r"\s*(?:[\d№]|[IVXLC]{2,}\b|[VX]\b)")

_LAST_WORD = re.compile(r"([^\W\d_]+)\s+\Z")

LETTERED_CONTEXT = 24
"""Code points before a single letter in which the word before it is searched."""

MIN_PLACE_LETTERS = 5
"""Letters that a place name after a date has at least."""


@dataclass(frozen=True, slots=True)
class AbbreviationRules:
    """The lists that apply to a text.

    own: of the text's language. latin: for abbreviations in Latin letters, if they
    have other rules than the rest of the text. companies: legal forms, in all languages. known: all
    abbreviations of both.
    """

    own: Abbreviations
    latin: Abbreviations | None = None
    companies: frozenset[str] = NO_WORDS
    known: frozenset[str] = NO_WORDS

    def of(self, token: str) -> Abbreviations:
        """The lists for an abbreviation by its script."""
        if self.latin is not None and token.isascii() and token[0].isalpha():
            # A name in Latin letters: "Six Flags St. Louis".
            return self.latin
        return self.own


def rules_of(language: str) -> AbbreviationRules:
    """The lists of a language, empty ones where it has none. language: BCP-47."""
    return _rules_of(registry.current(), language)


@lru_cache(maxsize=256)
def _rules_of(languages: registry.Registry, language: str) -> AbbreviationRules:
    own = languages.get(language).abbreviations
    companies = NO_WORDS.union(*(each.abbreviations.companies for each in languages.all()))
    if not own.latin_words_from:
        return AbbreviationRules(own, None, companies, _all(own))
    latin = languages.get(own.latin_words_from).abbreviations
    latin = replace(latin, starters=latin.starters | own.starters)
    return AbbreviationRules(own, latin, companies, _all(own) | _all(latin))


def _all(words: Abbreviations) -> frozenset[str]:
    return words.before | words.titles | words.number | words.units | words.either


@dataclass(frozen=True, slots=True)
class Stop:
    """A full stop that may belong to an abbreviation, and its context.

    token: the word before the full stop. word: the next word, at ``after``. sentence:
    the code points before the token, from the begin of the sentence (at_begin) but at
    most ``sentences.ABBREVIATION_CONTEXT``. dashed: a dash stands before the next word.
    """

    text: str
    token: str
    word: str
    after: int
    sentence: str
    at_begin: bool
    dashed: bool


def continues(stop: Stop, rules: AbbreviationRules) -> bool:
    """Whether the full stop belongs to an abbreviation only, and the sentence continues.

    rules: of the text's language, from ``rules_of``.
    """
    token, word = stop.token, stop.word
    words = rules.of(token)
    key = token.lower().lstrip("-–—")
    is_initial = len(word) == 1 and stop.text[stop.after + 1 : stop.after + 2] == "."
    starts = word.lower() in words.starters and not is_initial
    letters = token.rpartition(".")[2].lstrip("-")
    if len(token) == 1 and token.isupper():
        # An initial, unless the letter is a word or a name: "So do I.", "plan B. Critics".
        return is_initial or not (
            starts or token in words.words_of_one_letter or _names_letter(stop.sentence, rules)
        )
    spaced = _spaced_abbreviation(stop.sentence, key)
    name = spaced if spaced in words.before | words.units else key
    if name in words.units and (
        name not in words.before | words.titles | words.either
        or _AFTER_NUMBER.search(stop.sentence) is not None
    ):
        return _NUMBER.match(stop.text, stop.after) is not None or (
            not starts
            and (
                word.lower() in words.followers
                or stop.dashed
                or (name in words.hours and _is_before_place(stop, words))
                or (name in words.dates and _is_date_only(stop, words))
            )
        )
    if name in words.before:
        preceding = f" {stop.sentence}{key}"
        return not any(preceding.endswith(f" {phrase}") for phrase in words.list_endings)
    if name in words.titles:
        return token[0].isupper()
    if name in words.number:
        return _NUMBER.match(stop.text, stop.after) is not None
    # "к. м. н."
    has_parts = _DOTTED.match(token) or (len(token) == 1 and token.isalpha() and spaced != key)
    if name in words.either or has_parts:
        return not starts
    return len(letters) == 1 and letters.isupper() and not starts


def _names_letter(sentence: str, rules: AbbreviationRules) -> bool:
    """Whether the last word takes a letter as its name: "vitamin", "plan"."""
    last = _LAST_WORD.search(sentence, max(0, len(sentence) - LETTERED_CONTEXT))
    if last is None:
        return False
    word, lettered = last[1].lower(), rules.own.lettered
    return word in lettered or any(
        f"{word[:length]}*" in lettered for length in range(1, len(word) + 1)
    )


def _is_date_only(stop: Stop, words: Abbreviations) -> bool:
    """Whether the clause has only a date so far: "В 2024 г." or "…, kai 2020 m.".

    In languages with ``place_endings`` also when a place name follows the date:
    "2024 m. Vilniuje", "2024 m. Lietuvos".
    """
    tokens = stop.sentence.split()
    if not (tokens and _AFTER_NUMBER.fullmatch(tokens.pop())):
        return False
    if _is_before_place(stop, words):
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


def _is_before_place(stop: Stop, words: Abbreviations) -> bool:
    """Whether the full stop stands between a number with its unit and a place name."""
    return (
        len(stop.word) >= MIN_PLACE_LETTERS
        and stop.word.endswith(words.place_endings)
        and _AFTER_NUMBER.search(stop.sentence) is not None
    )


def _spaced_abbreviation(sentence: str, key: str) -> str:
    """The abbreviation with the part before it, if written with a space: "т. е", "t. y"."""
    if len(key) > 4:
        return key
    before = _SPACED_PART.search(sentence, max(0, len(sentence) - 8))
    return f"{before[1].lower()}.{key}" if before else key
