"""Bearer tokens of a file: acceptance, and caller names that do not reveal them."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.config import SettingsError
from summsvc.server.security.tokens import Identity, Tokens, bearer_token


def test_any_token_of_the_file_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("first\n\n  žodis \nfirst\n")
    tokens = Tokens(file)
    assert tokens.required
    assert tokens.identify("first") is None
    assert tokens.load() == {"setting": "token_file", "tokens": 2}
    assert tokens.identify("first") is not None
    assert tokens.identify("žodis") is not None
    for other in ("", "firs", "first ", "FIRST", "\ud800"):
        assert tokens.identify(other) is None
    file.write_text("second")
    tokens.load()
    assert tokens.identify("first") is None
    assert tokens.identify("second") is not None


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
    assert tokens.identify("first") is not None
    assert tokens.identify("") is None


def test_a_name_is_stable_and_does_not_reveal_the_token(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("first\nsecond")
    tokens = Tokens(file)
    tokens.load()
    # The SHA-256 of "first" begins with these digits.
    assert tokens.identify("first") == Identity("token-a7937b64b8ca", "other", {})
    assert tokens.identify("second") != tokens.identify("first")


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
