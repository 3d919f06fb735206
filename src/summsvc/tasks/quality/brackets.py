"""What stands in brackets in a text and that its translation has left out."""

from __future__ import annotations

import re

from summsvc.interruption import checked

_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = str.maketrans(
    dict(zip("абвгдеёжзийклмнопрстуфхцчшщыэюя", "abvgdeezzijklmnoprstufhccssyeua", strict=True))
    | dict(zip("ąčęėįšųūžwkqy", "aceeisuuzvkki", strict=True))
)

BEGINNING = 3
"""Letters by which a name is known again in another alphabet or form."""


def lost_brackets(source: str, output: str) -> list[str]:
    """What stands in brackets in the source, when the output has fewer brackets.

    Brackets with a word that the output has elsewhere, in any alphabet or form
    that begins alike, are not lost; nor are those around digits alone, as
    numbers are looked for apart.
    """
    found = checked(_BRACKETS.finditer(source))
    inner = [(match[1] or match[2] or "").strip() for match in found]
    missing = len(inner) - sum(1 for _ in checked(_BRACKETS.finditer(output))) if inner else 0
    if missing <= 0:
        return []
    known = _beginnings(output)
    gone = [
        each for each in checked(inner) if (words := _beginnings(each)) and words.isdisjoint(known)
    ]
    return gone[:missing]


def _beginnings(text: str) -> set[str]:
    words = (match[0].translate(_LATIN) for match in checked(_WORD.finditer(text.lower())))
    return {word[:BEGINNING] for word in words if len(word) > 1}
