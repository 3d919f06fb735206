"""What the store knows of an installed model: its facts, and a fingerprint of each file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from summsvc.engines.base import DecodingOptions, LanguageTokens, ModelSpec, Task
from summsvc.models.catalog import ID_PATTERN, License, Pairs, Strict

FILE_NAME = "manifest.json"
_CHUNK = 1 << 20


class FileFacts(Strict):
    """A file's length in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str

    @staticmethod
    def of(path: Path) -> FileFacts:
        """Read a file and take its fingerprint."""
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        return FileFacts(size=path.stat().st_size, sha256=digest.hexdigest())


class Manifest(Strict):
    """An installed model.

    schema_version: of this file's form. source: repository at the hub, or the
    folder it was added from. files: by path below the model's folder.
    conversion: how the files were made from the source; empty when copied.
    """

    schema_version: Literal[1] = 1
    id: str = Field(pattern=rf"^{ID_PATTERN}$")
    task: Task
    architecture: str
    pairs: Pairs = Field(min_length=1)
    language_tokens: LanguageTokens = LanguageTokens.NONE
    tokens: Mapping[str, str] = {}
    prefix: str = ""
    decoding: DecodingOptions = DecodingOptions()
    license: License = License()
    source: str = ""
    revision: str = ""
    preference: int = 0
    added: str = ""
    conversion: Mapping[str, str] = {}
    files: Mapping[str, FileFacts]

    @property
    def engine(self) -> str:
        """Name of the engine that the files are for."""
        return self.conversion.get("engine", "transformers")

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(facts.size for facts in self.files.values())

    def spec(self, folder: Path) -> ModelSpec:
        """What an engine needs to load the model from its folder."""
        return ModelSpec(
            id=self.id,
            task=self.task,
            path=folder,
            architecture=self.architecture,
            pairs=self.pairs,
            language_tokens=self.language_tokens,
            tokens=self.tokens,
            prefix=self.prefix,
            decoding=self.decoding,
            revision=self.revision,
        )


def fingerprints(folder: Path) -> dict[str, FileFacts]:
    """The files below a folder, manifest apart, in the order of their paths."""
    return {
        str(path.relative_to(folder)): FileFacts.of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != FILE_NAME
    }
