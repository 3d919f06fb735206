"""Sentences that begin with a reference to the sentence before them: anaphora and connectives.

A pronoun ("He"), a demonstrative with or without a noun ("This move") or a connective
("However", "In addition") at the beginning of a sentence refers to what was said before. An
extract that leaves that out misleads or cannot be understood (Paice, "Constructing
literature abstracts by computer", 1990). The words are those of table ``references`` of a
language file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from summsvc.languages import registry

SCAN = 200
"""Code points at the beginning of a sentence that are read."""

_NOTHING = "(?!)"


def points_back(text: str, language: str) -> bool:
    """Whether a sentence begins with a word that refers to the sentence before it.

    language: BCP-47 code. Always False for a language without table ``references``.
    """
    return bool(_pattern(registry.current(), language).match(text[:SCAN]))


@lru_cache(maxsize=64)
def _pattern(languages: registry.Registry, language: str) -> re.Pattern[str]:
    words = languages.get(language).references
    if not (words.pronouns or words.demonstratives or words.connectives):
        return re.compile(_NOTHING)
    # And not an initial: "А. Орлов".
    whole = r"(?![\w-])(?!\.\s?\w)"
    return re.compile(
        # Opening quotes, brackets and dashes.
        r"[\W_]{0,8}+"
        rf"(?:(?:{_any(words.pronouns)}|{_any(words.connectives)}){whole}"
        rf"|(?:{_any(words.prepositions)}\s+)?{_any(words.demonstratives)}{whole}(?!,?\s+{_any(words.not_after)}{whole}))",
        re.IGNORECASE,
    )


def _any(phrases: Iterable[str]) -> str:
    """A pattern for one of some phrases, the longest first."""
    ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    spaced = (r"\s+".join(map(re.escape, phrase.split())) for phrase in ordered)
    return f"(?:{'|'.join(spaced) or _NOTHING})"
