"""Loops: an output that says the same thing again and again.

Four kinds: a run of characters ("аааааа", "nananana"), a run of one to eight
words ("de de de de"), a whole text said twice, and words that come back too
often without being next to each other. What the source repeats, the output may
repeat as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from summsvc.interruption import checked

_WORD = re.compile(r"\w+")
_CHARACTERS = re.compile(r"([^\W\d_])\1{4,}|([^\W\d_]\w{1,7})\2{3,}")

LONGEST = 8
"""Words in the longest run that is looked for."""

TIMES = {1: 4, 2: 3, 3: 3, 4: 3}
"""Times in a row that a run of so many words is a loop; longer ones at MANY."""

MANY = 2

FEWEST = 2
"""Words that are said again in the shortest loop of words, "de facto de facto"."""

FEWEST_CHARACTERS = 4
"""Characters that a word has again in the shortest loop of characters, "aaaaa"."""

SCATTERED = {3: 4, 8: 2}
"""Times that a run of so many words may not occur anywhere; as many more as the
source says half of it again."""


def repeated(source: str, output: str) -> str:
    """The words or characters that the output says too often, or "".

    Linear in the lengths, in the worst case times the length of the longest run.
    """
    words = _words(output)
    again = len(words) - len(set(words))
    if again >= FEWEST:
        known = _words(source)
        found = _row(words, known, again) or _twice(words, known) or _scattered(words, known, again)
        if found:
            return found
    return _characters(words, source)


def _words(text: str) -> list[str]:
    return [match[0] for match in checked(_WORD.finditer(text.lower()))]


def _row(words: Sequence[str], known: Sequence[str], again: int) -> str:
    for size in range(1, min(LONGEST, len(words) // 2) + 1):
        least = TIMES.get(size, MANY)
        # All words but those of the first time are said again.
        if again < size * (least - 1):
            continue
        times, start = _longest_row(words, size)
        if times >= least and times > _longest_row(known, size)[0] + 1:
            return " ".join(words[start : start + size])
    return ""


def _longest_row(words: Sequence[str], size: int) -> tuple[int, int]:
    """How often in a row a run of so many words is said at most, and where it begins."""
    best = start = equal = 0
    for at, (word, later) in enumerate(checked(zip(words, words[size:], strict=False))):
        equal = equal + 1 if word == later else 0
        if equal > best:
            best, start = equal, at - equal + 1
    return best // size + 1, start


def _twice(words: Sequence[str], known: Sequence[str]) -> str:
    """The half that is all the output says, where the source is not one half twice as well."""
    half, known_half = len(words) // 2, len(known) // 2
    if half < 2 or words[:half] != words[half:]:
        return ""
    return "" if known[:known_half] == known[known_half:] else " ".join(words[:half])


def _scattered(words: Sequence[str], known: Sequence[str], again: int) -> str:
    for size, least in SCATTERED.items():
        # Runs may overlap, but each begins at another word.
        if again < least - 1 + size - 1:
            continue
        run, times = _most_common(words, size)
        usual = _most_common(known, max(3, size // 2))[1] if times >= least else 0
        if times >= least - 1 + max(1, usual):
            return " ".join(run)
    return ""


def _most_common(words: Sequence[str], size: int) -> tuple[tuple[str, ...], int]:
    counts = Counter(checked(zip(*(words[i:] for i in range(size)), strict=False)))
    return counts.most_common(1)[0] if counts else ((), 0)


def _characters(words: Sequence[str], source: str) -> str:
    """The run of characters that stands in one of the words too often in a row."""
    for word in checked(words):
        if len(word) - len(set(word)) >= FEWEST_CHARACTERS and (match := _CHARACTERS.search(word)):
            return "" if _CHARACTERS.search(source.lower()) else match[1] or match[2]
    return ""
