"""Detection of the charset of English, Russian and Lithuanian text, without a declaration.

Each charset is tried: in the right one, the characters outside ASCII are letters of an alphabet
that is written in it, or punctuation where a writer puts it. Libraries for many charsets and
languages mistake Lithuanian for Central European text; see docs/reference/dependencies.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

MAX_CHARACTERS = 4_000
"""Characters outside ASCII that are looked at."""

MIN_CHARACTERS = 3
"""Fewer of them with a letter among them do not tell a charset."""

MIN_FIT = 0.95
"""Share of them that has to fit."""

MIN_LEAD = 1
"""How many characters more fit in the best charset than in one in which the text is another one."""

MAX_ACCENTED = 0.3
"""Share of the letters of Latin text that is outside ASCII, at most."""

MIN_ACCENTED = 0.02
"""Share of the letters of Lithuanian text that is outside ASCII, at least; it is about 0.07."""

MIN_FREQUENT = 0.4
"""Share of Russian letters, at least, that are small letters of the ten most frequent."""

_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]")
_PUNCTUATION = frozenset("–—―“”„‘’‚«»‹›…№§°€£©®™•·\u00a0½¼¾±×²³")
_INSIDE_WORDS = frozenset("–—’·\u00a0")
_CYRILLIC = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў")
_WESTERN = frozenset("àâäáãåæçèéêëìíîïñòóôöõøœßùúûüÿ")
_BALTIC = frozenset("ąčęėįšųūž")
_FREQUENT = frozenset("оеаинтсрвл")


@dataclass(frozen=True, slots=True)
class _Charset:
    name: str
    codec: str
    letters: frozenset[str]


_CHARSETS = (
    _Charset("windows-1251", "cp1251", _CYRILLIC),
    _Charset("KOI8-R", "koi8-u", _CYRILLIC),
    _Charset("ISO-8859-5", "iso8859-5", _CYRILLIC),
    _Charset("IBM866", "cp866", _CYRILLIC),
    _Charset("x-mac-cyrillic", "mac-cyrillic", _CYRILLIC),
    _Charset("windows-1252", "cp1252", _WESTERN),
    _Charset("windows-1257", "cp1257", _BALTIC),
    _Charset("ISO-8859-13", "iso8859-13", _BALTIC),
)


def detect(data: bytes) -> tuple[str, str] | None:
    """The name of the charset of some bytes and the text in it; None if it is not certain."""
    outside_ascii = len(data) - len(data.decode("ascii", "ignore"))
    looked_at = min(outside_ascii, MAX_CHARACTERS)
    texts = [(each, data.decode(each.codec, "replace")) for each in _CHARSETS]
    found = [(_fitting(text, each.letters), each.name, text) for each, text in texts]
    found.sort(key=lambda each: -each[0])
    best, name, text = found[0]
    rival = max((other for other, _, its in found[1:] if its != text), default=0)
    return (name, text) if best >= max(MIN_FIT * looked_at, rival + MIN_LEAD) else None


def _fitting(text: str, letters: frozenset[str]) -> float:
    """How many of the characters outside ASCII fit, less a tenth of all where the letters that
    are frequent in Russian are rare; 0 for a text that cannot be in the charset.
    """
    fitting = total = frequent = own = 0
    for match in islice(_OUTSIDE_ASCII.finditer(text), MAX_CHARACTERS):
        at = match.start()
        char, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
        total += 1
        if char.lower() in letters:
            own += 1
            frequent += char in _FREQUENT
            fitting += _is_letter_in_word(char, before, after, letters)
        elif char in _PUNCTUATION:
            fitting += char in _INSIDE_WORDS or not (before.isalpha() and after.isalpha())
    if not total or (own and total < MIN_CHARACTERS):
        return 0.0
    if letters is _CYRILLIC:
        return fitting - 0.1 * total * (own > 0 and frequent < MIN_FREQUENT * own)
    ascii_letters = sum(char.isascii() and char.isalpha() for char in text[: match.end()])
    accented = own / max(1, own + ascii_letters)
    is_rare = letters is _BALTIC and 0 < accented < MIN_ACCENTED
    return 0.0 if is_rare or accented > MAX_ACCENTED else float(fitting)


def _is_letter_in_word(char: str, before: str, after: str, letters: frozenset[str]) -> bool:
    """Whether a letter stands among letters of its alphabet, a capital not after a small one."""
    if char.isupper() and before.islower():
        return False
    if letters is not _CYRILLIC:
        return before.isascii() or before.lower() in letters or not before.isalpha()
    return not any(each.isascii() and each.isalpha() for each in (before, after))


def wide_codec(data: bytes) -> str:
    """The codec of UTF-16 or UTF-32 by where its NUL bytes are."""
    zeros = [data[at : 8 * MAX_CHARACTERS : 4].count(0) for at in range(4)]
    quarter = len(data[: 8 * MAX_CHARACTERS]) // 4
    if min(zeros[2:]) > 0.9 * quarter:
        return "utf-32-le"
    if min(zeros[:2]) > 0.9 * quarter:
        return "utf-32-be"
    return "utf-16-le" if zeros[1] + zeros[3] > zeros[0] + zeros[2] else "utf-16-be"


def is_text(text: str) -> bool:
    """Whether most characters are of the alphabets and punctuation that this module knows."""
    sample = text[:MAX_CHARACTERS]
    known = sum(each.isspace() or " " <= each < "\u0530" or each in _PUNCTUATION for each in sample)
    return bool(sample) and known >= MIN_FIT * len(sample) and "\0" not in sample
