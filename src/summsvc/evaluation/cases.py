"""Parsing of evaluation files: texts with references, as TSV or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

FileFormat = Literal["tsv", "jsonl"]


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Names of the text and of its reference, as TSV columns and as JSON keys."""

    text: str
    reference: str


TRANSLATION_COLUMNS = ColumnNames("source", "reference")
SUMMARY_COLUMNS = ColumnNames("body", "summary")


@dataclass(frozen=True, slots=True)
class Case:
    """A text with its reference translation or summary.

    line: line number in the file, from 1. title: "" if not given. language: BCP-47
    code of the text, "" if not given.
    """

    line: int
    text: str
    reference: str
    title: str = ""
    language: str = ""


class LineError(Exception):
    """An invalid line; the message describes the problem."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def parse_cases(
    lines: Iterable[bytes], form: FileFormat, names: ColumnNames
) -> Iterator[Case | LineError]:
    """Yield the case or the error of each line, in order; blank lines are skipped.

    form: "tsv": text, tab, reference, without quoting; "jsonl": one object with the
    keys of ``names`` and optionally ``title`` and ``language_code``.
    """
    parse = _parse_tsv if form == "tsv" else _parse_json
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


def _parse_tsv(number: int, line: str, names: ColumnNames) -> Case:
    columns = line.split("\t")
    if len(columns) != 2:
        expected = f"{names.text}, tab, {names.reference}"
        raise LineError(number, f"{_count(len(columns), 'column')} instead of 2 ({expected})")
    return _case(number, names, *columns)


def _parse_json(number: int, line: str, names: ColumnNames) -> Case:
    try:
        entry: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError(number, f"not JSON: {error}") from error
    if not isinstance(entry, dict):
        raise LineError(number, "not a JSON object")
    for name in (names.text, names.reference):
        if name not in entry:
            raise LineError(number, f'no "{name}"')
    keys = (names.text, names.reference, "title", "language_code")
    values = ["" if entry.get(key) is None else entry[key] for key in keys]
    for key, value in zip(keys, values, strict=True):
        if not isinstance(value, str):
            raise LineError(number, f'"{key}" is not a string')
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise LineError(number, f'"{key}" has half of a surrogate pair') from error
    return _case(number, names, *values)


def _case(number: int, names: ColumnNames, text: str, reference: str, *others: str) -> Case:
    for name, value in ((names.text, text), (names.reference, reference)):
        if not value.strip():
            raise LineError(number, f"empty {name}")
    return Case(number, text, reference, *others)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
