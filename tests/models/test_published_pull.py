"""Pulls of a student model from the command line: installed, killed, concurrent, newest."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from summsvc.engines.base import DecodingOptions, Placement
from summsvc.engines.load import load
from summsvc.models.sources.index import INDEX_URL
from summsvc.models.store.store import Store
from tests.checkpoints import pairs, split_student, student
from tests.models.folders import left_over
from tests.models.published import digest, files_in_toml, packed_student
from tests.models.web import Web, serving

BASE = "https://files.example/models/tiny/enru"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BUCKET = INDEX_URL.removesuffix("/db/models.json")

Start = Callable[..., "subprocess.Popen[str]"]
Pull = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def packed() -> dict[str, bytes]:
    """The files of a trained student as they are published, the model first."""
    return packed_student("en-ru")


@pytest.fixture
def web(packed: dict[str, bytes]) -> Iterator[Web]:
    with serving() as web:
        for name, content in packed.items():
            web.put(f"{BASE}/{name}", content)
        yield web


@pytest.fixture
def catalog(packed: dict[str, bytes], tmp_path: Path) -> Path:
    path = tmp_path / "catalog.toml"
    path.write_text(
        "[tiny]\ntask = 'translation'\ntitle = 'A student'\narchitecture = 'student'\n"
        f"base_url = '{BASE}'\nrevision = '{COMMIT}'\nnewest = ['tiny']\npairs = ['en-ru']\n"
        f"files = {files_in_toml(packed)}\nlicense = {{ spdx_id = 'MPL-2.0' }}\n"
    )
    return path


@pytest.fixture
def start(web: Web, store: Store, catalog: Path) -> Start:
    """Start ``summsvc models`` in a subprocess."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", "from summsvc.cli import main; main()", "models", *arguments],
            env=os.environ
            | {
                "SUMMSVC_MODEL_DIR": str(store.root),
                "SUMMSVC_CATALOG_FILE": str(catalog),
                "SUMMSVC_MODEL_MIRROR": web.endpoint,
            }
            | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.fixture
def models(start: Start) -> Pull:
    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        process = start(*arguments, **environment)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


def assert_installed(store: Store, id: str = "tiny") -> None:
    assert store.verify(id) == []
    text = (store.root / id / "LICENSE").read_text()
    assert text.startswith("Mozilla Public License Version 2.0")
    assert not store.staging(id).exists()


def assert_translates(store: Store, id: str = "tiny") -> None:
    known = pairs("en-ru")[:3]
    engine = load(store.spec(id), Placement())
    outputs = engine.generate(
        [source for source, _ in known], "en", "ru", DecodingOptions(beam_size=1)
    )
    engine.close()
    assert [output.text for output in outputs] == [target for _, target in known]


def test_pulled_student_translates(
    web: Web, store: Store, models: Pull, packed: dict[str, bytes]
) -> None:
    web.cut = [100_000]
    done = models("pull", "tiny")
    assert done.returncode == 0, done.stderr
    size = sum(map(len, packed.values())) / 1e6
    assert f"tiny: A student, about {size:.1f} MB from {BASE}, licence MPL-2.0" in done.stdout
    assert "tiny: installed for onnxruntime" in done.stdout
    manifest = store.get("tiny")
    assert manifest is not None
    assert (manifest.source, manifest.revision) == (BASE, COMMIT)
    assert manifest.license.spdx_id == "MPL-2.0"
    assert_installed(store)
    assert_translates(store)
    web.requests.clear()
    assert models("pull", "tiny").returncode == 0
    assert web.requests == []


def test_killed_pull_installs_nothing_and_the_next_resumes(
    web: Web, store: Store, start: Start, models: Pull, packed: dict[str, bytes]
) -> None:
    web.held = 100_000
    web.gate.clear()
    model = next(iter(packed))
    part = store.staging("tiny") / "packed" / model
    killed = start("pull", "tiny")
    until = time.monotonic() + 60
    # A buffer of the file object's length may not be on disk yet.
    while not (part.exists() and part.stat().st_size > web.held - 20_000):
        assert time.monotonic() < until, "the download never began"
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    web.gate.set()
    assert store.ids() == []
    received = part.stat().st_size
    web.requests.clear()
    done = models("pull", "tiny")
    assert done.returncode == 0, done.stderr
    assert web.asked(model) == [f"bytes={received}-"]
    assert_installed(store)


def test_pull_killed_during_the_conversion_is_repeated(
    web: Web, store: Store, start: Start, models: Pull
) -> None:
    killed = start("pull", "tiny")
    until = time.monotonic() + 60
    while not list(store.root.glob(".adding-*")):
        assert time.monotonic() < until, "the conversion never began"
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert store.ids() == []
    web.requests.clear()
    assert models("pull", "tiny").returncode == 0
    assert web.requests == []
    assert_installed(store)
    assert left_over(store) == [".pulling-tiny.lock", "tiny"]


def test_concurrent_pulls_download_once(web: Web, store: Store, start: Start) -> None:
    both = [start("pull", "tiny"), start("pull", "tiny")]
    for process in both:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert len([each for each in web.requests if each[0] == "GET"]) == 3
    assert_installed(store)


def test_other_engines_are_rejected_before_the_download(web: Web, models: Pull) -> None:
    done = models("pull", "tiny", "--engine", "transformers")
    assert done.returncode == 1
    assert "student models run only on onnxruntime" in done.stderr
    assert web.requests == []


def serve_index(web: Web, architecture: str) -> str:
    """Publish an index with the files of ``web``; returns the hash of the model."""
    run = "models/en-ru/spring_AbCdEfGhIjKlMnOpQrStUw/exported"
    keys = {"model": "model", "vocab": "vocab", "lex": "lexicalShortlist"}
    files: dict[str, dict[str, object]] = {}
    unpacked = b""
    for path, content in list(web.files.items()):
        name = path.rpartition("/")[2]
        web.put(f"{BUCKET}/{run}/{name}", content)
        files[keys[name.partition(".")[0]]] = {"path": f"{run}/{name}"}
        if name.startswith("model"):
            unpacked = gzip.decompress(content)
    files["model"] |= {"uncompressedSize": len(unpacked), "uncompressedHash": digest(unpacked)}
    model = {"architecture": architecture, "releaseStatus": "Release", "files": files}
    index = {"generated": "2026-01-15T03:00:00Z", "baseUrl": BUCKET, "models": {"en-ru": [model]}}
    web.put(INDEX_URL, json.dumps(index).encode())
    return digest(unpacked)


def test_newest_model_replaces_the_pinned_one(web: Web, store: Store, models: Pull) -> None:
    assert models("pull", "tiny").returncode == 0
    revision = serve_index(web, "tiny")
    done = models("pull", "--newest", "tiny")
    assert done.returncode == 0, done.stderr
    for words in (
        "tiny: newest is tiny (Release) of 2025-11-03",
        "path models/en-ru/spring_AbCdEfGhIjKlMnOpQrStUw/exported/model.enru",
        f"SHA-256 unpacked {revision}",
        "tiny: installed for onnxruntime",
    ):
        assert words in done.stdout
    manifest = store.get("tiny")
    assert manifest is not None
    assert manifest.revision == revision
    assert manifest.source.startswith(f"{BUCKET}/models/en-ru/spring")
    assert_installed(store)
    web.requests.clear()
    assert models("pull", "--newest", "tiny").returncode == 0
    assert [each[1] for each in web.requests if each[0] == "GET"] == [
        f"/{INDEX_URL.removeprefix('https://')}"
    ]


def test_newest_model_of_an_unknown_kind_leaves_the_installed_one(
    web: Web, store: Store, models: Pull
) -> None:
    assert models("pull", "tiny").returncode == 0
    serve_index(web, "enormous")
    done = models("pull", "--newest", "tiny", "opus-en-ru")
    assert done.returncode == 1
    assert "has for en-ru enormous (Release)" in done.stderr
    assert "does not know the kind enormous" in done.stderr
    assert "opus-en-ru: the public index has no such model" in done.stderr
    assert "Traceback" not in done.stderr
    assert_installed(store)


def test_published_files_are_added_without_a_network(
    store: Store, models: Pull, packed: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "copied"
    folder.mkdir()
    for name, content in packed.items():
        (folder / name).write_bytes(content)
    done = models("add", folder, "--id", "tiny")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tiny: installed for onnxruntime")
    assert_installed(store)
    unpacked = models("add", student("en-ru"), "--id", "tiny")
    assert unpacked.returncode == 0, unpacked.stderr
    assert "tiny: vocab.enru.spm is not compared" in unpacked.stdout
    assert_installed(store)
    name = next(iter(packed))
    (folder / name).write_bytes(packed[name][:-1] + b"\1")
    refused = models("add", folder, "--id", "tiny")
    assert refused.returncode == 1
    assert f"{name} in {folder}" in refused.stderr
    assert_installed(store)


def test_other_version_is_added_under_an_id_of_its_own(store: Store, models: Pull) -> None:
    folder = split_student("en-ru")
    refused = models("add", folder, "--id", "tiny")
    assert refused.returncode == 1
    done = models("add", folder, "--id", "ours", "--like", "tiny")
    assert done.returncode == 0, done.stderr
    assert store.verify("ours") == []


def test_mirror_without_a_scheme_is_a_usage_error(models: Pull) -> None:
    done = models("pull", "tiny", SUMMSVC_MODEL_MIRROR="mirror.example")
    assert done.returncode == 2
    assert "beginning with http:// or https://" in done.stderr
