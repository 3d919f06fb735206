"""Request deserialization: size and field counts are checked before protobuf parses a message.

protobuf parses a message in one call and holds the GIL during the call: a third of a second
for 8 MB of empty list entries. Therefore the fields are counted first, up to the allowed
number, and a batch is split into its requests, which are parsed one at a time.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol, TypeVar, cast

import structlog
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from summsvc.config import Settings
from summsvc.errors import (
    InvalidFieldError,
    InvalidInputError,
    MalformedRequestError,
    SummsvcError,
)
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.server.codec.status import internal_error
from summsvc.server.codec.wire_format import iter_fields

log = structlog.get_logger("summsvc.calls")

M = TypeVar("M", bound=Message)
M_co = TypeVar("M_co", bound=Message, covariant=True)

BATCH_FIELD = "requests"
"""Name of the repeated field that makes a message a batch."""

EXTRA_FIELDS = 1_000
"""Fields that a message may have in addition to its limited lists. About twenty are known;
newer clients may send more."""

MAX_FOREIGN_REQUEST_BYTES = 64 * 1024
"""Limit in bytes for a request to health or reflection, which holds one name of under 1 KB."""

FIELDS_PER_TERM = 4
"""Fields allowed for each term: a protected term has one, a glossary entry three."""


class Deserializer(Protocol[M_co]):
    """Deserializer of one method's requests."""

    def __call__(
        self, data: bytes, caller: Caller = ANONYMOUS
    ) -> M_co | list[bytes] | SummsvcError: ...


class RequestDeserializer:
    """Parses requests within the limits of the settings, in a few milliseconds each."""

    def __init__(self, settings: Settings) -> None:
        batch, terms = settings.max_batch_articles, settings.max_terms
        self._limits = {BATCH_FIELD: batch, "do_not_translate": terms, "glossary": terms}
        # An entry takes at least two bytes: shorter messages cannot exceed any limit.
        self._uncounted_bytes = 2 * min(self._limits.values())
        self._max_fields = EXTRA_FIELDS + batch + FIELDS_PER_TERM * terms

    def deserializer(self, message: type[M]) -> Deserializer[M]:
        """Return a method's deserializer, which returns a message or the parts of a batch.

        It returns errors, as the message reader does, instead of raising them.
        """
        is_batch = BATCH_FIELD in message.DESCRIPTOR.fields_by_name
        is_own = message.DESCRIPTOR.full_name.startswith("summsvc.")
        max_bytes = sys.maxsize if is_own else MAX_FOREIGN_REQUEST_BYTES

        def deserialize(data: bytes, caller: Caller = ANONYMOUS) -> M | list[bytes] | SummsvcError:
            if len(data) > max_bytes:
                return _too_large(message, max_bytes)
            try:
                if is_batch:
                    return self.split_batch(message, data, caller)
                return self.parse(message, data)
            except InvalidInputError as error:
                return error
            except Exception:
                # A defect of this code: gRPC would send the exception's message to the caller.
                log.exception("failed", message=message.DESCRIPTOR.full_name)
                return internal_error()

        return deserialize

    def parse(self, message: type[M], data: bytes) -> M:
        """Parse a message.

        Raises MalformedRequestError for bytes that are not a ``message``, InvalidFieldError
        for a list over its limit.
        """
        try:
            if len(data) > self._uncounted_bytes:
                self._validate_counts(data, message)
            return message.FromString(data)
        except (ValueError, DecodeError):
            field = self._invalid_utf8_field(data, message)
        if field:
            raise MalformedRequestError(
                f"{field} is not valid UTF-8; encode strings as UTF-8", field=field
            )
        raise _not_a_message(message)

    def split_batch(
        self, message: type[Message], data: bytes, caller: Caller = ANONYMOUS
    ) -> list[bytes]:
        """Split a batch into its encoded requests, for ``parse``; raises the same errors.

        caller: whose own limit of articles applies, if it is lower than the server's.
        """
        number = message.DESCRIPTOR.fields_by_name[BATCH_FIELD].number
        limit = caller.limits.batch_articles(self._limits[BATCH_FIELD])
        limit_of = caller if limit < self._limits[BATCH_FIELD] else None
        parts: list[bytes] = []
        budget = self._field_budget()
        try:
            for field, start, end in iter_fields(data, 0, len(data)):
                next(budget)
                if field == number:
                    if len(parts) == limit:
                        raise _too_many_entries(BATCH_FIELD, limit, limit_of)
                    parts.append(data[start:end])
        except ValueError:
            raise _not_a_message(message) from None
        if not parts:
            raise InvalidFieldError(
                f"{BATCH_FIELD} is empty; send 1 to {limit} entries",
                field=BATCH_FIELD,
                metadata={"limit": str(limit)},
            )
        return parts

    def _validate_counts(self, data: bytes, message: type[Message]) -> None:
        counts: Counter[str] = Counter()
        for path, field, _, _ in self._fields(data, message):
            limit = self._limits.get(field.name)
            if limit is not None:
                counts[path] += 1
                if counts[path] > limit:
                    raise _too_many_entries(path, limit)

    def _invalid_utf8_field(self, data: bytes, message: type[Message]) -> str:
        """Path of the first string that is not UTF-8, or "" when none is found.

        Stops where ``data`` is not a message.
        """
        with suppress(ValueError):
            for path, field, start, end in self._fields(data, message):
                if field.type == FieldDescriptor.TYPE_STRING:
                    try:
                        data[start:end].decode()
                    except UnicodeDecodeError:
                        return path
        return ""

    def _fields(
        self, data: bytes, message: type[Message]
    ) -> Iterator[tuple[str, FieldDescriptor, int, int]]:
        descriptor = cast("Descriptor", message.DESCRIPTOR)
        return _walk(data, 0, len(data), descriptor, self._field_budget())

    def _field_budget(self) -> Iterator[None]:
        """Yield once for each field that may be visited, then raise MalformedRequestError."""
        for _ in range(self._max_fields):
            yield
        raise MalformedRequestError(
            f"the request has more than {self._max_fields} fields, including those of nested "
            "messages; set each field once"
        )


def _walk(
    data: bytes,
    start: int,
    end: int,
    descriptor: Descriptor,
    budget: Iterator[None],
    prefix: str = "",
) -> Iterator[tuple[str, FieldDescriptor, int, int]]:
    """Yield path, descriptor, start and end of each string and message in ``data[start:end]``.

    The fields of a nested message follow that message.

    budget: advanced once for each field; its exception passes through.
    prefix: start of every path.
    Raises ValueError where the bytes are not a message.
    """
    for number, field_start, field_end in iter_fields(data, start, end):
        next(budget)
        field = descriptor.fields_by_number.get(number)
        if field is None:
            continue
        path = prefix + field.name
        yield path, field, field_start, field_end
        if field.message_type is not None:
            yield from _walk(data, field_start, field_end, field.message_type, budget, f"{path}.")


def _too_many_entries(path: str, limit: int, limit_of: Caller | None = None) -> InvalidFieldError:
    """Build the error for a list that is too long. limit_of: the caller whose limit it is."""
    metadata, whose = {"limit": str(limit)}, ""
    if limit_of is not None:
        metadata |= {"limit_of": "caller", "caller": limit_of.name}
        whose = f", the limit of caller '{limit_of.name}'"
    return InvalidFieldError(
        f"{path} has more than {limit} entries; send at most {limit}{whose}",
        field=path,
        metadata=metadata,
    )


def _too_large(message: type[Message], limit: int) -> MalformedRequestError:
    return MalformedRequestError(
        f"the request has more than {limit} bytes, the limit for {message.DESCRIPTOR.full_name}",
        metadata={"limit": str(limit)},
    )


def _not_a_message(message: type[Message]) -> MalformedRequestError:
    return MalformedRequestError(
        f"the request is not a valid {message.DESCRIPTOR.full_name} message; "
        "encode it with the proto files of this server's version"
    )
