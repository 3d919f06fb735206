"""How long a summary may be, and what words are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from summsvc.interruption import checked

LONG = 4_000
"""Code points from which words are counted one by one: all in one call hold the
interpreter's lock for a microsecond each."""

_WORD = re.compile(r"\w+(?:[-'’.,]\w+)*")


@dataclass(frozen=True, slots=True)
class Length:
    """One limit, held exactly; the others are None.

    max_sentences: at least 1. max_words: at least 1. ratio: share of the text's
    words, above 0 and up to 1.
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
    """Words as a reader counts them: "U.S.-led", "1,000" and "don't" are one each."""
    if len(text) > LONG:
        return sum(1 for _ in checked(_WORD.finditer(text)))
    return len(_WORD.findall(text))
