"""Protobuf's encoding by hand, where a whole message at once would take too long.

See https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from google.protobuf.message import Message

T = TypeVar("T")
M = TypeVar("M", bound=Message)

SLICE = 200
"""Segments, sentences or languages put into a message at once."""

# Kinds of fields, and the bytes of those of one length.
_VARINT, _LENGTH_DELIMITED = 0, 2
_FIXED = {1: 8, 5: 4}


def as_sent(serialize: Callable[[M], bytes]) -> Callable[[M | bytes], bytes]:
    """Let a method return bytes too: a large message made in a thread, piece by piece."""
    return lambda reply: reply if isinstance(reply, bytes) else serialize(reply)


def slices(items: Iterable[T]) -> Iterator[list[T]]:
    """Pieces whose messages are made in a millisecond: for so long no other thread has a turn."""
    left = iter(items)
    while piece := list(itertools.islice(left, SLICE)):
        yield piece


def enclosed(number: int, data: bytes) -> bytes:
    """A message in bytes as field ``number`` of another one."""
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, begin and end of each field of the message ``data[at:end]``.

    The number is 0 for a field of numbers: what is no string, bytes or message. Raises
    ValueError where the bytes are no message; groups, which proto3 has not, are none.
    """
    while at < end:
        key, at = _read_varint(data, at)
        number, begun = 0, at
        kind = key & 7
        if kind == _LENGTH_DELIMITED:
            length, begun = _read_varint(data, at)
            number, at = key >> 3, begun + length
        elif kind == _VARINT:
            _, at = _read_varint(data, at)
        elif kind in _FIXED:
            at += _FIXED[kind]
        else:
            raise ValueError("a kind of field that proto3 has not")
        if at > end or key < 8:
            raise ValueError("a field cut short, or without a number")
        yield number, begun, at


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of at most ten bytes and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at == len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number cut short")
