"""Types of the values in a language file, with their validation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StrictStr

from summsvc.languages.defaults import SCRIPTS

NOISE_PLACEHOLDERS = ("{name}", "{full_name}", "{people}", "{agency}", "{source}")
"""What stands for names in the patterns of table ``noise``; see there."""

MONTHS_OF_A_YEAR = 12


def _split_words(value: Any) -> Any:
    if not isinstance(value, str):
        # Pydantic reports ValueError, not TypeError.
        raise ValueError("must be a string of words separated by white space")  # noqa: TRY004
    return tuple(value.split())


def _split_lower_case_words(value: Any) -> Any:
    words = _split_words(value)
    for word in words:
        if word != word.lower():
            raise ValueError(f"'{word}' must be in lower case")
    return words


def _compiles(pattern: str) -> str:
    filled = pattern
    for placeholder in NOISE_PLACEHOLDERS:
        filled = filled.replace(placeholder, "x")
    try:
        re.compile(filled, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
    return pattern


def _has_century_and_decade(pattern: str) -> str:
    missing = {"century", "decade"} - set(re.compile(pattern).groupindex)
    if missing:
        raise ValueError(f"'{pattern}' has no group named '{min(missing)}'")
    return pattern


def _has_twelve_or_none(words: tuple[str, ...]) -> tuple[str, ...]:
    if words and len(words) != MONTHS_OF_A_YEAR:
        raise ValueError(f"has {len(words)} beginnings, but a year has {MONTHS_OF_A_YEAR} months")
    return words


def _are_lower_case(phrases: tuple[str, ...]) -> tuple[str, ...]:
    for phrase in phrases:
        if not phrase.strip() or phrase != phrase.lower():
            raise ValueError(f"'{phrase}' must be one word or more in lower case")
    return phrases


def _has_words(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("must have a word")
    return words


def _folds_letters(folds: Mapping[str, str]) -> Mapping[str, str]:
    for letter in folds:
        if len(letter) != 1:
            raise ValueError(f"'{letter}' is not one letter")
    return folds


def _has_word_beginnings(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        if word == "*" or "*" in word[:-1]:
            raise ValueError(f"'{word}' may have '*' only after the beginning of a word")
    return words


def _folds_to_ascii(folds: Mapping[str, str]) -> Mapping[str, str]:
    for letter, latin in folds.items():
        if letter != letter.lower():
            raise ValueError(f"'{letter}' must be in lower case")
        if not latin.isascii() or latin != latin.lower():
            raise ValueError(f"'{latin}' must be in lower case, of the letters a to z")
    return folds


def _has_four_marks(marks: str) -> str:
    if len(marks) != 4 or any(mark.isalnum() or mark.isspace() for mark in marks):
        raise ValueError(f"'{marks}' is not four quotation marks")
    return marks


def _is_known_script(script: str) -> str:
    if script and script not in SCRIPTS:
        raise ValueError(f"'{script}' is not one of {', '.join(sorted(SCRIPTS))}")
    return script


Words = Annotated[tuple[StrictStr, ...], BeforeValidator(_split_lower_case_words)]
"""Words in lower case; a string separated by white space in the file. Order is kept."""

WordSet = Annotated[frozenset[StrictStr], BeforeValidator(_split_lower_case_words)]
"""The same without order."""

WordBeginnings = Annotated[WordSet, AfterValidator(_has_word_beginnings)]
"""Words without order; a word with a trailing * stands for all words that begin with it."""

LetterSet = Annotated[frozenset[StrictStr], BeforeValidator(_split_words)]
"""Letters in any case, separated by white space."""

Months = Annotated[Words, AfterValidator(_has_twelve_or_none)]
"""Twelve words, or none."""

Phrases = tuple[StrictStr, ...]
"""An array of strings."""

LowerPhrases = Annotated[Phrases, AfterValidator(_are_lower_case)]
"""An array of strings in lower case, each with one word or more."""

Patterns = tuple[Annotated[StrictStr, AfterValidator(_compiles)], ...]
"""An array of regular expressions in the syntax of Python's ``re``; case is ignored."""

DecadePatterns = tuple[
    Annotated[StrictStr, AfterValidator(_compiles), AfterValidator(_has_century_and_decade)], ...
]
"""Regular expressions with groups ``century`` (Roman numeral) and ``decade`` (digits)."""

Valued = tuple[tuple[Annotated[StrictInt, Field(ge=0)], Words], ...]
"""An array of pairs: a number, and the words that stand for it."""

Groups = tuple[Annotated[Words, AfterValidator(_has_words)], ...]
"""An array of strings, each with one word or more."""

LetterFolds = Annotated[Mapping[StrictStr, StrictStr], AfterValidator(_folds_letters)]
"""A table from letters to what they are compared as."""

Transliteration = Annotated[LetterFolds, AfterValidator(_folds_to_ascii)]
"""A table from lower-case letters to lower-case ASCII letters."""

QuotationMarks = Annotated[StrictStr, AfterValidator(_has_four_marks)]
"""Four characters: the marks around a quotation, and those around one inside it."""

Script = Annotated[StrictStr, AfterValidator(_is_known_script)]
"""A key of ``defaults.SCRIPTS``, or empty."""
