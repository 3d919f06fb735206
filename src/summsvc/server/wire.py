"""Requests off the wire, with a precise word about those that cannot be read; replies onto it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from summsvc.errors import MalformedRequestError

M = TypeVar("M", bound=Message)

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
