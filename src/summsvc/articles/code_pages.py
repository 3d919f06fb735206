"""Texts in a code page of one byte per character that were read in another one.

Russian text in windows-1251 or KOI8-R that was read as windows-1252 has words of nothing but
accented letters ("Ìýð îòêðûë"), which no language has. Lithuanian in windows-1257 has the letters
of Icelandic beside some that Icelandic does not have ("þmonës", "mugë").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from summsvc.articles.characters import SCAN_CHUNK
from summsvc.interruption import checked

SAMPLE_CODE_POINTS = 20_000
"""The start of a text that is examined."""

MIN_WORDS = 3
"""Words of accented letters, in Lithuanian with accented letters, of a misread text."""

MIN_SHARE = 0.75
"""Least share of accented letters that are in such words; the others are in words of one or two
letters."""

MIN_COMMON = 0.5
"""Least share of the ten commonest letters in the decoded words."""

_SHOWN_AS = "cp1252"
_ACCENTED = re.compile("[À-ÖØ-öø-ÿ]")
_CYRILLIC_WORD = re.compile(r"(?<![^\W\d_])(?<![¨¸£³])[À-ÿ¨¸£³]{3,}+(?![^\W\d_])")
_COMMON = frozenset("оеаинтсрвл")
_BALTIC = frozenset("àèæëáðøûþÀÈÆËÁÐØÛÞ")
_OF_ICELANDIC, _NOT_OF_ICELANDIC = frozenset("ðþÐÞ"), frozenset("àèëøûÀÈËØÛ")


@dataclass(frozen=True, slots=True)
class Misreading:
    """A code page that was read as another one.

    name: of the right one. first: offset of the first misread character. table: for
    ``str.translate``, from what is shown to what was meant.
    """

    name: str
    first: int
    table: Mapping[int, str]

    def decoded(self, text: str) -> str:
        """The text as it was meant; it has as many code points."""
        parts = checked(range(0, len(text), SCAN_CHUNK), 1)
        return "".join(text[at : at + SCAN_CHUNK].translate(self.table) for at in parts)


def _table(codec: str) -> dict[int, str]:
    """From each character that a byte above 127 is shown as to the one that it means."""
    table: dict[int, str] = {}
    for value in range(0x80, 0x100):
        byte = bytes((value,))
        meant = byte.decode(codec, "replace")
        if meant != "\ufffd":
            # Some programs show the bytes 128 to 159 as control characters.
            table[value] = meant
            table[ord(byte.decode(_SHOWN_AS, "ignore") or chr(value))] = meant
    return table


_CYRILLIC = {"windows-1251": _table("cp1251"), "KOI8-R": _table("koi8-r")}
_LITHUANIAN = _table("cp1257")


def misreading_of(text: str) -> Misreading | None:
    """The code page of a text that was read as windows-1252; None for a text that was not."""
    sample = text[:SAMPLE_CODE_POINTS]
    first = _ACCENTED.search(sample)
    if first is None:
        return None
    accented = Counter(_ACCENTED.findall(sample))
    if _BALTIC.issuperset(accented):
        found = sum(not _BALTIC.isdisjoint(word) for word in checked(sample.split()))
        both = not (_OF_ICELANDIC.isdisjoint(accented) or _NOT_OF_ICELANDIC.isdisjoint(accented))
        if found >= MIN_WORDS and both:
            return Misreading("windows-1257", first.start(), _LITHUANIAN)
    words = _CYRILLIC_WORD.findall(sample)
    if len(words) < MIN_WORDS or sum(map(len, words)) < MIN_SHARE * accented.total():
        return None
    shown = "".join(words)
    share = {name: _common(shown.translate(table)) for name, table in _CYRILLIC.items()}
    name = max(share, key=lambda each: share[each])
    if share[name] < MIN_COMMON:
        return None
    return Misreading(name, first.start(), _CYRILLIC[name])


def _common(text: str) -> float:
    """The share of the commonest letters of Russian, for lower-case ones and words in capitals."""
    lower = text if any(map(str.islower, text[1:])) else text.lower()
    return sum(letter in _COMMON for letter in lower) / len(lower)
