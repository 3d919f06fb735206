"""Catalog of known models, installed or not, with their languages, licences and settings.

The built-in entries are in catalog.toml. An operator's own file adds models or overrides
single fields of built-in entries. Sources of the entries: docs/reference/models.md.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from summsvc.engines.base import DECODING_RANGES, DecodingOptions, LanguageTokens, Task

Pair = tuple[str, str]

ID_PATTERN = r"[a-z0-9][a-z0-9._-]{0,63}"

PACKED_SUFFIX = ".gz"

MAX_TOKENS = 1 << 20
"""Greatest value of the output limits in a model's decoding options."""


def parse_pair(text: str) -> Pair:
    """("en", "ru") from "en-ru"; raises ValueError for anything else."""
    source, dash, target = text.partition("-")
    if not (dash and source.isalpha() and target.isalpha() and text.isascii()):
        raise ValueError(f"'{text}' is not a pair such as en-ru")
    return source.lower(), target.lower()


def _parse_pairs(value: Any) -> Any:
    # A TypeError would not become a ValidationError.
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is not a list of pairs")  # noqa: TRY004
    return tuple(parse_pair(each) if isinstance(each, str) else each for each in value)


def _validate_decoding(options: DecodingOptions) -> DecodingOptions:
    limits = ("max_output_tokens", "min_output_tokens")
    for name, low, high in (*DECODING_RANGES, *((each, 0, MAX_TOKENS) for each in limits)):
        if not low <= getattr(options, name) <= high:
            raise ValueError(f"{name} is not from {low} to {high}")
    return options


Pairs = Annotated[tuple[Pair, ...], BeforeValidator(_parse_pairs)]
Decoding = Annotated[DecodingOptions, AfterValidator(_validate_decoding)]


class FrozenModel(BaseModel):
    """Base of immutable models that reject undeclared fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class License(FrozenModel):
    """A licence in human-readable form. spdx_id: SPDX identifier."""

    spdx_id: str = ""
    note: str = ""
    non_commercial: bool = False

    @property
    def text(self) -> str:
        """The licence's full text, where this package has it; otherwise an empty string."""
        path = files("summsvc.models").joinpath("licenses", f"{self.spdx_id}.txt")
        return path.read_text("utf-8") if self.spdx_id and path.is_file() else ""

    def __str__(self) -> str:
        restricted = ", NOT FOR COMMERCIAL USE" if self.non_commercial else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.spdx_id or 'unknown'}{restricted}{note}"


class Score(FrozenModel):
    """A published score. metric: BLEU, R1, R2, RL (ROUGE F1), 0 to 100; or COMET, 0 to 1.

    source: address of the page with the score, where it is not that of the entry.
    """

    test_set: str
    metric: str
    value: float = Field(ge=0, le=100)
    source: str = ""


class PublishedFile(FrozenModel):
    """A file of a model outside the hub; served packed by gzip when its name ends in ``.gz``.

    size, sha256: bytes and hexadecimal hash of the file as served; 0 and "" when unknown.
    unpacked_size, unpacked_sha256: likewise, without gzip.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")
    size: int = Field(default=0, ge=0)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    unpacked_size: int = Field(default=0, ge=0)
    unpacked_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")

    @property
    def packed(self) -> bool:
        """Whether the file is served packed by gzip."""
        return self.name.endswith(PACKED_SUFFIX)

    @property
    def unpacked_name(self) -> str:
        """Name of the file without gzip."""
        return self.name.removesuffix(PACKED_SUFFIX)


class CatalogEntry(FrozenModel):
    """A model and everything known about it before it is installed.

    A model comes from the hub (repository) or from a web server (base_url, files).
    revision: commit of either. size_bytes: approximate download size; for ``files`` their sum.
    newest: architectures of the public index that ``models pull --newest`` accepts for this
    model, the first preferred; empty when the index has no such model.
    pairs: for a summarizer, each language with itself; when omitted, every pair of the
    languages in ``tokens``. preference: among the installed models for a pair, the one with
    the highest value is used. tokens, prefix, language_tokens: how the model receives its
    languages, see ``LanguageTokens``. reason: why ``decoding`` has these values. scores: as
    published, by default in ``source``.
    """

    id: str = Field(pattern=rf"^{ID_PATTERN}$")
    task: Task
    title: str = ""
    architecture: str = ""
    repository: str = ""
    base_url: str = Field(default="", pattern=r"^(https?://[^\s?#]+[^\s?#/])?$")
    files: tuple[PublishedFile, ...] = ()
    newest: tuple[str, ...] = ()
    revision: str = "main"
    size_bytes: int = Field(default=0, ge=0)
    license: License = License()
    pairs: Pairs = Field(min_length=1)
    language_tokens: LanguageTokens = LanguageTokens.NONE
    tokens: Mapping[str, str] = {}
    prefix: str = ""
    decoding: Decoding = DecodingOptions()
    reason: str = ""
    preference: int = 0
    scores: tuple[Score, ...] = ()
    source: str = ""

    @model_validator(mode="before")
    @classmethod
    def _sum_of_sizes(cls, facts: Any) -> Any:
        files = facts.get("files") if isinstance(facts, dict) else None
        if not isinstance(files, list) or "size_bytes" in facts:
            return facts
        sizes = [file.get("size") for file in files if isinstance(file, dict)]
        if not sizes or not all(isinstance(size, int) for size in sizes):
            return facts
        return {**facts, "size_bytes": sum(sizes)}

    @model_validator(mode="before")
    @classmethod
    def _all_pairs(cls, facts: Any) -> Any:
        tokens = facts.get("tokens") if isinstance(facts, dict) else None
        if not tokens or not isinstance(tokens, dict) or "pairs" in facts:
            return facts
        return {**facts, "pairs": list(itertools.permutations(tokens, 2))}

    @property
    def origin(self) -> str:
        """Repository at the hub, or address of the folder that holds the files."""
        return self.repository or self.base_url

    @model_validator(mode="after")
    def _one_source(self) -> CatalogEntry:
        if self.repository and self.base_url:
            raise ValueError("repository and base_url exclude each other")
        if bool(self.base_url) != bool(self.files):
            raise ValueError("base_url and files belong together")
        for file in self.files:
            if not (file.size and file.sha256):
                raise ValueError(f"size and sha256 of {file.name} are required")
        if len({file.unpacked_name for file in self.files}) < len(self.files):
            raise ValueError("files has a name twice")
        return self

    @model_validator(mode="after")
    def _tokens_for_pairs(self) -> CatalogEntry:
        for language in languages_to_name(self.pairs, self.language_tokens):
            if language not in self.tokens:
                raise ValueError(f"no token for the language '{language}'")
        return self


def languages_to_name(pairs: Sequence[Pair], kind: LanguageTokens) -> list[str]:
    """Languages of the pairs for which the model needs a language token."""
    languages: set[str] = set()
    if kind is not LanguageTokens.NONE:
        languages |= {target for _, target in pairs}
    if kind is LanguageTokens.SOURCE_AND_TARGET:
        languages |= {source for source, _ in pairs}
    return sorted(languages)


class CatalogError(Exception):
    """A catalog file is invalid; the message says where and why."""


class Catalog:
    """Catalog entries by model id."""

    def __init__(self, entries: Mapping[str, CatalogEntry]) -> None:
        self.entries = dict(sorted(entries.items()))

    @staticmethod
    def load(extra: Path | None = None) -> Catalog:
        """Load the built-in catalog and merge the operator's file into it.

        extra: TOML file with one table per model id. Raises CatalogError.
        """
        own = _parse_tables(files("summsvc.models").joinpath("catalog.toml").read_text("utf-8"), "")
        entries = {
            id: _validate_entry(id, facts, "the built-in catalog") for id, facts in own.items()
        }
        if extra is not None:
            try:
                tables = _parse_tables(extra.read_text("utf-8"), str(extra))
            except (OSError, UnicodeDecodeError) as error:
                raise CatalogError(f"{extra}: {error}") from error
            for id, facts in tables.items():
                entries[id] = _validate_entry(id, {**own.get(id, {}), **facts}, str(extra))
        return Catalog(entries)

    def get(self, id: str) -> CatalogEntry | None:
        """The entry with this id; None when there is none."""
        return self.entries.get(id)


def _parse_tables(text: str, where: str) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(text)
    # Deep nesting ends in RecursionError, a number of thousands of digits in ValueError.
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{where}: not TOML: {error}") from error
    for id, facts in tables.items():
        if not isinstance(facts, dict):
            raise CatalogError(
                f"{where}: '{id}' is not a table; write [{id}] with its fields below"
            )
    return tables


def _validate_entry(id: str, facts: Mapping[str, Any], where: str) -> CatalogEntry:
    try:
        return CatalogEntry(**{**facts, "id": id})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise CatalogError(
            f"{where}: [{id}] {name}: {first['msg'].removeprefix('Value error, ')}"
        ) from error
