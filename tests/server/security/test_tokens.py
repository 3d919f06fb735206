"""Bearer tokens of a file: acceptance, and caller names that do not reveal them."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.config import SettingsError
from summsvc.server.security.tokens import Tokens, bearer_token


def test_any_token_of_the_file_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("first\n\n  žodis \nfirst\n")
    tokens = Tokens(file)
    assert tokens.required
    assert not tokens.accepts("first")
    assert tokens.load() == {"setting": "token_file", "tokens": 2}
    assert tokens.accepts("first")
    assert tokens.accepts("žodis")
    for other in ("", "firs", "first ", "FIRST", "\ud800"):
        assert not tokens.accepts(other)
    file.write_text("second")
    tokens.load()
    assert not tokens.accepts("first")
    assert tokens.accepts("second")


def test_no_token_is_required_without_a_file() -> None:
    tokens = Tokens(None)
    tokens.load()
    assert not tokens.required


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "has no token"), (b"\n \n", "has no token"), (b"\xff", "not UTF-8")]
)
def test_an_invalid_file_keeps_the_loaded_tokens(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "tokens"
    file.write_text("first")
    tokens = Tokens(file)
    tokens.load()
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"token_file: .*{why}"):
        tokens.load()
    assert tokens.accepts("first")
    assert not tokens.accepts("")


def test_a_name_is_stable_and_does_not_reveal_the_token() -> None:
    # The SHA-256 of "first" begins with these digits.
    assert Tokens.caller_name("first") == "token-a7937b64b8ca"
    assert Tokens.caller_name("second") != Tokens.caller_name("first")


@pytest.mark.parametrize(
    ("sent", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer   abc ", "abc"),
        ("Basic abc", ""),
        ("abc", ""),
        ("", ""),
        (b"Bearer abc", ""),
    ],
)
def test_extraction_of_a_token(sent: str | bytes, token: str) -> None:
    assert bearer_token(sent) == token
