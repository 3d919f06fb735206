"""The public index of Firefox Translations models, ``db/models.json``.

Its form is that of mozilla/translations, db/updater.py, class PublicModelsJsonGenerator: for each
pair at most one model of each architecture, the released one where there is one.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

import summsvc
from summsvc.models.catalog import CatalogEntry, PublishedFile
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.http import Connection
from summsvc.models.sources.release import Release

INDEX_URL = (
    "https://storage.googleapis.com/moz-fx-translations-data--303e-prod-translations-data"
    "/db/models.json"
)

MAX_INDEX_BYTES = 32 << 20

ARCHITECTURES = ("base-memory", "base", "tiny")
"""Architectures of students that can be converted."""

NEEDED_FILES = (("model",), ("vocab", "srcVocab"), ("vocab", "trgVocab"))
"""For each file that a student needs, the keys under which the index may have it."""

USED_FILES = ("model", "vocab", "srcVocab", "trgVocab", "lexicalShortlist")


class _Indexed(BaseModel):
    """Base of the index's objects. Further fields are ignored."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class IndexedFile(_Indexed):
    """A file; its path is relative to the index's baseUrl."""

    path: str = Field(pattern=r"^[^\s?#]*[^\s?#/]$")
    uncompressed_size: int | None = None
    uncompressed_hash: str | None = None


class IndexedModel(_Indexed):
    """A model. release_status: "Release", "Release Desktop", "Release Android", "Nightly"."""

    architecture: str
    release_status: str | None = None
    files: dict[str, IndexedFile]

    @property
    def released(self) -> bool:
        """Whether a released version of Firefox uses the model."""
        return (self.release_status or "").startswith("Release")

    def __str__(self) -> str:
        return f"{self.architecture} ({self.release_status or 'not released'})"


class Index(_Indexed):
    """The index. generated: UTC time in the form of RFC 3339."""

    generated: str = ""
    base_url: str = Field(pattern=r"^https?://\S+$")
    models: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest released model, and what a person should know about it."""

    release: Release
    description: str


def newest(entry: CatalogEntry, connection: Connection) -> Newest:
    """The released model of the index that ``entry`` accepts; raises PullError if none is usable.

    Takes the sizes of the files and the date of the model from the server's headers.
    """
    if not entry.newest:
        raise PullError(
            f"{entry.id}: the public index has no such model; without --newest, the version of "
            f"the catalog is installed: summsvc models pull {entry.id}"
        )
    address = connection.address(INDEX_URL)
    try:
        index = Index.model_validate_json(connection.read(INDEX_URL, MAX_INDEX_BYTES))
    except ValidationError as error:
        raise PullError(
            f"{entry.id}: {address} is not an index of models ({_first(error)}); check "
            "SUMMSVC_MODEL_MIRROR if it is set"
        ) from error
    pair = "-".join(entry.pairs[0])
    where = f"{entry.id}: the index of {index.generated or 'an unknown date'} at {address}"
    if address.startswith("https:") and not index.base_url.startswith("https:"):
        raise PullError(f"{where} names an address that is not encrypted: {index.base_url}")
    model, others = _choose(entry, index.models.get(pair, []), f"{where} has for {pair}")
    base = index.base_url.rstrip("/")
    files: list[tuple[str, PublishedFile]] = []
    date = ""
    for key, file in model.files.items():
        if key not in USED_FILES:
            continue
        headers = connection.headers(f"{base}/{file.path}")
        if key == "model":
            date = _date(headers)
        files.append((f"{base}/{file.path}", _published(file, headers, where)))
    _require_distinct_names(files, where)
    facts = model.files["model"]
    release = Release(f"{base}/{facts.path}", facts.uncompressed_hash or "", tuple(files))
    return Newest(release, _description(entry, model, others, release, date, index))


def _choose(
    entry: CatalogEntry, listed: Sequence[Any], where: str
) -> tuple[IndexedModel, list[IndexedModel]]:
    """The first model in the entry's order of architectures, and all others of the pair."""
    pinned = f"the version of the catalog is installed by: summsvc models pull {entry.id}"
    models: list[IndexedModel] = []
    invalid: list[str] = []
    for number, each in enumerate(listed, 1):
        try:
            models.append(IndexedModel.model_validate(each))
        except ValidationError as error:
            invalid.append(f"entry {number} is not understood ({_first(error)})")
    released = {model.architecture: model for model in models if model.released}
    for architecture in entry.newest:
        if architecture in released:
            model = released[architecture]
            _require_files(model, f"{where} {model}", pinned)
            return model, [each for each in models if each is not model]
    unknown = sorted(set(released) - set(ARCHITECTURES))
    found = ", ".join([*map(str, models), *invalid]) or "no model"
    reason = (
        f"; summsvc {summsvc.__version__} does not know the kind {', '.join(unknown)}"
        if unknown
        else ""
    )
    raise PullError(
        f"{where} {found}; {entry.id} takes a released model of the kind "
        f"{', '.join(entry.newest)}{reason}; {pinned}"
    )


def _require_files(model: IndexedModel, where: str, pinned: str) -> None:
    for keys in NEEDED_FILES:
        if not any(key in model.files for key in keys):
            raise PullError(f"{where} without a file {' or '.join(keys)}; {pinned}")


def _published(file: IndexedFile, headers: Mapping[str, str], where: str) -> PublishedFile:
    length = headers.get("Content-Length", "")
    try:
        return PublishedFile(
            name=file.path.rpartition("/")[2],
            size=int(length) if length.isdecimal() else 0,
            unpacked_size=file.uncompressed_size or 0,
            unpacked_sha256=file.uncompressed_hash or "",
        )
    except ValidationError as error:
        raise PullError(f"{where} has an invalid file {file.path} ({_first(error)})") from error


def _require_distinct_names(files: Sequence[tuple[str, PublishedFile]], where: str) -> None:
    """Raise PullError when a file would replace another one, since folders are not kept."""
    addresses: dict[str, str] = {}
    for address, file in files:
        if addresses.setdefault(file.unpacked_name, address) != address:
            raise PullError(f"{where} has several files with the name {file.unpacked_name}")


def _date(headers: Mapping[str, str]) -> str:
    """The date of Last-Modified as 2025-11-03; "" without one."""
    try:
        return (
            email.utils.parsedate_to_datetime(headers.get("Last-Modified", "")).date().isoformat()
        )
    except ValueError:
        return ""


def _description(
    entry: CatalogEntry,
    model: IndexedModel,
    others: Sequence[IndexedModel],
    release: Release,
    date: str,
    index: Index,
) -> str:
    size = f"{release.size_bytes / 1e6:,.1f} MB" if release.size_bytes else "size unknown"
    lines = [
        f"{entry.id}: newest is {model} of {date or 'an unknown date'}, {size}, licence "
        f"{entry.license}, by the index of {index.generated or 'an unknown date'}",
        f"  path {model.files['model'].path}",
        f"  SHA-256 unpacked {release.revision or 'not given by the index: not compared'}",
    ]
    unknown = [str(each) for each in others if each.architecture not in ARCHITECTURES]
    if unknown:
        lines.append(
            f"  of a kind that summsvc {summsvc.__version__} does not know: {', '.join(unknown)}"
        )
    unused = sorted(set(model.files) - set(USED_FILES))
    if unused:
        lines.append(f"  not used: {', '.join(unused)}")
    return "\n".join(lines)


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    return f"{name}: {first['msg']}" if name else first["msg"]
