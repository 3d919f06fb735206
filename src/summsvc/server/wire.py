"""Requests off the wire, with a precise word about those that cannot be read; replies onto it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from summsvc.errors import MalformedRequestError

T = TypeVar("T")
M = TypeVar("M", bound=Message)

SLICE = 200
"""Segments, sentences or languages put into a message at once."""

_LENGTH_DELIMITED = 2


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
    """Path of the first string field in ``data`` that is not UTF-8, or ""."""
    try:
        unread = Empty.FromString(data)
    except DecodeError:
        return ""
    fields: Any = UnknownFieldSet(unread)
    for item in fields:
        field = descriptor.fields_by_number.get(item.field_number)
        if field is None or item.wire_type != _LENGTH_DELIMITED:
            continue
        if field.message_type is not None:
            inner = invalid_utf8(item.data, field.message_type)
            if inner:
                return f"{field.name}.{inner}"
        elif field.type == FieldDescriptor.TYPE_STRING:
            try:
                item.data.decode("utf-8")
            except UnicodeDecodeError:
                return str(field.name)
    return ""
