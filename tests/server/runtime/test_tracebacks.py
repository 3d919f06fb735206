"""Traceback formatting: exception types and lines of code, no texts."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from summsvc.errors import EngineError
from summsvc.server.runtime.tracebacks import MAX_CHAIN_LENGTH, describe, format_error

SECRET = "Zanzibar"


def raised(fail: Callable[[], object]) -> Exception:
    try:
        fail()
    except Exception as error:
        return error
    raise AssertionError


def broken() -> None:
    text = SECRET.upper().lower()
    dict[str, str]()[text]


def test_a_traceback_has_type_and_lines_without_the_message() -> None:
    text = format_error(raised(broken))
    assert text.startswith("Traceback (most recent call last):\n")
    assert "in broken\n    dict[str, str]()[text]" in text
    assert text.endswith("\nKeyError: (message left out)")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError(SECRET), "KeyError: (message left out)"),
        (ValueError(), "ValueError"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (EngineError(SECRET), "summsvc.errors.EngineError: ENGINE_FAILED"),
        (OSError(errno.ENOSPC, SECRET, SECRET), "OSError: [Errno 28] No space left on device"),
        (FileNotFoundError(2, SECRET), "FileNotFoundError: [Errno 2] No such file or directory"),
        (OSError(SECRET), "OSError: (message left out)"),
    ],
)
def test_description_of_an_exception(error: Exception, said: str) -> None:
    assert describe(error) == said
    assert format_error(error) == said


def test_causes_contexts_and_notes() -> None:
    def caused() -> None:
        try:
            broken()
        except KeyError as error:
            raise ValueError(SECRET) from error

    def handling() -> None:
        try:
            caused()
        except ValueError as error:
            error.add_note(SECRET)
            raise RuntimeError(SECRET)  # noqa: B904

    text = format_error(raised(handling))
    assert SECRET.casefold() not in text.casefold()
    parts = [text.index(part) for part in (
        "KeyError", "direct cause of", "ValueError", "During handling of", "RuntimeError",
    )]  # fmt: skip
    assert parts == sorted(parts)

    def hidden() -> None:
        try:
            broken()
        except KeyError:
            raise ValueError from None

    assert "KeyError" not in format_error(raised(hidden))


def test_exceptions_of_a_group() -> None:
    group = ExceptionGroup(SECRET, [raised(broken), ExceptionGroup(SECRET, [ValueError(SECRET)])])
    text = format_error(group)
    assert SECRET not in text
    assert "  | exception 1 of 2:\n  | Traceback (most recent" in text
    assert "  |   | ValueError: (message left out)" in text


def test_long_and_circular_chains_end() -> None:
    one, other = ValueError(), KeyError()
    one.__context__, other.__context__ = other, one
    assert format_error(one).count("During handling") == 1
    last: Exception = ValueError()
    for _ in range(2 * MAX_CHAIN_LENGTH):
        error = ValueError()
        error.__cause__, last = last, error
    assert format_error(last).count("ValueError") == MAX_CHAIN_LENGTH
