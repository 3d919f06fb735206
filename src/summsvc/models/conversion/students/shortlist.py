"""Reader of Marian's binary lexical shortlist: for each source word its likeliest target words.

Format: mozilla/translations, inference/marian-fork/src/data/shortlist.h and shortlist.cpp.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from summsvc.errors import ModelBrokenError

MAGIC = 0xF11A48D5013417F5

_HEADER = struct.Struct("<6Q")
_HASH_CONSTANT = 0x9E3779B9
_MASK = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True)
class Shortlist:
    """A lexical shortlist.

    first: number of the most frequent target words, which are always allowed. offsets, words:
    the words for source word i are words[offsets[i]:offsets[i + 1]].
    """

    first: int
    offsets: npt.NDArray[np.uint64]
    words: npt.NDArray[np.uint32]


def parse(content: bytes, name: str, source_words: int, target_words: int) -> Shortlist:
    """Read a shortlist.

    name: the file's name, for errors. source_words, target_words: sizes of the vocabularies.
    Raises ModelBrokenError when the content is not in this format, its checksum differs, or it
    does not fit the vocabularies.
    """
    if len(content) < _HEADER.size:
        raise ModelBrokenError(f"{name} is truncated: it has {len(content)} bytes")
    magic, checksum, first, _, rows, count = _HEADER.unpack_from(content)
    if magic != MAGIC:
        raise ModelBrokenError(f"{name} is not a binary lexical shortlist")
    size = _HEADER.size + 8 * rows + 4 * count
    if size != len(content):
        raise ModelBrokenError(f"{name} has {len(content)} bytes, {size} are declared")
    if _checksum(memoryview(content)[16:]) != checksum:
        raise ModelBrokenError(f"{name} is damaged: its checksum differs")
    if rows < source_words + 1:
        raise ModelBrokenError(
            f"{name} is for {max(0, rows - 1)} source words; the model has {source_words}"
        )
    offsets = np.frombuffer(content, "<u8", rows, _HEADER.size)
    words = np.frombuffer(content, "<u4", count, _HEADER.size + 8 * rows)
    if offsets[0] or offsets[-1] != count or (offsets[1:] < offsets[:-1]).any():
        raise ModelBrokenError(f"{name} has offsets that are out of order")
    if count and words.max() >= target_words:
        raise ModelBrokenError(
            f"{name} has the target word {words.max()}; the model has {target_words}"
        )
    return Shortlist(min(first, target_words), offsets.astype(np.uint64), words.astype(np.uint32))


def _checksum(content: memoryview) -> int:
    """Marian's ``util::hashMem`` over the whole 64-bit numbers of ``content``."""
    seed = 0
    for (value,) in struct.iter_unpack("<Q", content[: len(content) // 8 * 8]):
        seed ^= (value + _HASH_CONSTANT + (seed << 6) + (seed >> 2)) & _MASK
    return seed
