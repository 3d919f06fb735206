"""Manifest of an installed model: its properties, and the size and hash of each file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from summsvc.engines.base import DecodingOptions, LanguageTokens, ModelSpec, Task
from summsvc.models.catalog import ID_PATTERN, Decoding, FrozenModel, License, Pairs

MANIFEST_FILE = "manifest.json"
HASH_CHUNK_BYTES = 1 << 20
"""Bytes read per step when a file is hashed."""


class FileFacts(FrozenModel):
    """A file's length in bytes and its SHA-256 in hexadecimal."""

    size: int = Field(ge=0)
    sha256: str

    @staticmethod
    def of(path: Path) -> FileFacts:
        """Read a file and compute its facts."""
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(HASH_CHUNK_BYTES):
                digest.update(chunk)
        return FileFacts(size=path.stat().st_size, sha256=digest.hexdigest())


class Manifest(FrozenModel):
    """An installed model.

    schema_version: version of this format. source: repository at the hub, or the folder that
    the model was added from. files: facts by path relative to the model's folder. conversion:
    how the files were converted from the source; empty when they were copied.
    """

    schema_version: Literal[1] = 1
    id: str = Field(pattern=rf"^{ID_PATTERN}$")
    task: Task
    architecture: str
    pairs: Pairs = Field(min_length=1)
    language_tokens: LanguageTokens = LanguageTokens.NONE
    tokens: Mapping[str, str] = {}
    prefix: str = ""
    decoding: Decoding = DecodingOptions()
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
        """Total size of all files in bytes."""
        return sum(facts.size for facts in self.files.values())

    def spec(self, folder: Path) -> ModelSpec:
        """The specification with which an engine loads the model from its folder."""
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
    """Facts of all files below a folder except the manifest, sorted by path."""
    return {
        str(path.relative_to(folder)): FileFacts.of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST_FILE
    }
