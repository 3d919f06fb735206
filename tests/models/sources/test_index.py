"""The public index: choice of the newest released model, and what is said when there is none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import summsvc
from summsvc.models.catalog import CatalogEntry
from summsvc.models.sources import index, published
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.http import Connection
from summsvc.models.sources.index import INDEX_URL
from tests.models.sources.conftest import digest
from tests.models.web import Web

pytestmark = pytest.mark.usefixtures("pauses")

BUCKET = INDEX_URL.removesuffix("/db/models.json")
RUN = "models/en-ru/retrained_AbCdEfGhIjKlMnOpQrStUw/exported"


def model(architecture: str, status: str | None, **files: str) -> dict[str, Any]:
    """An entry of the index; files: name by key, by default those of a joint vocabulary."""
    names = files or {
        "model": f"model.enru.{architecture}.intgemm.alphas.bin.gz",
        "vocab": "vocab.enru.spm.gz",
        "lexicalShortlist": "lex.50.50.enru.s2t.bin.gz",
    }
    entry: dict[str, Any] = {
        "architecture": architecture,
        "releaseStatus": status,
        "sourceLanguage": "en",
        "targetLanguage": "ru",
        "files": {key: {"path": f"{RUN}/{name}"} for key, name in names.items()},
        "modelStatistics": {"parameters": 31248966, "encoderParameters": 10646820},
        "metrics": {"flores200-plus": {"bleu": 31.9, "comet22": 0.88}},
    }
    if "model" in names:
        content = names["model"].encode()  # what ``serve`` publishes
        entry["files"]["model"] |= {
            "uncompressedSize": len(content),
            "uncompressedHash": digest(content),
        }
    return entry


def serve(web: Web, *models: Any, **others: Any) -> None:
    """Publish an index, and for each named file its own name as content."""
    content = {
        "generated": "2026-01-15T03:00:00Z",
        "baseUrl": BUCKET,
        "models": {"en-ru": list(models), "en-lt": [model("tiny", "Release")]},
    }
    web.put(INDEX_URL, json.dumps(content | others, indent=2).encode())
    for each in models:
        for file in each.get("files", {}).values():
            name = file["path"].rpartition("/")[2]
            web.put(f"{BUCKET}/{file['path']}", gzip.compress(name.encode()))


def newest(entry: CatalogEntry, web: Web) -> index.Newest:
    with Connection(entry, web.endpoint) as connection:
        return index.newest(entry, connection)


def test_released_model_is_described_and_downloaded(
    entry: CatalogEntry, web: Web, staging: Path
) -> None:
    serve(web, model("base", "Nightly"), model("base-memory", "Release"))
    found = newest(entry, web)
    name = "model.enru.base-memory.intgemm.alphas.bin"
    for words in (
        "ours: newest is base-memory (Release) of 2025-11-03",
        "licence MPL-2.0",
        "by the index of 2026-01-15T03:00:00Z",
        f"path {RUN}/{name}.gz",
        f"SHA-256 unpacked {digest(f'{name}.gz'.encode())}",
    ):
        assert words in found.description
    assert found.release.source == f"{BUCKET}/{RUN}/{name}.gz"
    assert found.release.revision == digest(f"{name}.gz".encode())
    assert found.release.size_bytes > 0
    with Connection(entry, web.endpoint) as connection:
        folder = published.download(entry, found.release, connection, staging)
    assert {path.name for path in folder.iterdir()} == {
        name, "vocab.enru.spm", "lex.50.50.enru.s2t.bin",
    }  # fmt: skip
    assert (folder / name).read_text() == f"{name}.gz"


def test_wrong_hash_of_the_index_is_rejected(entry: CatalogEntry, web: Web, staging: Path) -> None:
    wrong = model("base", "Release")
    wrong["files"]["model"]["uncompressedHash"] = "a" * 64
    serve(web, wrong)
    release = newest(entry, web).release
    with Connection(entry, web.endpoint) as connection, pytest.raises(PullError, match="a" * 64):
        published.download(entry, release, connection, staging)


@pytest.mark.parametrize(
    ("models", "chosen"),
    [
        ([model("base", "Release"), model("base-memory", "Release Desktop")], "base-memory"),
        ([model("base", "Release Android"), model("tiny", "Release")], "base"),
        ([model("enormous", "Release"), model("base", "Release")], "base"),
        ([{"architecture": 3}, model("base", "Release")], "base"),
    ],
)
def test_choice_between_released_models(
    entry: CatalogEntry, web: Web, models: list[Any], chosen: str
) -> None:
    serve(web, *models)
    found = newest(entry, web)
    assert f"newest is {chosen} (" in found.description
    unknown = f"of a kind that summsvc {summsvc.__version__} does not know: enormous (Release)"
    assert (unknown in found.description) == (models[0]["architecture"] == "enormous")


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ([], "has for en-ru no model; ours takes a released model of the kind base-memory, base;"),
        (
            [model("base", "Nightly"), model("tiny", None)],
            "has for en-ru base (Nightly), tiny (not released); ours takes",
        ),
        (
            [model("enormous", "Release")],
            f"enormous (Release); ours takes a released model of the kind base-memory, base; "
            f"summsvc {summsvc.__version__} does not know the kind enormous;",
        ),
        ([model("tiny", "Release")], "has for en-ru tiny (Release); ours takes"),
        ([{"architecture": "base"}], "entry 1 is not understood (files: Field required)"),
        ([3], "entry 1 is not understood"),
        ([model("base", "Release", vocab="v.spm.gz")], "base (Release) without a file model;"),
        (
            [model("base", "Release", model="m.bin.gz", srcVocab="v.spm.gz")],
            "base (Release) without a file vocab or trgVocab;",
        ),
        ([model("base", "Release", model=".bin", vocab="v")], "has an invalid file"),
    ],
)
def test_missing_model_is_reported_precisely(
    entry: CatalogEntry, web: Web, models: list[Any], words: str
) -> None:
    content = {"generated": "2026-01-15", "baseUrl": BUCKET, "models": {"en-ru": models}}
    web.put(INDEX_URL, json.dumps(content).encode())
    for path in (".bin", "v"):
        web.put(f"{BUCKET}/{RUN}/{path}", b"")
    with pytest.raises(PullError) as caught:
        newest(entry, web)
    assert words in str(caught.value)
    if "invalid" not in words:
        assert "version of the catalog is installed by: summsvc models pull ours" in str(
            caught.value
        )


def test_index_without_the_pair(entry: CatalogEntry, web: Web) -> None:
    web.put(INDEX_URL, json.dumps({"baseUrl": BUCKET, "models": {}}).encode())
    with pytest.raises(PullError, match="has for en-ru no model"):
        newest(entry, web)


def test_split_vocabularies_and_further_files(entry: CatalogEntry, web: Web, staging: Path) -> None:
    names = {
        "model": "model.enru.intgemm.alphas.bin.gz",
        "srcVocab": "srcvocab.enru.spm.gz",
        "trgVocab": "trgvocab.enru.spm.gz",
        "qualityModel": "qualityModel.enru.bin.gz",
    }
    serve(web, model("base", "Release", **names))
    found = newest(entry, web)
    assert "not used: qualityModel" in found.description
    with Connection(entry, web.endpoint) as connection:
        folder = published.download(entry, found.release, connection, staging)
    assert {path.name for path in folder.iterdir()} == {
        "model.enru.intgemm.alphas.bin", "srcvocab.enru.spm", "trgvocab.enru.spm",
    }  # fmt: skip


def test_files_of_one_name_in_several_folders_are_rejected(entry: CatalogEntry, web: Web) -> None:
    names = {
        "model": "model.enru.intgemm.alphas.bin.gz",
        "srcVocab": "src/vocab.spm.gz",
        "trgVocab": "trg/vocab.spm.gz",
    }
    serve(web, model("base", "Release", **names))
    with pytest.raises(PullError, match=r"several files with the name vocab\.spm"):
        newest(entry, web)


def test_index_without_hashes(entry: CatalogEntry, web: Web) -> None:
    bare = model("base", "Release")
    bare["files"]["model"] |= {"uncompressedSize": None, "uncompressedHash": None}
    serve(web, bare)
    found = newest(entry, web)
    assert "SHA-256 unpacked not given by the index: not compared" in found.description
    assert found.release.revision == ""


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"[]", b"{}", b'{"baseUrl": "ftp://a", "models": {}}', b'{"models": {}}', b"\xff"],
)
def test_invalid_index_is_reported(entry: CatalogEntry, web: Web, content: bytes) -> None:
    web.put(INDEX_URL, content)
    with pytest.raises(PullError, match=r"is not an index of models \(.*SUMMSVC_MODEL_MIRROR"):
        newest(entry, web)


def test_missing_index_and_missing_file_are_reported(entry: CatalogEntry, web: Web) -> None:
    with pytest.raises(PullError, match=r"db/models\.json responded with HTTP 404"):
        newest(entry, web)
    serve(web, model("base", "Release"))
    del web.files[f"/{BUCKET.removeprefix('https://')}/{RUN}/vocab.enru.spm.gz"]
    with pytest.raises(PullError, match=r"vocab\.enru\.spm\.gz responded with HTTP 404"):
        newest(entry, web)


def test_too_long_index_is_rejected(
    entry: CatalogEntry, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "MAX_INDEX_BYTES", 1000)
    web.put(INDEX_URL, b" " * 1001)
    with pytest.raises(PullError, match="more than 1,000 bytes"):
        newest(entry, web)


def test_busy_index_is_waited_for(entry: CatalogEntry, web: Web, pauses: list[float]) -> None:
    serve(web, model("base", "Release"))
    web.status, web.times, web.retry_after = 429, 1, "3"
    newest(entry, web)
    assert pauses == [3]


def test_entry_outside_the_index(entry: CatalogEntry, web: Web) -> None:
    other = entry.model_copy(update={"newest": ()})
    with pytest.raises(PullError, match="the public index has no such model; without --newest"):
        newest(other, web)
    assert web.requests == []
