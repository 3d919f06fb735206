"""A release of three small files, the server that publishes it, and its download."""

from __future__ import annotations

import gzip
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from summsvc.engines.base import Task
from summsvc.models.catalog import CatalogEntry, License, PublishedFile
from summsvc.models.sources import published as source
from summsvc.models.sources.http import Connection
from summsvc.models.sources.release import Release, pinned
from tests.models.web import Web, serving

_random = random.Random(1)
CONTENT = {
    "model.enru.bin": _random.randbytes(9_000) + bytes(3_000),
    "vocab.enru.spm": _random.randbytes(2_000) + b"pieces " * 500,
    "lex.enru.bin": _random.randbytes(2_000) + b"likely words " * 300,
}
BASE = "https://files.example/models/enru"
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENT.items()}


MODEL = "model.enru.bin.gz"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def published_file(name: str, *, unpacked: bool = True) -> PublishedFile:
    content = CONTENT[name.removesuffix(".gz")]
    return PublishedFile(
        name=name,
        size=len(PACKED[name]),
        sha256=digest(PACKED[name]),
        unpacked_size=len(content) if unpacked else 0,
        unpacked_sha256=digest(content) if unpacked else "",
    )


def pull(
    entry: CatalogEntry, web: Web, staging: Path, release: Release | None = None
) -> dict[str, bytes]:
    """Download; returns the unpacked files."""
    with Connection(entry, web.endpoint) as connection:
        folder = source.download(entry, release or pinned(entry), connection, staging)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def entry() -> CatalogEntry:
    return CatalogEntry(
        id="ours",
        task=Task.TRANSLATION,
        pairs=(("en", "ru"),),
        base_url=BASE,
        files=tuple(published_file(name, unpacked="model" in name) for name in PACKED),
        newest=("base-memory", "base"),
        revision="0" * 40,
        size_bytes=sum(map(len, PACKED.values())),
        license=License(spdx_id="MPL-2.0"),
    )


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        for name, content in PACKED.items():
            web.put(f"{BASE}/{name}", content)
        yield web


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / "store" / ".pulling-ours"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which are not waited for."""
    seconds: list[float] = []
    monkeypatch.setattr("summsvc.models.sources.http.time.sleep", seconds.append)
    return seconds
