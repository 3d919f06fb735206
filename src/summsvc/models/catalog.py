"""Models that summsvc knows by name, installed or not.

The facts are in catalog.toml; an operator's own file adds models, or changes
single facts of those that are there. Where the facts are from: docs/reference/models.md.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from summsvc.engines.base import DecodingOptions, LanguageTokens, Task

Pair = tuple[str, str]

ID_PATTERN = r"[a-z0-9][a-z0-9._-]{0,63}"


def parse_pair(text: str) -> Pair:
    """("en", "ru") from "en-ru"; raises ValueError for anything else."""
    source, dash, target = text.partition("-")
    if not (dash and source.isalpha() and target.isalpha() and text.isascii()):
        raise ValueError(f"'{text}' is not a pair such as en-ru")
    return source.lower(), target.lower()


def _pairs(value: Any) -> Any:
    return tuple(parse_pair(each) if isinstance(each, str) else tuple(each) for each in value)


Pairs = Annotated[tuple[Pair, ...], BeforeValidator(_pairs)]


class Strict(BaseModel):
    """Frozen, and no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class License(Strict):
    """A licence, for a person to read. spdx_id: SPDX identifier."""

    spdx_id: str = ""
    note: str = ""
    non_commercial: bool = False

    def __str__(self) -> str:
        restricted = ", NOT FOR COMMERCIAL USE" if self.non_commercial else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.spdx_id or 'unknown'}{restricted}{note}"


class Score(Strict):
    """A published figure. metric: BLEU, or R1, R2, RL for ROUGE F1; 0 to 100."""

    test_set: str
    metric: str
    value: float = Field(ge=0, le=100)


class CatalogEntry(Strict):
    """A model and what is known of it before it is on this machine.

    repository, revision: at the model hub. size_bytes: approximate download.
    pairs: for a summarizer each language with itself; when left out, every pair
    of the languages in ``tokens``. preference: among installed models for one
    pair the highest is taken. tokens, prefix, language_tokens: how the model is
    told its languages, see ``LanguageTokens``. reason: why ``decoding`` is as
    it is. scores: as published; source: where.
    """

    id: str = Field(pattern=rf"^{ID_PATTERN}$")
    task: Task
    title: str = ""
    architecture: str = ""
    repository: str = ""
    revision: str = "main"
    size_bytes: int = Field(default=0, ge=0)
    license: License = License()
    pairs: Pairs = Field(min_length=1)
    language_tokens: LanguageTokens = LanguageTokens.NONE
    tokens: Mapping[str, str] = {}
    prefix: str = ""
    decoding: DecodingOptions = DecodingOptions()
    reason: str = ""
    preference: int = 0
    scores: tuple[Score, ...] = ()
    source: str = ""

    @model_validator(mode="before")
    @classmethod
    def _all_pairs(cls, facts: Any) -> Any:
        if not isinstance(facts, dict) or "pairs" in facts or not facts.get("tokens"):
            return facts
        return {**facts, "pairs": list(itertools.permutations(facts["tokens"], 2))}

    @model_validator(mode="after")
    def _tokens_for_pairs(self) -> CatalogEntry:
        for language in to_tell(self.pairs, self.language_tokens):
            if language not in self.tokens:
                raise ValueError(f"no token for the language '{language}'")
        return self


def to_tell(pairs: Sequence[Pair], kind: LanguageTokens) -> list[str]:
    """Languages of the pairs that the model has to be told."""
    languages: set[str] = set()
    if kind is not LanguageTokens.NONE:
        languages |= {target for _, target in pairs}
    if kind is LanguageTokens.SOURCE_AND_TARGET:
        languages |= {source for source, _ in pairs}
    return sorted(languages)


class CatalogError(Exception):
    """A catalog file that cannot be used; the message says where and why."""


class Catalog:
    """Entries by id."""

    def __init__(self, entries: Mapping[str, CatalogEntry]) -> None:
        self.entries = dict(sorted(entries.items()))

    @staticmethod
    def load(extra: Path | None = None) -> Catalog:
        """The package's catalog with the operator's facts laid over it.

        extra: TOML, one table per model id. Raises CatalogError.
        """
        own = _tables(files("summsvc.models").joinpath("catalog.toml").read_text("utf-8"), "")
        entries = {id: _entry(id, facts, "the built-in catalog") for id, facts in own.items()}
        if extra is not None:
            try:
                tables = _tables(extra.read_text("utf-8"), str(extra))
            except (OSError, UnicodeDecodeError) as error:
                raise CatalogError(f"{extra}: {error}") from error
            for id, facts in tables.items():
                entries[id] = _entry(id, {**own.get(id, {}), **facts}, str(extra))
        return Catalog(entries)

    def get(self, id: str) -> CatalogEntry | None:
        """The entry of that id."""
        return self.entries.get(id)


def _tables(text: str, where: str) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{where}: not TOML: {error}") from error
    for id, facts in tables.items():
        if not isinstance(facts, dict):
            raise CatalogError(f"{where}: '{id}' is no table; write [{id}] and its facts below")
    return tables


def _entry(id: str, facts: Mapping[str, Any], where: str) -> CatalogEntry:
    try:
        return CatalogEntry(**{**facts, "id": id})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise CatalogError(
            f"{where}: [{id}] {name}: {first['msg'].removeprefix('Value error, ')}"
        ) from error
