"""The bearer tokens that a server accepts (RFC 6750)."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from summsvc.config import SettingsError
from summsvc.server.security.certificates import read

NAME_DIGITS = 12
"""Hex digits of a token's hash in its name: too few to find the token, enough to tell all apart."""


class Tokens:
    """The tokens of a file, one a line; all are asked for and any is accepted.

    path: None where the server asks for no token. Nothing is read before ``load``.
    """

    def __init__(self, path: Path | None) -> None:
        self.paths: tuple[Path, ...] = () if path is None else (path,)
        self._hashes: tuple[bytes, ...] = ()

    @property
    def asked_for(self) -> bool:
        """Whether a call needs a token."""
        return bool(self.paths)

    def load(self) -> dict[str, object]:
        """Take the tokens that the file has now; gives facts about them for the log.

        Raises SettingsError and keeps those it has.
        """
        found: list[str] = []
        for path in self.paths:
            try:
                lines = read("token_file", path).decode("utf-8").splitlines()
            except UnicodeDecodeError:
                raise SettingsError(f"token_file: {path} is not UTF-8") from None
            found += [line.strip() for line in lines if line.strip()]
            if not found:
                raise SettingsError(f"token_file: {path} has no token")
        self._hashes = tuple(_hash(token) for token in dict.fromkeys(found))
        return {"setting": "token_file", "tokens": len(self._hashes)}

    def accepts(self, token: str) -> bool:
        """Whether a token is one of the file's, in a time that tells nothing about them."""
        sent = _hash(token)
        matches = [hmac.compare_digest(sent, known) for known in self._hashes]
        return any(matches)

    @staticmethod
    def name(token: str) -> str:
        """A stable name of a token that does not reveal it, to tell callers apart."""
        return f"token-{_hash(token).hex()[:NAME_DIGITS]}"


def bearer(authorization: str | bytes) -> str:
    """The token of an ``authorization`` entry of the metadata; empty when it has none."""
    scheme, _, token = (authorization if isinstance(authorization, str) else "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
