"""Code points that are one character to a reader: no text is cut between them."""

from __future__ import annotations

import unicodedata


def continues(before: str, char: str) -> bool:
    """Whether a code point belongs to the character of the one before it.

    Combining marks, emoji modifiers and tags, what ZERO WIDTH JOINER joins, Hangul
    syllables, CR LF: the rules between two code points of Unicode Standard Annex #29.
    """
    if char.isascii():
        return (before == "\r" and char == "\n") or (before == "\u200d" and not char.isspace())
    return (
        before == "\u200d"
        or char in "\u200c\u200d"
        or unicodedata.category(char).startswith("M")
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
        or "\u1160" <= char <= "\u11ff"
        or "\ud7b0" <= char <= "\ud7fb"
    )
