"""Messages of libraries without the text that they were handed."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 500
"""Code points of a message that are kept."""

SHORTEST = 4
"""Letters or digits of the shortest word that is left out: of shorter ones every text has some."""

LEFT_OUT = "…"

_WORD = re.compile(r"(?:\\[xuU][0-9a-fA-F]+)+|[^\W_]+")
_RUN = re.compile(rf"{LEFT_OUT}(?:\W*?{LEFT_OUT})+")


def redacted(message: str, texts: Iterable[str]) -> str:
    """A message in which no word of the texts is left, for the log.

    message: of an exception that a library raised on these texts. Words of four letters
    and more that stand in one of the texts, also as a part of a word, become "…", and so
    does whatever is not ASCII or is written as an escape: those messages are in English.
    """
    given = [text.casefold() for text in texts]

    def kept(found: re.Match[str]) -> str:
        word = found[0]
        if not word.isascii() or word.startswith("\\"):
            return LEFT_OUT
        folded = word.casefold()
        if len(word) >= SHORTEST and any(folded in text for text in given):
            return LEFT_OUT
        return word

    return _RUN.sub(LEFT_OUT, _WORD.sub(kept, message[:LONGEST]))
