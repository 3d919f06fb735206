"""Length: the limit of a summary in sentences, words or share of words; word counting."""

from __future__ import annotations

import re
from dataclasses import dataclass

from summsvc.articles.characters import SCAN_CHUNK
from summsvc.interruption import checked_matches

_COUNTED_WORD = re.compile(r"\w+(?:[-'’.,]\w+)*")


@dataclass(frozen=True, slots=True)
class Length:
    """A limit that is never exceeded. Exactly one attribute is set, the others are None.

    max_sentences: at least 1. max_words: at least 1. ratio: share of the text's words,
    above 0 and at most 1.
    """

    max_sentences: int | None = None
    max_words: int | None = None
    ratio: float | None = None

    def words(self, total: int) -> int | None:
        """The limit in words for a text of ``total`` words; None when it is in sentences."""
        if self.max_words is not None:
            return self.max_words
        return None if self.ratio is None else int(self.ratio * total)


def count_words(text: str) -> int:
    """Number of words; "U.S.-led", "1,000" and "don't" count as one word each."""
    if len(text) > SCAN_CHUNK:
        return sum(1 for _ in checked_matches(_COUNTED_WORD, text))
    return len(_COUNTED_WORD.findall(text))
