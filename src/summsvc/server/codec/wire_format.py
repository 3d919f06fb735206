"""Protobuf wire format: encoding of large messages in parts, and field scanning before parsing.

protobuf encodes or parses a whole message in one call, and holds the GIL during that call.
Work in parts lets other threads run between the parts.
Specification: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from google.protobuf.message import Message

T = TypeVar("T")
M = TypeVar("M", bound=Message)

MESSAGES_PER_CHUNK = 200
"""Segments, sentences or languages that are encoded in one call."""

# Wire types; for those of fixed length, the length in bytes.
_VARINT, _LENGTH_DELIMITED = 0, 2
_FIXED_LENGTHS = {1: 8, 5: 4}


def allow_encoded(serialize: Callable[[M], bytes]) -> Callable[[M | bytes], bytes]:
    """Wrap a response serializer so that a method may return an encoded message too.

    A method encodes a large message in a worker thread and returns the bytes.
    """
    return lambda reply: reply if isinstance(reply, bytes) else serialize(reply)


def chunked(items: Iterable[T]) -> Iterator[list[T]]:
    """Split items into lists of ``MESSAGES_PER_CHUNK``.

    The messages of one list are encoded in about a millisecond, during which other
    threads wait for the GIL.
    """
    remaining = iter(items)
    while chunk := list(itertools.islice(remaining, MESSAGES_PER_CHUNK)):
        yield chunk


def length_delimited(number: int, data: bytes) -> bytes:
    """Encode field ``number`` of an outer message, whose value is the encoded message ``data``."""
    return _encode_varint(number << 3 | _LENGTH_DELIMITED) + _encode_varint(len(data)) + data


def _encode_varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def iter_fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of each field of the message ``data[start:end]``.

    The number is 0 for a numeric field, that is one of any other wire type than
    length-delimited. Raises ValueError for bytes that are not a message; groups are
    rejected too, because proto3 does not have them.
    """
    position = start
    while position < end:
        key, position = _decode_varint(data, position)
        number, value_start = 0, position
        wire_type = key & 7
        if wire_type == _LENGTH_DELIMITED:
            length, value_start = _decode_varint(data, position)
            number, position = key >> 3, value_start + length
        elif wire_type == _VARINT:
            _, position = _decode_varint(data, position)
        elif wire_type in _FIXED_LENGTHS:
            position += _FIXED_LENGTHS[wire_type]
        else:
            raise ValueError(f"wire type {wire_type} is not part of proto3")
        if position > end or key < 8:
            raise ValueError("a field is truncated or has no number")
        yield number, value_start, position


def _decode_varint(data: bytes, position: int) -> tuple[int, int]:
    """Decode a varint of at most ten bytes; return its value and its end position."""
    value = 0
    for shift in range(0, 70, 7):
        if position == len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a varint is truncated or too long")
