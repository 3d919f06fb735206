"""Requests off the wire, with a precise word about those that cannot be read; replies onto it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from summsvc.errors import MalformedRequestError

T = TypeVar("T")
M = TypeVar("M", bound=Message)

SLICE = 200
"""Segments, sentences or languages put into a message at once."""

LOOKED_AT = 5_000
"""Fields of a message that cannot be read in which the reason is looked for: milliseconds."""

# Kinds of fields, and the bytes of those of one length.
_VARINT, _LENGTH_DELIMITED = 0, 2
_FIXED = {1: 8, 5: 4}


def tolerant(message: type[M]) -> Callable[[bytes], M | MalformedRequestError]:
    """Make a deserializer that returns the error instead of raising it.

    gRPC answers a raising deserializer with INTERNAL and no details; returned,
    the error can be answered as what it is.
    """

    def deserialize(data: bytes) -> M | MalformedRequestError:
        try:
            return message.FromString(data)
        except DecodeError:
            field = invalid_utf8(data, message.DESCRIPTOR)
            if field:
                return MalformedRequestError(f"{field} is not valid UTF-8", field=field)
            return MalformedRequestError(
                f"the request is not a {message.DESCRIPTOR.full_name} message"
            )

    return deserialize


def as_sent(serialize: Callable[[M], bytes]) -> Callable[[M | bytes], bytes]:
    """Let a method return bytes too: a large message made in a thread, piece by piece."""
    return lambda reply: reply if isinstance(reply, bytes) else serialize(reply)


def slices(items: Iterable[T]) -> Iterator[list[T]]:
    """Pieces whose messages are made in a millisecond: for so long no other thread has a turn."""
    left = iter(items)
    while piece := list(itertools.islice(left, SLICE)):
        yield piece


def enclosed(number: int, data: bytes) -> bytes:
    """A message in bytes as field ``number`` of another one.

    See https://protobuf.dev/programming-guides/encoding/.
    """
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def invalid_utf8(data: bytes, descriptor: Any) -> str:
    """Path of the first string field in ``data`` that is not UTF-8, or "".

    Looks at the first LOOKED_AT fields, inner ones included: it runs on the event loop.
    """
    return _invalid_utf8(data, descriptor, iter(range(LOOKED_AT)))


def _invalid_utf8(data: bytes, descriptor: Any, left: Iterator[int]) -> str:
    for number, value in _delimited(data, left):
        field = descriptor.fields_by_number.get(number)
        if field is None:
            continue
        if field.message_type is not None:
            inner = _invalid_utf8(value, field.message_type, left)
            if inner:
                return f"{field.name}.{inner}"
        elif field.type == FieldDescriptor.TYPE_STRING:
            try:
                value.decode("utf-8")
            except UnicodeDecodeError:
                return str(field.name)
    return ""


def _delimited(data: bytes, left: Iterator[int]) -> Iterator[tuple[int, bytes]]:
    """Number and content of a message's length-delimited fields, as far as it is one.

    left: gives something for each field that may still be looked at.
    """
    at = 0
    try:
        while at < len(data) and next(left, None) is not None:
            key, at = _read_varint(data, at)
            kind = key & 7
            if kind == _LENGTH_DELIMITED:
                length, at = _read_varint(data, at)
                yield key >> 3, data[at : at + length]
                at += length
            elif kind == _VARINT:
                _, at = _read_varint(data, at)
            elif kind in _FIXED:
                at += _FIXED[kind]
            else:
                return
    except IndexError:
        return


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of at most ten bytes and where it ends; raises IndexError when it is cut short."""
    value = 0
    for position in range(10):
        byte = data[at + position]
        value |= (byte & 0x7F) << 7 * position
        if byte < 0x80:
            return value, at + position + 1
    raise IndexError
