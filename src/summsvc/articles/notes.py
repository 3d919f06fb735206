"""Marks after the full stop of a sentence: citations, numbers of footnotes, agencies, symbols."""

from __future__ import annotations

import re

from summsvc.articles.characters import CLOSING_PUNCTUATION

_CLOSERS = re.escape(CLOSING_PUNCTUATION)

TERMINATORS = ".!?…。！？‽"
"""Marks that end a sentence."""

CITATION = r"(?:\s?\[\d{1,3}\]|\[[^\[\]\s][^\[\]\n]{0,23}\])"
"""Pattern of a citation: "[1]" with or without a space before it, "[citation needed]"."""

CREDIT = (
    r"(?:\s?/[^/\s][^/\n]{0,30}/(?=\s|\Z)"
    r"|\s\([^()\s.]{2,12}(?:[,/ ]{1,2}[^()\s.]{2,12}){0,2}\)(?=\s*\Z))"
)
"""Pattern of a news agency: "/BNS/", or "(dpa, BNS)" at the end of the text."""

NOTE_NUMBER = r"(?:\d{1,3}(?:[,–-]\d{1,3}){0,3}|[¹²³⁰⁴-⁹]{1,4})(?=\s|\Z)"
"""Pattern of the number of a footnote, which follows a full stop without a space."""

NOTE_SYMBOL = (
    r"(?:[*†‡§¶]{1,3}|[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\u200d\ufe0f\u20e3]{1,20})"
    r"(?=\s|\Z)"
)
"""Pattern of the symbol of a footnote, or of emoji, which follow a full stop without a space."""

YEAR = re.compile(r"(?:1[5-9]|20)\d\d\Z")

TAIL = 80
"""Code points at the end of a sentence in which such marks are searched."""

_ENDED = re.compile(
    rf"(?:\.[{_CLOSERS}]{{0,4}}\s?\([^()]{{2,30}}\)|[{TERMINATORS}][{_CLOSERS}]{{0,4}})"
    rf"(?:{CITATION}|{CREDIT}|(?<=[^\W\d_]{{3}}[.!?…]){NOTE_NUMBER}|[^\w\s,;:]|\s)*+\Z"
)
_REFERENCE = re.compile(
    rf"(?:(?<=[{TERMINATORS}])|(?<=[{TERMINATORS}][{_CLOSERS}]))(?:{CITATION})+\Z"
    rf"|(?:(?<=[^\W\d_]{{3}}[.!?…])|(?<=[^\W\d_][.!?…][{_CLOSERS}])){NOTE_NUMBER}\Z"
)
_REFERENCE_AFTER_YEAR = re.compile(rf"(?<=\b(?:1[5-9]|20)\d\d\.){NOTE_NUMBER}\Z")


def ends_sentence(text: str) -> bool:
    """Whether a text ends with a sentence's last mark, apart from what may follow that mark."""
    return _ENDED.search(text[-TAIL:]) is not None


def reference_start(text: str, *, is_followed: bool) -> int:
    """The offset of the citations or the number of a footnote at a sentence's end.

    The text's length if there are none. is_followed: whether another sentence follows, without
    which the second part of "1911.2" is no footnote.
    """
    low = max(0, len(text) - TAIL)
    tail = text[low:]
    match = _REFERENCE.search(tail) or (is_followed and _REFERENCE_AFTER_YEAR.search(tail))
    return low + match.start() if match else len(text)
