"""Reader of Marian's binary model format, version 1.

Format: mozilla/translations, inference/marian-fork/src/common/binary.cpp and common/types.h.
All numbers are little-endian. The version and the number of items are followed by a header for
each item, all names, all shapes, padding, and all data.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from summsvc.errors import ModelBrokenError

VERSION = 1
MAX_ITEMS = 10_000
MAX_NAME_BYTES = 1_000
MAX_DIMENSIONS = 8


class ItemType(Enum):
    """Type of an item's data; the values are Marian's."""

    FLOAT32 = 0x404
    INTGEMM8 = 0x4101
    INT8 = 0x101

    def size(self, elements: int) -> int:
        """Bytes of the data without padding; a multiplier follows 8-bit integers of intgemm."""
        if self is ItemType.FLOAT32:
            return 4 * elements
        return elements + (4 if self is ItemType.INTGEMM8 else 0)


@dataclass(frozen=True, slots=True)
class Item:
    """A named tensor as stored. shape: as declared; see ``weights`` for the order of the data."""

    name: str
    type: ItemType
    shape: tuple[int, ...]
    data: memoryview

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def multiplier(self) -> float:
        """The number by which the weights were multiplied to make 8-bit integers."""
        return float(struct.unpack_from("<f", self.data, self.elements)[0])

    def floats(self) -> npt.NDArray[np.float32]:
        """The values in the declared shape, decoded from 8-bit integers where necessary."""
        if self.type is ItemType.FLOAT32:
            values = np.frombuffer(self.data, "<f4", self.elements)
            return values.astype(np.float32).reshape(self.shape)
        values = self.integers().astype(np.float32) / np.float32(self.multiplier)
        return values.reshape(self.shape)

    def integers(self) -> npt.NDArray[np.int8]:
        """The 8-bit integers in the order of the file, in one dimension."""
        return np.frombuffer(self.data, np.int8, self.elements)


class _Cursor:
    """Reads a buffer from front to back and never beyond its end."""

    def __init__(self, content: memoryview, name: str) -> None:
        self._content = content
        self._name = name
        self._position = 0

    def take(self, length: int) -> memoryview:
        """The next ``length`` bytes; raises ModelBrokenError when the file ends before."""
        end = self._position + length
        if end > len(self._content):
            raise ModelBrokenError(
                f"{self._name} is truncated: it has {len(self._content)} bytes, at least {end} "
                "are declared"
            )
        found = self._content[self._position : end]
        self._position = end
        return found

    def numbers(self, layout: str) -> tuple[Any, ...]:
        """The next numbers of a ``struct`` layout."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    @property
    def left(self) -> int:
        return len(self._content) - self._position


def read_items(content: bytes, name: str) -> dict[str, Item]:
    """All items of a model file, by name.

    name: the file's name, for errors. Raises ModelBrokenError when the content is not in this
    format, has a type other than ``ItemType``, or ends before or after its last item.
    """
    cursor = _Cursor(memoryview(content), name)
    version, count = cursor.numbers("<QQ")
    if version != VERSION:
        raise ModelBrokenError(f"{name} is not a Marian model file of version {VERSION}")
    if count > MAX_ITEMS:
        raise ModelBrokenError(f"{name} declares {count} items, more than {MAX_ITEMS}")
    headers = [cursor.numbers("<QQQQ") for _ in range(count)]
    for length, _, dimensions, _ in headers:
        if not 1 < length <= MAX_NAME_BYTES or dimensions > MAX_DIMENSIONS:
            raise ModelBrokenError(f"{name} has an item header out of range")
    names = [_decode_name(cursor.take(length), name) for length, _, _, _ in headers]
    shapes = [cursor.numbers(f"<{dimensions}i") for _, _, dimensions, _ in headers]
    (padding,) = cursor.numbers("<Q")
    cursor.take(padding)
    items: dict[str, Item] = {}
    for item, shape, (_, number, _, length) in zip(names, shapes, headers, strict=True):
        if item in items:
            raise ModelBrokenError(f"{name} has two items {item}")
        items[item] = _item(item, number, shape, cursor.take(length), name)
    if cursor.left:
        raise ModelBrokenError(f"{name} has {cursor.left} bytes after its last item")
    return items


def _decode_name(stored: memoryview, file: str) -> str:
    text = bytes(stored)
    if text[-1] or 0 in text[:-1] or not text.isascii():
        raise ModelBrokenError(f"{file} has an item name that is not ASCII text")
    return text[:-1].decode("ascii")


def _item(name: str, number: int, shape: tuple[int, ...], data: memoryview, file: str) -> Item:
    try:
        kind = ItemType(number)
    except ValueError as error:
        known = ", ".join(f"{each.name} ({each.value:#x})" for each in ItemType)
        raise ModelBrokenError(
            f"{file}: item {name} has the type {number:#x}; supported types are {known}"
        ) from error
    if not all(size > 0 for size in shape):
        raise ModelBrokenError(f"{file}: item {name} has the shape {shape}")
    needed = kind.size(math.prod(shape))
    if len(data) < needed:
        raise ModelBrokenError(
            f"{file}: item {name} of shape {shape} needs {needed} bytes and has {len(data)}"
        )
    return Item(name, kind, shape, data)
