"""Requests off the wire: looked at before they are parsed, with a precise word about bad ones.

protobuf parses a message in one go and holds the interpreter's lock meanwhile: for 8 MB
of empty list entries a third of a second. So fields are counted first, no further than
is allowed, and a batch is parsed one request at a time.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from summsvc.config import Settings
from summsvc.errors import InvalidFieldError, InvalidInputError, MalformedRequestError
from summsvc.server.codec.wire import fields

M = TypeVar("M", bound=Message)

BATCH = "requests"
"""The list that makes a message a batch."""

SPARE_FIELDS = 1_000
"""Fields that a message may have beside its lists: some twenty are known, and newer clients
may know more."""

OTHERS_BYTES = 64 * 1024
"""Bytes of a request to health or reflection: the name of something, far below a kilobyte."""

FIELDS_PER_TERM = 4
"""A protected term is one field, a glossary entry with what is in it three."""


class Receiver:
    """Reads requests under the limits of the settings, each in a few milliseconds."""

    def __init__(self, settings: Settings) -> None:
        batch, terms = settings.max_batch_articles, settings.max_terms
        self._most = {BATCH: batch, "do_not_translate": terms, "glossary": terms}
        # Each entry takes two bytes at least.
        self._never_too_many = 2 * min(self._most.values())
        self._most_fields = SPARE_FIELDS + batch + FIELDS_PER_TERM * terms

    def deserializer(
        self, message: type[M]
    ) -> Callable[[bytes], M | list[bytes] | InvalidInputError]:
        """Make what reads a method's requests: a message, or a batch in parts.

        gRPC answers a raising deserializer with INTERNAL and no details; returned,
        the error can be answered as what it is.
        """
        is_batch = BATCH in message.DESCRIPTOR.fields_by_name
        is_ours = message.DESCRIPTOR.full_name.startswith("summsvc.")
        most = sys.maxsize if is_ours else OTHERS_BYTES

        def deserialize(data: bytes) -> M | list[bytes] | InvalidInputError:
            try:
                if len(data) > most:
                    raise _too_large(message, most)
                return self.divided(message, data) if is_batch else self.parsed(message, data)
            except InvalidInputError as error:
                return error

        return deserialize

    def parsed(self, message: type[M], data: bytes) -> M:
        """The message; raises MalformedRequestError, InvalidFieldError for too long a list."""
        try:
            if len(data) > self._never_too_many:
                self._check_counts(data, message.DESCRIPTOR)
            return message.FromString(data)
        except (ValueError, DecodeError):
            field = self._invalid_utf8(data, message.DESCRIPTOR)
        if field:
            raise MalformedRequestError(f"{field} is not valid UTF-8", field=field)
        raise _no_message(message)

    def divided(self, message: type[Message], data: bytes) -> list[bytes]:
        """The requests of a batch, each still to be ``parsed``; raises the same errors."""
        number, most = message.DESCRIPTOR.fields_by_name[BATCH].number, self._most[BATCH]
        parts: list[bytes] = []
        left = self._fields_left()
        try:
            for each, begin, end in fields(data, 0, len(data)):
                next(left)
                if each == number:
                    if len(parts) == most:
                        raise _too_many(BATCH, most)
                    parts.append(data[begin:end])
        except ValueError:
            raise _no_message(message) from None
        if not parts:
            raise InvalidFieldError(
                f"{BATCH} is empty; 1 to {most} entries are allowed",
                field=BATCH,
                metadata={"limit": str(most)},
            )
        return parts

    def _check_counts(self, data: bytes, descriptor: Any) -> None:
        counts: Counter[str] = Counter()
        for path, field, _, _ in _known(data, 0, len(data), descriptor, self._fields_left()):
            most = self._most.get(field.name)
            if most is not None:
                counts[path] += 1
                if counts[path] > most:
                    raise _too_many(path, most)

    def _invalid_utf8(self, data: bytes, descriptor: Any) -> str:
        """Path of the first string that is not UTF-8, as far as ``data`` is a message, or ""."""
        known = _known(data, 0, len(data), descriptor, self._fields_left())
        with suppress(ValueError):
            for path, field, begin, end in known:
                if field.type == FieldDescriptor.TYPE_STRING:
                    try:
                        data[begin:end].decode()
                    except UnicodeDecodeError:
                        return path
        return ""

    def _fields_left(self) -> Iterator[None]:
        """Gives something for each field that may be looked at, then raises."""
        for _ in range(self._most_fields):
            yield
        raise MalformedRequestError(
            f"the request has more than {self._most_fields} fields, those of its parts included; "
            "set each once"
        )


def _known(
    data: bytes, at: int, end: int, descriptor: Any, left: Iterator[None], above: str = ""
) -> Iterator[tuple[str, Any, int, int]]:
    """Path, descriptor, begin and end of the strings and messages in ``data[at:end]``.

    Those in them follow each. above: what paths begin with. Raises ValueError where it
    is no message, and what ``left`` raises.
    """
    for number, begin, end_ in fields(data, at, end):
        next(left)
        field = descriptor.fields_by_number.get(number)
        if field is None:
            continue
        path = above + field.name
        yield path, field, begin, end_
        if field.message_type is not None:
            yield from _known(data, begin, end_, field.message_type, left, f"{path}.")


def _too_many(path: str, most: int) -> InvalidFieldError:
    return InvalidFieldError(
        f"{path} has more than {most} entries, the most allowed",
        field=path,
        metadata={"limit": str(most)},
    )


def _too_large(message: type[Message], most: int) -> MalformedRequestError:
    return MalformedRequestError(
        f"no {message.DESCRIPTOR.full_name} needs more than {most} bytes",
        metadata={"limit": str(most)},
    )


def _no_message(message: type[Message]) -> MalformedRequestError:
    return MalformedRequestError(f"the request is not a {message.DESCRIPTOR.full_name} message")
