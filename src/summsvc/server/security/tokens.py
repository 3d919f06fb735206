"""Bearer tokens that the server accepts (RFC 6750), loaded from a file."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from summsvc.config import SettingsError
from summsvc.server.security.certificates import read_setting_file

CALLER_NAME_DIGITS = 12
"""Hex digits of a token's hash in a caller's name: too few to find the token, enough to
distinguish all tokens."""


class Tokens:
    """Accepted tokens, one per line of a file. Nothing is read before ``load``.

    path: None when the server requires no token. setting: the one that names the file.
    """

    def __init__(self, path: Path | None, setting: str = "token_file") -> None:
        self._setting = setting
        self.paths: tuple[Path, ...] = () if path is None else (path,)
        self._hashes: tuple[bytes, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a call has to send a token."""
        return bool(self.paths)

    def load(self) -> dict[str, object]:
        """Load the tokens; return facts for the log.

        Raises SettingsError and keeps the loaded tokens.
        """
        found: list[str] = []
        for path in self.paths:
            try:
                lines = read_setting_file(self._setting, path).decode("utf-8").splitlines()
            except UnicodeDecodeError:
                raise SettingsError(f"{self._setting}: {path} is not UTF-8") from None
            found += [line.strip() for line in lines if line.strip()]
            if not found:
                raise SettingsError(f"{self._setting}: {path} has no token")
        self._hashes = tuple(_hash(token) for token in dict.fromkeys(found))
        return {"setting": self._setting, "tokens": len(self._hashes)}

    def accepts(self, token: str) -> bool:
        """Whether a token is accepted; compares in constant time."""
        sent = _hash(token)
        matches = [hmac.compare_digest(sent, known) for known in self._hashes]
        return any(matches)

    @staticmethod
    def caller_name(token: str) -> str:
        """Stable name for the caller with a token, which does not reveal the token."""
        return f"token-{_hash(token).hex()[:CALLER_NAME_DIGITS]}"


def bearer_token(authorization: str | bytes) -> str:
    """Extract the token from ``authorization`` metadata; empty when there is none."""
    scheme, _, token = (authorization if isinstance(authorization, str) else "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
