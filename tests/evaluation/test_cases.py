"""Parsing of evaluation files: cases, blank lines and errors of invalid lines."""

from __future__ import annotations

import pytest

from summsvc.evaluation.cases import (
    SUMMARY_COLUMNS,
    TRANSLATION_COLUMNS,
    Case,
    ColumnNames,
    FileFormat,
    LineError,
    parse_cases,
)


def parsed(
    data: bytes, form: FileFormat, names: ColumnNames = TRANSLATION_COLUMNS
) -> list[Case | LineError]:
    return list(parse_cases(data.splitlines(keepends=True), form, names))


def test_tsv_with_blank_lines_byte_order_mark_and_windows_line_ends() -> None:
    assert parsed(b"\xef\xbb\xbfOne.\t\xd0\x9e.\r\n\r\nTwo.\tD.\n", "tsv") == [
        Case(1, "One.", "О."),
        Case(3, "Two.", "D."),
    ]


def test_json_lines_with_and_without_optional_keys() -> None:
    data = b'{"body": "B", "summary": "S", "title": "T", "language_code": "lt", "id": 7}\n'
    assert parsed(
        data + b'{"body": "b", "summary": "s", "title": null}', "jsonl", SUMMARY_COLUMNS
    ) == [
        Case(1, "B", "S", "T", "lt"),
        Case(2, "b", "s"),
    ]


@pytest.mark.parametrize(
    ("form", "line", "problem"),
    [
        ("tsv", b"alone", "1 column instead of 2"),
        ("tsv", b"a\tb\tc", "3 columns instead of 2"),
        ("tsv", b"a\t ", "empty reference"),
        ("tsv", b"a\t\xff", "not UTF-8: byte 0xFF at offset 2"),
        ("jsonl", b"{", "not JSON"),
        ("jsonl", b"[" * 100_000, "not JSON"),
        ("jsonl", b"[]", "not a JSON object"),
        ("jsonl", b'{"source": "a"}', 'no "reference"'),
        ("jsonl", b'{"source": 1, "reference": "b"}', '"source" is not a string'),
        ("jsonl", b'{"source": "\\ud800", "reference": "b"}', "half of a surrogate pair"),
    ],
)
def test_an_invalid_line_gives_an_error_and_the_next_line_is_parsed(
    form: FileFormat, line: bytes, problem: str
) -> None:
    good = b"a\tb" if form == "tsv" else b'{"source": "a", "reference": "b"}'
    error, case = parsed(line + b"\n" + good, form)
    assert isinstance(error, LineError)
    assert error.line == 1
    assert problem in str(error)
    assert case == Case(2, "a", "b")
