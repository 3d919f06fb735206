"""Bearer tokens that the server accepts (RFC 6750), loaded from a file."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from summsvc.config import SettingsError
from summsvc.server.security.caller_file import (
    MAX_CALLERS,
    CallerFileError,
    parse_callers,
    token_digest,
)
from summsvc.server.security.certificates import read_setting_file

CALLER_NAME_DIGITS = 12
"""Hex digits of a token's hash in a caller's name: too few to find the token, enough to
distinguish all tokens."""

OTHER_LABEL = "other"
"""Label of callers whose tokens have no name."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token a token is. name: of the caller. label: its value of a metric's label.

    limits: those that the file sets, by their names in ``CallerLimits``.
    """

    name: str
    label: str = OTHER_LABEL
    limits: Mapping[str, int] = field(default_factory=dict)


class Tokens:
    """Accepted tokens of a file. Nothing is read before ``load``.

    The file has one token per line, or is a TOML file of named callers when its name ends in
    ``.toml``, see ``caller_file``. Only digests of tokens are kept.

    path: None when the server requires no token. setting: the one that names the file.
    """

    def __init__(self, path: Path | None, setting: str = "token_file") -> None:
        self._setting = setting
        self.paths: tuple[Path, ...] = () if path is None else (path,)
        self._identities: tuple[tuple[bytes, Identity], ...] = ()
        self._labels: set[str] = set()

    @property
    def required(self) -> bool:
        """Whether a call has to send a token."""
        return bool(self.paths)

    def load(self) -> dict[str, object]:
        """Load the tokens; return facts for the log.

        Raises SettingsError and keeps the loaded tokens.
        """
        found: dict[bytes, Identity] = {}
        for path in self.paths:
            try:
                text = read_setting_file(self._setting, path).decode("utf-8")
                found |= self._named(text) if path.suffix == ".toml" else _unnamed(text)
            except UnicodeDecodeError:
                raise SettingsError(f"{self._setting}: {path} is not UTF-8") from None
            except CallerFileError as error:
                raise SettingsError(f"{self._setting}: {path}: {error}") from None
            if not found:
                raise SettingsError(f"{self._setting}: {path} has no token")
        self._identities = tuple(found.items())
        return {"setting": self._setting, "tokens": len(self._identities)}

    def identify(self, token: str) -> Identity | None:
        """Return whose token it is, None for one that is not accepted.

        Takes the same time for each token: compares its digest with all digests.
        """
        sent = token_digest(token)
        found = None
        for digest, identity in self._identities:
            if hmac.compare_digest(sent, digest):
                found = identity
        return found

    def _named(self, text: str) -> dict[bytes, Identity]:
        identities: dict[bytes, Identity] = {}
        for caller in parse_callers(text):
            own = caller.limits.model_dump(exclude_none=True)
            identity = Identity(caller.name, self._label(caller.name), own)
            identities |= dict.fromkeys(caller.digests, identity)
        return identities

    def _label(self, name: str) -> str:
        """Return a label; the number of labels stays bounded when reloads bring new names."""
        if len(self._labels) < MAX_CALLERS:
            self._labels.add(name)
        return name if name in self._labels else OTHER_LABEL


def bearer_token(authorization: str | bytes) -> str:
    """Extract the token from ``authorization`` metadata; empty when there is none."""
    scheme, _, token = (authorization if isinstance(authorization, str) else "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _unnamed(text: str) -> dict[bytes, Identity]:
    """Identities of a file with one token per line, named by digests that do not reveal them."""
    digests = [token_digest(line.strip()) for line in text.splitlines() if line.strip()]
    return {digest: Identity(f"token-{digest.hex()[:CALLER_NAME_DIGITS]}") for digest in digests}
