"""A user's file line by line: what is a case, and what is told about the rest."""

from __future__ import annotations

import pytest

from summsvc.evaluation.cases import SUMMARIES, TRANSLATION, Case, Form, LineError, Names, read


def found(data: bytes, form: Form, names: Names = TRANSLATION) -> list[Case | LineError]:
    return list(read(data.splitlines(keepends=True), form, names))


def test_tsv_with_blank_lines_a_mark_and_windows_line_ends() -> None:
    assert found(b"\xef\xbb\xbfOne.\t\xd0\x9e.\r\n\r\nTwo.\tD.\n", "tsv") == [
        Case(1, "One.", "О."),
        Case(3, "Two.", "D."),
    ]


def test_json_lines_with_what_may_be_left_out() -> None:
    data = b'{"body": "B", "summary": "S", "title": "T", "language_code": "lt", "id": 7}\n'
    assert found(data + b'{"body": "b", "summary": "s", "title": null}', "jsonl", SUMMARIES) == [
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
def test_a_bad_line_is_told_and_the_next_is_read(form: Form, line: bytes, problem: str) -> None:
    good = b"a\tb" if form == "tsv" else b'{"source": "a", "reference": "b"}'
    error, case = found(line + b"\n" + good, form)
    assert isinstance(error, LineError)
    assert error.line == 1
    assert problem in str(error)
    assert case == Case(2, "a", "b")
