"""Models that summsvc knows by name, installed or not."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from summsvc.engines.base import DecodingOptions, LanguageTokens, Task

Pair = tuple[str, str]

ID_PATTERN = r"[a-z0-9][a-z0-9._-]{0,63}"


def parse_pair(text: str) -> Pair:
    """("en", "ru") from "en-ru"; raises ValueError for anything else."""
    source, dash, target = text.partition("-")
    if not (dash and source.isalpha() and target.isalpha()):
        raise ValueError(f"'{text}' is not a pair such as en-ru")
    return source.lower(), target.lower()


def _pairs(value: Any) -> Any:
    return tuple(parse_pair(each) if isinstance(each, str) else tuple(each) for each in value)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class License(_Strict):
    """A licence, for a person to read. spdx_id: SPDX identifier."""

    spdx_id: str = ""
    note: str = ""
    non_commercial: bool = False


class CatalogEntry(_Strict):
    """A model and what is known of it before it is on this machine.

    repository, revision: at the model hub. size_bytes: approximate download.
    pairs: for a summarizer each language with itself. preference: among
    installed models for one pair the highest is taken. tokens, prefix,
    language_tokens: how the model is told its languages, see ``LanguageTokens``.
    """

    id: str = Field(pattern=rf"^{ID_PATTERN}$")
    task: Task
    title: str = ""
    architecture: str = ""
    repository: str = ""
    revision: str = "main"
    size_bytes: int = Field(0, ge=0)
    license: License = License()
    pairs: Annotated[tuple[Pair, ...], BeforeValidator(_pairs)]
    language_tokens: LanguageTokens = LanguageTokens.NONE
    tokens: Mapping[str, str] = {}
    prefix: str = ""
    decoding: DecodingOptions = DecodingOptions()
    preference: int = 0


class CatalogError(Exception):
    """A catalog file that cannot be used; the message says where and why."""


class Catalog:
    """Entries by id."""

    def __init__(self, entries: Mapping[str, CatalogEntry]) -> None:
        self.entries = dict(sorted(entries.items()))

    @staticmethod
    def load(extra: Path | None = None) -> Catalog:
        """The package's catalog, with the operator's entries added or in place of its own.

        Raises CatalogError.
        """
        entries = _parse(files("summsvc.models").joinpath("catalog.toml").read_text("utf-8"), "")
        if extra is not None:
            entries |= _parse(extra.read_text("utf-8"), str(extra))
        return Catalog(entries)

    def get(self, id: str) -> CatalogEntry | None:
        """The entry of that id."""
        return self.entries.get(id)


def _parse(text: str, where: str) -> dict[str, CatalogEntry]:
    try:
        tables = tomllib.loads(text)
        return {id: CatalogEntry(id=id, **facts) for id, facts in tables.items()}
    except (tomllib.TOMLDecodeError, ValidationError, TypeError, ValueError) as error:
        raise CatalogError(f"{where or 'the built-in catalog'}: {error}") from error
