"""The log learns what an engine raised and nothing of what it was given."""

from __future__ import annotations

import pytest

from summsvc.errors import EngineError
from summsvc.scheduling.execution.failure_log import log_fields
from tests.scheduling.reversing import work

TEXT = "The bishop of Vilnius met the minister of finance on Friday."


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def told(message: str, text: str = TEXT) -> dict[str, object]:
    return log_fields(raised(RuntimeError(message)), [work([text]).item(0)])


def test_type_message_and_place_are_told() -> None:
    said = told("out of memory: 2048 bytes asked for")
    assert said["error"] == "RuntimeError"
    assert said["message"] == "out of memory: 2048 bytes asked for"
    assert said["frames"] == [
        f"execution/test_failure_log.py:{raised.__code__.co_firstlineno + 2} raised"
    ]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (f"boom on: {TEXT}", TEXT),
        (f"boom on: {TEXT[5:30]}", TEXT),
        (f"boom on: {TEXT.upper()}", TEXT),
        (f"boom on: {TEXT[:20]}\n{TEXT[20:]}", TEXT),
        ("no piece for Kaunas", "Kaunas"),
        ("no piece for ▁Vil nius", TEXT),
        ("no piece for \\u0412\\u0438\\u043b", "Вильнюс ждёт."),
        ("кто здесь", "Who is here?"),
    ],
)
def test_a_message_that_may_quote_a_text_is_left_out(message: str, text: str) -> None:
    said = told(message, text)
    assert "message" not in said
    assert said["error"] == "RuntimeError"


def test_what_a_message_quotes_is_left_out() -> None:
    assert told("key 'bishop' and \"minister\" unknown")["message"] == "key … and … unknown"
    assert told("key 'bishop is not closed")["message"] == "key …"


def test_what_an_engine_made_of_a_librarys_exception_is_seen_through() -> None:
    error = EngineError("the model failed", detail="ValueError: bad")
    error.__cause__ = raised(ValueError("bad"))
    assert (log_fields(error, [])["error"], log_fields(error, [])["message"]) == (
        "ValueError",
        "bad",
    )


def test_long_messages_are_cut() -> None:
    assert told("x" * 10_000)["message"] == "x" * 200
