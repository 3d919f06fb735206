"""Mutations that keep most of the structure of an input: of articles, data files and binary files.

A coverage-guided fuzzer that flips bytes seldom makes a text that a parser accepts. These
mutations insert, repeat, move, exchange and delete whole pieces. Some change single bytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from random import Random

from fuzz import tokens

USUAL = (40, 80, 120, 250)
"""Code points of a text before a mutation, at most. Short ones run more often per second."""

LARGE = 100_000
"""Code points of the inputs that show whether time is linear."""

LARGE_SHARE = 1 / 4_000
"""Share of mutated inputs that are large."""

OPTIONS = 4
"""Bytes at the start of a text input from which a target takes its options."""

BIG_NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**32)
WIDE_NUMBERS = (*BIG_NUMBERS, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 8)

_PIECES = re.compile(r"<[^<>]*>|\w+|\s+|.", re.DOTALL)


def decoded(data: bytes) -> str:
    """The text of an input; "surrogatepass", so that lone surrogates are among the texts."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _token(random: Random, groups: Sequence[Sequence[str]]) -> str:
    return random.choice(random.choice(groups))


def _edited(text: str, random: Random, groups: Sequence[Sequence[str]]) -> str:
    """The text with one change."""
    pieces = _PIECES.findall(text) or [""]
    at, to = sorted((random.randint(0, len(pieces)), random.randint(0, len(pieces))))
    to = min(to, at + 20)
    piece = pieces[at:to]
    kind = random.randrange(10)
    if kind < 4:
        pieces[at:at] = [_token(random, groups)]
    elif kind == 4:
        pieces[at:to] = [_token(random, groups)]
    elif kind == 5:
        pieces[at:to] = []
    elif kind == 6:
        pieces[at:at] = piece * random.choice((1, 1, 2, 8))
    elif kind == 7:
        place = random.randint(0, len(pieces))
        pieces[place:place] = piece
    elif kind == 8:
        start = random.randint(0, len(text))
        return text[:start] + chr(random.choice(_RANGES)(random)) + text[start + 1 :]
    else:
        change = random.choice((str.upper, str.lower, str.title, lambda part: part[::-1]))
        pieces[at:to] = [change("".join(piece))]
    return "".join(pieces)


_RANGES: tuple[Callable[[Random], int], ...] = (
    lambda random: random.randrange(0x80),
    lambda random: random.randrange(0x250),
    lambda random: random.randrange(0x400, 0x460),
    lambda random: random.randrange(0x2000, 0x2070),
    lambda random: random.randrange(0x10000),
    lambda random: random.randrange(0x110000),
)


def _large(text: str, random: Random) -> str:
    """A piece of the text repeated to about ``LARGE`` code points, between the rest."""
    start = random.randrange(len(text) + 1)
    unit = text[start : start + random.choice((1, 2, 5, 20, 100))] or "a"
    return text[:start] + unit * ((LARGE - len(text)) // len(unit) // 4) + text[start:]


def text_mutation(
    groups: Sequence[Sequence[str]] = tokens.ALL, *, options: int = OPTIONS, large: bool = True
) -> Callable[[bytes, Random, int], bytes]:
    """A mutation of texts after ``options`` bytes of options."""

    def mutate(data: bytes, random: Random, most: int) -> bytes:
        head = bytearray(data[:options].ljust(options, b"\0"))
        text = decoded(data[options:])
        usual = random.choice(USUAL)
        if len(text) > usual:
            start = random.randrange(len(text) - usual + 1)
            text = text[start : start + usual]
        if options and random.random() < 0.3:
            head[random.randrange(options)] = random.randrange(256)
        for _ in range(random.choice((1, 1, 1, 2, 3, 5, 8))):
            text = _edited(text, random, groups)
        if large and random.random() < LARGE_SHARE:
            text = _large(text, random)
        return (bytes(head) + text.encode("utf-8", "surrogatepass"))[: max(most, options)]

    return mutate


def binary_mutation(data: bytes, random: Random, most: int) -> bytes:
    """A mutation of a binary file: numbers of all widths, bits, pieces, length."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        # Headers are at the start or, as in zip archives, at the end.
        size = random.choice((64, 1024, len(changed)))
        at = random.randrange(max(1, min(size, len(changed))))
        at = random.choice((at, at // 8 * 8, max(0, len(changed) - at)))
        kind = random.randrange(8)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << random.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = random.choice((0, 1, 127, 128, 255, random.randrange(256)))
        elif kind == 2:
            number = random.choice(WIDE_NUMBERS)
            number += random.choice((0, 0, 1, -1))
            changed[at : at + 8] = struct.pack("<Q", number % 2**64)
        elif kind == 3:
            changed[at : at + 4] = struct.pack("<I", random.choice(BIG_NUMBERS) % 2**32)
        elif kind == 4:
            del changed[at : at + random.choice((1, 4, 8, 100))]
        elif kind == 5:
            changed[at:at] = changed[at : at + random.choice((1, 4, 8, 100))]
        elif kind == 6:
            changed[at:at] = random.choice(tokens.DATA).encode("utf-8", "surrogatepass")
        else:
            del changed[random.choice((at, len(changed) - at % 16)) :]
    return bytes(changed[:most])


_VALUE = re.compile(rb'"[^"\n]*"|-?\d[\d.eE+_-]*|true|false|null|\[[^\[\]]*\]|\w+')


def data_mutation(data: bytes, random: Random, most: int) -> bytes:
    """A mutation of a file of JSON, TOML, YAML or lines: values of other types, depth, size."""
    kind = random.randrange(8)
    values = list(_VALUE.finditer(data))
    if kind < 4 and values:
        value = random.choice(values)
        other = random.choice(
            (
                random.choice(tokens.DATA).encode("utf-8", "surrogatepass"),
                random.choice(values)[0],
                b"[" + value[0] + b"]",
                b'"' + value[0] + b'"',
            )
        )
        if random.random() < 0.02:
            other = random.choice((b"[" * 50_000, b"9" * 5_000, b'{"a":' * 20_000, b"x" * 100_000))
        return (data[: value.start()] + other + data[value.end() :])[:most]
    if kind < 7:
        change = text_mutation((tokens.DATA, tokens.CHARACTERS), options=0, large=False)
        text = data.decode("utf-8", "surrogateescape")
        if len(text) <= USUAL[-1]:
            return change(data, random, most)
        at = random.randrange(len(text) - 100)
        part = text[at : at + 100].encode("utf-8", "surrogateescape")
        head = text[:at].encode("utf-8", "surrogateescape")
        return (head + change(part, random, most) + data[len(head) + len(part) :])[:most]
    return binary_mutation(data, random, most)
