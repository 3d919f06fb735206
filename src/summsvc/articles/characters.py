"""Character predicates: grapheme clusters, letters and digits, sentences across line breaks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from summsvc.interruption import checked

SCAN_CHUNK = 4_000
"""Code points passed to one call into C code (approximate). Such a call holds the GIL until it
returns, and the event loop waits."""

CLOSING_PUNCTUATION = "\"'”’»›)]}“‟"
"""Closing quotation marks and brackets; “ closes a quotation in German and Lithuanian."""

INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b\u2060-\u2064\ufeff]"
    # Joiners and direction marks are needed after letters of the scripts that use them, and
    # in emoji.
    "|(?<![\u0590-\u1fff\u2190-\u2bff\u2e80-\ud7ff\uf900-\ufe0f\ufe70-\ufefc"
    "\U00010000-\U0010ffff])[\u200c-\u200f]"
)
"""A character of no width that says nothing: soft hyphen, zero-width space, byte-order mark."""

CONTINUATION_PUNCTUATION = frozenset(",;-–—%‐")
"""Characters at the end of a line after which the sentence continues on the next line."""


QUOTATION_MARKS = "“”‘’"
"""What parsers write for the tags of a quotation, and of one inside it, in any language."""

POWER = "^"
"""What parsers write for the tag of an exponent: 10<sup>6</sup> is not 106."""


def extends_character(before: str, char: str) -> bool:
    """Whether ``char`` belongs to the same user-perceived character as ``before``.

    before, char: two neighbouring code points. Text must not be cut between them.
    Covers combining marks, emoji modifiers and tags, ZERO WIDTH JOINER sequences, Hangul
    syllables and CR LF, following Unicode Standard Annex #29 (grapheme clusters).
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


def has_alphanumeric(text: str) -> bool:
    """Whether the text has a letter or a digit; a text without one is a separator."""
    if len(text) <= SCAN_CHUNK:
        return any(map(str.isalnum, text))
    starts = checked(range(0, len(text), SCAN_CHUNK), 1)
    return any(has_alphanumeric(text[at : at + SCAN_CHUNK]) for at in starts)


def continues_line(before: str, after: str) -> bool:
    """Whether a sentence continues over the line break between ``before`` and ``after``.

    True when ``after`` begins in lower case and ``before`` does not end a sentence.
    """
    last, first = before.rstrip().rstrip(CLOSING_PUNCTUATION)[-1:], after.lstrip()[:1]
    return first.islower() and (last.isalnum() or last in CONTINUATION_PUNCTUATION)


def visible_runs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the runs of text [start, end) between invisible characters, in order."""
    begin = start
    for low in checked(range(start, end, SCAN_CHUNK), 1):
        for match in INVISIBLE.finditer(text, low, min(low + SCAN_CHUNK, end)):
            if match.start() > begin:
                yield begin, match.start()
            begin = match.end()
    if end > begin:
        yield begin, end
