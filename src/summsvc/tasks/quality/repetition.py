"""Quality check: degenerate repetition (loops of characters or words) in a generated text.

Four kinds are detected: a run of characters ("аааааа", "nananana"), an n-gram of one
to eight words repeated in a row ("de de de de"), a text that consists of one half
twice, and an n-gram that is too frequent without being repeated in a row. A
repetition that the source has as well is not reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from summsvc.interruption import checked, checked_matches

_WORD = re.compile(r"\w+")
_CHARACTER_RUN = re.compile(r"([^\W\d_])\1{4,}|([^\W\d_]\w{1,7})\2{3,}")

MAX_NGRAM = 8
"""Words of the longest n-gram that is checked for repetition in a row."""

MIN_REPEATS = {1: 4, 2: 3, 3: 3, 4: 3}
"""Occurrences in a row at which an n-gram is a loop, by its number of words."""

MIN_REPEATS_LONGER = 2
"""The same for n-grams of more words than ``MIN_REPEATS`` lists."""

MIN_REPEATED_WORDS = 2
"""Words that occur again in the shortest loop of words, "de facto de facto"."""

MIN_REPEATED_CHARACTERS = 4
"""Characters that a word has again in the shortest loop of characters, "aaaaa"."""

MIN_SCATTERED = {3: 4, 8: 2}
"""Occurrences anywhere in the text at which an n-gram is too frequent, by its number of
words. The limit rises by the occurrences of n-grams of half that size in the source."""


def find_repetition(source: str, output: str) -> str:
    """The words or characters that the output repeats too often, or "".

    Time is linear in the lengths, in the worst case times ``MAX_NGRAM``.
    """
    words = _words(output)
    repeated = len(words) - len(set(words))
    if repeated >= MIN_REPEATED_WORDS:
        known = _words(source)
        found = (
            _consecutive(words, known, repeated)
            or _doubled(words, known)
            or _scattered(words, known, repeated)
        )
        if found:
            return found
    return _character_run(words, source)


def _words(text: str) -> list[str]:
    return [match[0] for match in checked_matches(_WORD, text.lower())]


def _consecutive(words: Sequence[str], known: Sequence[str], repeated: int) -> str:
    """The n-gram that is repeated in a row too often, or "".

    known: words of the source. repeated: number of words that are not first occurrences.
    """
    for size in range(1, min(MAX_NGRAM, len(words) // 2) + 1):
        least = MIN_REPEATS.get(size, MIN_REPEATS_LONGER)
        # In a loop, all words but those of the first occurrence are repeated words.
        if repeated < size * (least - 1):
            continue
        times, start = _longest_loop(words, size)
        if times >= least and times > _longest_loop(known, size)[0] + 1:
            return " ".join(words[start : start + size])
    return ""


def _longest_loop(words: Sequence[str], size: int) -> tuple[int, int]:
    """The most occurrences in a row of an n-gram of this size, and the index of the first."""
    best = start = equal = 0
    for index, (word, later) in enumerate(checked(zip(words, words[size:], strict=False))):
        equal = equal + 1 if word == later else 0
        if equal > best:
            best, start = equal, index - equal + 1
    return best // size + 1, start


def _doubled(words: Sequence[str], known: Sequence[str]) -> str:
    """The first half of an output whose halves are equal, unless those of the source are too."""
    half, known_half = len(words) // 2, len(known) // 2
    if half < 2 or words[:half] != words[half:]:
        return ""
    return "" if known[:known_half] == known[known_half:] else " ".join(words[:half])


def _scattered(words: Sequence[str], known: Sequence[str], repeated: int) -> str:
    """The n-gram that occurs too often anywhere in the text, or ""; arguments as above."""
    for size, least in MIN_SCATTERED.items():
        # Occurrences may overlap, but no two begin at the same word.
        if repeated < least - 1 + size - 1:
            continue
        ngram, times = _most_common(words, size)
        usual = _most_common(known, max(3, size // 2))[1] if times >= least else 0
        if times >= least - 1 + max(1, usual):
            return " ".join(ngram)
    return ""


def _most_common(words: Sequence[str], size: int) -> tuple[tuple[str, ...], int]:
    """The most frequent n-gram of this size and its number of occurrences."""
    counts = Counter(checked(zip(*(words[i:] for i in range(size)), strict=False)))
    return counts.most_common(1)[0] if counts else ((), 0)


def _character_run(words: Sequence[str], source: str) -> str:
    """The characters that one of the words repeats too often in a row, or ""."""
    for word in checked(words):
        repeated = len(word) - len(set(word))
        if repeated >= MIN_REPEATED_CHARACTERS and (match := _CHARACTER_RUN.search(word)):
            return "" if _CHARACTER_RUN.search(source.lower()) else match[1] or match[2]
    return ""
