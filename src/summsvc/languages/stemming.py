"""Word stems and stop words of a language."""

from __future__ import annotations

import re
import threading

import snowballstemmer

from summsvc.interruption import checked
from summsvc.languages import registry

_TOKEN = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")
_CACHED_STEMS = 100_000
"""Stems that one thread caches for one language."""

LONGEST_STEMMED_WORD = 100
"""Code points. Longer words are compared as written: stemmers take more than linear time."""


class _ThreadCache(threading.local):
    """Stems and stemmers of one thread: stemmers keep state and cannot be shared."""

    registry: registry.Registry | None = None

    def __init__(self) -> None:
        self.stems: dict[str, dict[str, str]] = {}
        self.stemmers: dict[str, snowballstemmer.stemmer] = {}

    def stems_of(self, language: str) -> dict[str, str]:
        current = registry.current()
        if self.registry is not current:
            self.stems.clear()
            self.registry = current
        return self.stems.setdefault(language, {})


_cache = _ThreadCache()


def stop_words(language: str) -> frozenset[str]:
    """Stop words of a language, lower case; none for a language without a list."""
    words: frozenset[str] = registry.current().get(language).stop_words
    return words


def stems(text: str, language: str) -> list[str]:
    """The stems of a text's words in order, without stop words.

    Each thread caches stems, since words are repeated often.
    """
    known = _cache.stems_of(language)
    stem_of = stemmer(language)
    unwanted = stop_words(language)
    found: list[str] = []
    for match in checked(_TOKEN.finditer(text.lower())):
        word = match[0]
        if word in unwanted:
            continue
        stem = known.get(word)
        if stem is None:
            is_short = len(word) <= LONGEST_STEMMED_WORD
            stem = stem_of.stemWord(word) if stem_of and is_short else word
            if len(known) >= _CACHED_STEMS:
                known.clear()
            known[word] = stem
        found.append(stem)
    return found


def stemmer(language: str) -> snowballstemmer.stemmer | None:
    """The Snowball stemmer (Porter 2001, https://snowballstem.org) of a language, if it has one.

    The stemmer belongs to the calling thread.
    """
    name = registry.current().get(language).stemmer
    if not name:
        return None
    if name not in _cache.stemmers:
        _cache.stemmers[name] = snowballstemmer.stemmer(name)
    return _cache.stemmers[name]
