"""Mutations of encoded protobuf messages that know the wire format.

Specification: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from fuzz import tokens
from fuzz.mutation import WIDE_NUMBERS, binary_mutation

Field = tuple[int, int, bytes]
"""Number, wire type, and the value with its length, if it has one, apart."""


def varint(value: int) -> bytes:
    """A number in groups of seven bits."""
    groups: list[int] = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at += 1
        shift += 7
        if data[at - 1] < 0x80:
            return value, at


def fields(data: bytes) -> list[Field] | None:
    """The fields of a message; None for bytes that are none."""
    found: list[Field] = []
    at = 0
    try:
        while at < len(data):
            key, at = _read_varint(data, at)
            start, kind = at, key & 7
            if kind == 2:
                length, start = _read_varint(data, at)
                at = start + length
            elif kind == 0:
                _, at = _read_varint(data, at)
            elif kind in (1, 5):
                at += 8 if kind == 1 else 4
            else:
                return None
            if at > len(data) or key < 8:
                return None
            found.append((key >> 3, kind, data[start:at]))
    except IndexError:
        return None
    return found


def encoded(parts: list[Field]) -> bytes:
    """A message of the fields, whatever their values are."""
    return b"".join(
        varint(number << 3 | kind) + (varint(len(value)) if kind == 2 else b"") + value
        for number, kind, value in parts
    )


def _value(random: Random, kind: int) -> bytes:
    if kind == 0:
        return varint(random.choice(WIDE_NUMBERS))
    if kind in (1, 5):
        return random.choice((b"\0", b"\xff", b"\x7f\xf0")) * 8
    choice = random.randrange(6)
    if choice == 0:
        return random.choice((b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0"))
    if choice == 1:
        return _nested(random, random.choice((1, 5, 99, 101, 3_000)))
    group: Sequence[str] = random.choice(
        (*tokens.ALL, ("en", "ru", "lt", "xx", "opus-en-ru", "nothing"))
    )
    return random.choice(group).encode("utf-8", "surrogatepass")


def _nested(random: Random, depth: int) -> bytes:
    value = b""
    number = random.choice((1, 2, 5, 6, 8))
    for _ in range(depth):
        value = varint(number << 3 | 2) + varint(len(value)) + value
    return value


def mutated(data: bytes, random: Random, most: int) -> bytes:
    """A mutation of a message: its fields, those of nested messages, or its bytes."""
    parts = fields(data)
    if parts is None or random.random() < 0.15:
        return binary_mutation(data, random, most)
    parts = list(parts)
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(parts)) if parts else 0
        kind = random.randrange(8)
        if kind < 3 and parts:
            number, wire, value = parts[at]
            if wire == 2 and random.random() < 0.8:
                parts[at] = (number, wire, mutated(value, random, most))
            else:
                parts[at] = (number, wire, _value(random, wire))
        elif kind == 3 and parts:
            number, _, value = parts[at]
            wire = random.choice((0, 1, 2, 3, 4, 5, 7))
            parts[at] = (number, wire, random.choice((value, _value(random, wire))))
        elif kind == 4 and parts:
            parts[at:at] = [parts[at]] * random.choice((1, 2, 10, 300))
        elif kind == 5 and parts:
            del parts[at]
        else:
            wire = random.choice((0, 1, 2, 2, 2, 5))
            number = random.choice((*range(1, 17), 1000, 2**29 - 1))
            parts.insert(at, (number, wire, _value(random, wire)))
    return encoded(parts)[:most]
