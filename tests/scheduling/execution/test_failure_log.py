"""Log fields of engine failures contain no text of the segments."""

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


def fields(message: str, text: str = TEXT) -> dict[str, object]:
    return log_fields(raised(RuntimeError(message)), [work([text]).item(0)])


def test_type_message_and_frames_are_logged() -> None:
    logged = fields("out of memory: 2048 bytes asked for")
    assert logged["error"] == "RuntimeError"
    assert logged["message"] == "out of memory: 2048 bytes asked for"
    assert logged["frames"] == [
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
    logged = fields(message, text)
    assert "message" not in logged
    assert logged["error"] == "RuntimeError"


def test_quotations_in_a_message_are_left_out() -> None:
    assert fields("key 'bishop' and \"minister\" unknown")["message"] == "key … and … unknown"
    assert fields("key 'bishop is not closed")["message"] == "key …"


def test_the_cause_of_an_engine_error_is_logged() -> None:
    error = EngineError("the model failed", detail="ValueError: bad")
    error.__cause__ = raised(ValueError("bad"))
    assert (log_fields(error, [])["error"], log_fields(error, [])["message"]) == (
        "ValueError",
        "bad",
    )


def test_long_messages_are_cut() -> None:
    assert fields("x" * 10_000)["message"] == "x" * 200
