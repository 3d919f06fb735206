"""Value types of settings, and how each type is parsed from text.

TOML files have lists and tables. Environment variables and flags have text only;
orchestrator templates set an empty text for a value that is not configured.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field


def _require_non_empty(value: object) -> object:
    if value == "":
        raise ValueError("must not be empty")
    return value


def _empty_to_none(value: object) -> object:
    return None if value == "" else value


def _require_file(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError(f"no such file: {path}")
    return path


def _reject_file(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise ValueError(f"not a folder: {path}")
    return path


def _check_directory(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        raise ValueError(f"no such folder: {path}")
    return path


def _parse_ids(value: object) -> object:
    items = _split(value) if isinstance(value, str) else value
    return [] if items == ["none"] else items


def _parse_ciphers(value: object) -> object:
    names = tuple(_split(value)) if isinstance(value, str) else value
    for name in names if isinstance(names, list | tuple) else ():
        if str(name).startswith("TLS_"):
            raise ValueError(f"'{name}' is of TLS 1.3, whose suites cannot be chosen")
        if name not in CIPHER_SUITES:
            raise ValueError(f"'{name}' is not one of {', '.join(CIPHER_SUITES)}")
    return names


def _parse_id_table(value: object) -> object:
    if not isinstance(value, str):
        return value
    entries = {}
    for item in _split(value):
        key, equals, model = (part.strip() for part in item.partition("="))
        if not (key and equals and model):
            raise ValueError(f"'{item}' is not of the form en-ru=opus-en-ru")
        if key in entries:
            raise ValueError(f"'{key}' is given twice")
        entries[key] = model
    return entries


def _require_http(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value


def split_address(text: str) -> tuple[str, int]:
    """Split ``HOST:PORT``, the host of an IPv6 address in brackets; raises ValueError."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not (colon and bare and port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise ValueError("must be HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080")
    if bare == host and ":" in host:
        raise ValueError(f"an IPv6 address needs brackets: [{host}]:{port}")
    return bare, int(port)


def _check_address(text: str) -> str:
    if text:
        split_address(text)
    return text


def _parse_hosts(value: object) -> object:
    names = tuple(_split(value)) if isinstance(value, str) else value
    for name in names if isinstance(names, list | tuple) else ():
        if not re.fullmatch(r"[A-Za-z0-9._-]+", str(name)):
            raise ValueError(f"'{name}' is not a host name without a port")
    return names


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


CIPHER_SUITES = tuple(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
"""Cipher suites of TLS 1.2 with forward secrecy and authenticated encryption (RFC 9325)."""

Int32 = Annotated[int, Field(le=2**31 - 1)]
"""Integer that fits an int32 field of GetServerInfo and a channel option of gRPC."""

Int64 = Annotated[int, Field(le=2**63 - 1)]
"""Integer that fits an int64 field of GetServerInfo."""

TraceEndpoint = Annotated[str, AfterValidator(_require_http)]
"""Address with a scheme, or empty text."""

NonEmptyText = Annotated[str, BeforeValidator(_require_non_empty)]
"""Text that must not be empty."""

DirectoryPath = Annotated[Path, BeforeValidator(_require_non_empty), AfterValidator(_reject_file)]
"""Path of a directory, which need not exist."""

OptionalFile = Annotated[
    Path | None, BeforeValidator(_empty_to_none), AfterValidator(_require_file)
]
"""Path of a file that exists when settings are loaded; None or empty text: no file."""

OptionalDirectory = Annotated[
    Path | None, BeforeValidator(_empty_to_none), AfterValidator(_check_directory)
]
"""Folder that exists when the settings are read, or None (also from empty text)."""

ModelIds = Annotated[list[str], BeforeValidator(_parse_ids)]
"""List of model ids, as text ``a,b``; the text ``none`` is the empty list."""

CipherSuites = Annotated[tuple[str, ...], BeforeValidator(_parse_ciphers)]
"""Names of ``CIPHER_SUITES``, as text ``a,b``; empty text is no name."""

OptionalAddress = Annotated[str, AfterValidator(_check_address)]
"""Address ``HOST:PORT``; empty text: none."""

HostNames = Annotated[tuple[str, ...], BeforeValidator(_parse_hosts)]
"""Names of hosts without ports, as text ``a,b``; empty text is no name."""

ModelIdByPair = Annotated[dict[str, str], BeforeValidator(_parse_id_table)]
"""Model id by language pair or language, as text ``en-ru=a,en=b``."""
