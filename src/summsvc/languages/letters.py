"""Tables for ``str.translate`` from the language files: folded letters, transliteration.

Both tables join those of all languages, since texts quote words of other languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from summsvc.languages import registry


def letter_folds() -> Mapping[int, str]:
    """Letters that are compared as equal, in both cases: ``names.letter_folds``."""
    return _letter_folds(registry.current())


def to_latin() -> Mapping[int, str]:
    """Lower-case letters to lower-case ASCII letters: ``transliteration``."""
    return _to_latin(registry.current())


@lru_cache(maxsize=8)
def _letter_folds(languages: registry.Registry) -> Mapping[int, str]:
    folds: dict[str, str] = {}
    for language in languages.all():
        folds |= language.names.letter_folds
    # A key must be one letter, but the capital of some letters is a sequence ("ß").
    capitals = {
        letter.upper(): folded.upper()
        for letter, folded in folds.items()
        if len(letter.upper()) == 1
    }
    return str.maketrans(capitals | folds)


@lru_cache(maxsize=8)
def _to_latin(languages: registry.Registry) -> Mapping[int, str]:
    latin: dict[str, str] = {}
    for language in languages.all():
        latin |= language.transliteration
    return str.maketrans(latin)
