"""Kinds of values that settings have, and how each is written as text.

A TOML file has lists and tables of its own; the environment and flags have text
only, and templates of orchestrators write an empty one for what is not given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator


def _given(value: Any) -> Any:
    if value == "":
        raise ValueError("must not be empty")
    return value


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _exists(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError(f"no such file: {path}")
    return path


def _is_folder(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        raise ValueError(f"no such folder: {path}")
    return path


def _ids(value: Any) -> Any:
    items = _split(value) if isinstance(value, str) else value
    return [] if items == ["none"] else items


def _id_of(value: Any) -> Any:
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


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


Given = Annotated[str, BeforeValidator(_given)]
"""Text that must not be empty."""

Folder = Annotated[Path, BeforeValidator(_given)]
"""A folder, which need not exist yet."""

File = Annotated[Path | None, BeforeValidator(_none_if_empty), AfterValidator(_exists)]
"""A file that exists when settings are read, or none: None or empty."""

ExistingFolder = Annotated[Path | None, BeforeValidator(_none_if_empty), AfterValidator(_is_folder)]
"""A folder that exists when settings are read, or none: None or empty."""

Ids = Annotated[list[str], BeforeValidator(_ids)]
"""Ids of models, ``a,b`` as text; ``none`` alone is the empty list."""

IdOf = Annotated[dict[str, str], BeforeValidator(_id_of)]
"""Model id by pair or language, ``en-ru=a,en=b`` as text."""
