"""Word stems and stop words of a language."""

from __future__ import annotations

import re
import threading
import tomllib
from functools import cache
from importlib.resources import files

import snowballstemmer

from summsvc.interruption import checked

_TOKEN = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")
_STEMMERS = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "et": "estonian",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "lt": "lithuanian",
    "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_CACHED_STEMS = 100_000

LONGEST = 100
"""Code points of the longest word that has a stem. Nobody writes longer ones, and stemmers
take more than linear time for them."""
_local = threading.local()


@cache
def stop_words(language: str) -> frozenset[str]:
    """Stop words of a language, lower case; none for a language without a list."""
    source = files("summsvc.languages").joinpath("stopwords.toml").read_text("utf-8")
    return frozenset(tomllib.loads(source).get(language, "").split())


def stems(text: str, language: str) -> list[str]:
    """The stems of a text's words in order, stop words left out.

    Stems are remembered, words repeat a lot.
    """
    known: dict[str, str] = _thread_stems(language)
    stem_of = stemmer(language)
    unwanted = stop_words(language)
    found: list[str] = []
    for match in checked(_TOKEN.finditer(text.lower())):
        word = match[0]
        if word in unwanted:
            continue
        stem = known.get(word)
        if stem is None:
            stem = stem_of.stemWord(word) if stem_of and len(word) <= LONGEST else word
            if len(known) >= _CACHED_STEMS:
                known.clear()
            known[word] = stem
        found.append(stem)
    return found


def _thread_stems(language: str) -> dict[str, str]:
    if not hasattr(_local, "stems"):
        _local.stems = {}
    remembered: dict[str, str] = _local.stems.setdefault(language, {})
    return remembered


def stemmer(language: str) -> snowballstemmer.stemmer | None:
    """The Snowball stemmer (Porter 2001, https://snowballstem.org) of a language, if there is one.

    Stemmers keep state, so every thread has its own.
    """
    if not hasattr(_local, "stemmers"):
        _local.stemmers = {}
    if language not in _local.stemmers:
        name = _STEMMERS.get(language)
        _local.stemmers[language] = snowballstemmer.stemmer(name) if name else None
    return _local.stemmers[language]
