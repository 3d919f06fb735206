"""Sentences as weighted terms: stems without stop words, sparse rows of TF-IDF."""

from __future__ import annotations

import re
import threading
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import snowballstemmer

from summsvc.interruption import checked

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
    source = files("summsvc.tasks.summarization").joinpath("stopwords.toml").read_text("utf-8")
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


def _sums(groups: Ints, values: Floats, count: int) -> Floats:
    """Sum of the values of each group 0 to count - 1."""
    return np.asarray(np.bincount(groups, values, count), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of unit length, stored as coordinates in row order.

    rows, columns, values: one entry per non-zero. shape: (texts, terms).
    """

    rows: Ints
    columns: Ints
    values: Floats
    shape: tuple[int, int]

    def times(self, vector: Floats) -> Floats:
        """Matrix times a vector of length terms: one number per text."""
        return _sums(self.rows, self.values * vector[self.columns], self.shape[0])

    def transposed_times(self, vector: Floats) -> Floats:
        """Transposed matrix times a vector of length texts: one number per term."""
        return _sums(self.columns, self.values * vector[self.rows], self.shape[1])


def tf_idf(documents: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> Matrix:
    """TF-IDF rows of unit length over the texts' stems.

    vocabulary: filled with the number of each stem. Inverse document
    frequencies are smoothed, log((1 + n) / (1 + df)) + 1.
    """
    rows: list[int] = []
    columns: list[int] = []
    counts: list[int] = []
    for i, document in enumerate(checked(documents)):
        for stem, count in Counter(document).items():
            rows.append(i)
            columns.append(vocabulary.setdefault(stem, len(vocabulary)))
            counts.append(count)
    row = np.asarray(rows, dtype=np.int64)
    column = np.asarray(columns, dtype=np.int64)
    frequency = np.bincount(column, minlength=len(vocabulary))
    inverse = np.log((1 + len(documents)) / (1 + frequency)) + 1
    values = (1 + np.log(np.asarray(counts, dtype=np.float64))) * inverse[column]
    norms = np.sqrt(np.bincount(row, values**2, len(documents)))
    values /= np.where(norms[row] > 0, norms[row], 1)
    return Matrix(row, column, values, (len(documents), len(vocabulary)))
