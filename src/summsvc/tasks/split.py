"""A text too long for a model's input, in pieces that fit; nothing is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

_CLAUSE_ENDS = (
    re.compile(r"[;:]\s+|\s[–—-]\s+"),
    re.compile(r",\s+"),
    re.compile(r"\s+"),
    re.compile(r"(?<=[\w/])(?=[^\w\s])|(?<=[^\w\s])(?=\w)"),
)
"""From the best place to cut to the worst; after these only code points are left."""


def split(text: str, count: Callable[[Sequence[str]], list[int]], limit: int) -> list[str]:
    """Cut a text into pieces of at most ``limit`` tokens each.

    count: length in tokens of each of several texts, special tokens included.
    The pieces joined are the text; white space stays with the piece before it.
    A single code point longer than the limit is a piece of its own.
    """
    pieces = [text]
    for cuts in (*_CLAUSE_ENDS, None):
        lengths = count(pieces)
        if max(lengths) <= limit:
            break
        finer: list[str] = []
        for piece, length in zip(pieces, lengths, strict=True):
            if length <= limit:
                finer.append(piece)
            else:
                atoms = list(piece) if cuts is None else list(_cut(piece, cuts))
                finer += _packed(atoms, count, limit)
        pieces = finer
    return pieces


def join(pieces: Sequence[str], translations: Sequence[str]) -> str:
    """The translations with the white space that stood between their sources."""
    joined: list[str] = []
    for number, (piece, translation) in enumerate(zip(pieces, translations, strict=True)):
        joined.append(translation)
        if number + 1 < len(pieces) and piece[-1:].isspace():
            joined.append(" ")
    return "".join(joined)


def _cut(text: str, cuts: re.Pattern[str]) -> Iterator[str]:
    at = 0
    for match in cuts.finditer(text):
        if match.end() > at:
            yield text[at : match.end()]
            at = match.end()
    if at < len(text):
        yield text[at:]


def _packed(
    atoms: Sequence[str], count: Callable[[Sequence[str]], list[int]], limit: int
) -> list[str]:
    """Join neighbouring atoms as long as they fit.

    Lengths of joined texts are not the sums of their parts', so the sum decides
    first and a count of the results corrects it.
    """
    lengths = count(atoms)
    packed: list[str] = []
    room = 0
    for atom, length in zip(atoms, lengths, strict=True):
        if packed and length <= room:
            packed[-1] += atom
            room -= length
        else:
            packed.append(atom)
            room = limit - length
    checked: list[str] = []
    for piece, length in zip(packed, count(packed), strict=True):
        half = len(piece) // 2
        fits = length <= limit or piece in atoms or half == 0
        checked += [piece] if fits else [piece[:half], piece[half:]]
    return checked
