"""A user's own texts with their references, from TSV or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Form = Literal["tsv", "jsonl"]


@dataclass(frozen=True, slots=True)
class Names:
    """What the two texts of a line are called, as columns and as JSON keys."""

    text: str
    reference: str


TRANSLATION = Names("source", "reference")
SUMMARIES = Names("body", "summary")


@dataclass(frozen=True, slots=True)
class Case:
    """A text and what a person made of it.

    line: from 1. language: BCP-47 code of the text, or "".
    """

    line: int
    text: str
    reference: str
    title: str = ""
    language: str = ""


class LineError(Exception):
    """A line that is no case; the message says why."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def read(lines: Iterable[bytes], form: Form, names: Names) -> Iterator[Case | LineError]:
    """The cases of a file in order, bad lines as errors among them; blank lines are passed over.

    tsv: text, tab, reference; nothing is quoted. jsonl: an object with both under
    their names, and optionally ``title`` and ``language_code``.
    """
    parse = _tsv if form == "tsv" else _json
    for number, raw in enumerate(lines, 1):
        data = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if not data.strip():
            continue
        try:
            yield parse(number, _decode(number, data), names)
        except LineError as error:
            yield error


def _decode(number: int, data: bytes) -> str:
    try:
        return data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise LineError(number, f"not UTF-8: byte 0x{byte:02X} at offset {error.start}") from error


def _tsv(number: int, line: str, names: Names) -> Case:
    columns = line.split("\t")
    if len(columns) != 2:
        wanted = f"{names.text}, tab, {names.reference}"
        raise LineError(number, f"{_count(len(columns), 'column')} instead of 2 ({wanted})")
    return _case(number, names, *columns)


def _json(number: int, line: str, names: Names) -> Case:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError(number, f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise LineError(number, "not a JSON object")
    for name in (names.text, names.reference):
        if name not in found:
            raise LineError(number, f'no "{name}"')
    keys = (names.text, names.reference, "title", "language_code")
    values = ["" if found.get(key) is None else found[key] for key in keys]
    for key, value in zip(keys, values, strict=True):
        if not isinstance(value, str):
            raise LineError(number, f'"{key}" is not a string')
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise LineError(number, f'"{key}" has half of a surrogate pair') from error
    return _case(number, names, *values)


def _case(number: int, names: Names, text: str, reference: str, *others: str) -> Case:
    for name, value in ((names.text, text), (names.reference, reference)):
        if not value.strip():
            raise LineError(number, f"empty {name}")
    return Case(number, text, reference, *others)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
