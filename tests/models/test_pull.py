"""Pulls from the command line, with every kind of hub and network failure."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from summsvc.engines.base import DecodingOptions, Placement, Task
from summsvc.engines.load import load
from summsvc.models.catalog import CatalogEntry
from summsvc.models.pull import pull as pull_model
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.hub import RemoteFile, require_disk_space
from summsvc.models.store.store import Store
from tests.checkpoints import marian, pairs
from tests.models.folders import WEIGHTS, checkpoint
from tests.models.hub import COMMIT, Hub, serving

AS_IT_IS = ("--engine", "transformers")
"""For weights that are only some bytes: they are not converted."""

Pull = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = checkpoint(tmp_path / "hub")
    (folder / "README.md").write_text("A model card.")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "tf_model.h5").write_bytes(b"another framework")
    (folder / "custom.py").write_text("raise SystemExit('run!')")
    with serving(folder) as hub:
        yield hub


@pytest.fixture
def start(hub: Hub, store: Store, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start ``summsvc models pull tiny`` in a subprocess."""
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(
        "[tiny]\ntask = 'translation'\ntitle = 'A tiny model'\nrepository = 'acme/tiny'\n"
        f"revision = '{COMMIT}'\npairs = ['en-ru']\nsize_bytes = 2_000_000\n"
        "license = { spdx_id = 'CC-BY-NC-4.0', non_commercial = true }\n"
    )

    def run(*ids: str, before: str = "", **environment: str) -> subprocess.Popen[str]:
        code = f"{before}\nfrom summsvc.cli import main; main()"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        return subprocess.Popen(
            [sys.executable, "-c", code, "models", "pull", *ids],
            env=inherited
            | {
                "HF_ENDPOINT": hub.endpoint,
                "HF_HOME": str(tmp_path / "hf"),
                "SUMMSVC_MODEL_DIR": str(store.root),
                "SUMMSVC_CATALOG_FILE": str(catalog),
            }
            | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.fixture
def pull(start: Callable[..., subprocess.Popen[str]]) -> Pull:
    def run(*ids: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = start(*(ids or ("tiny",)), *AS_IT_IS, **environment)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


def assert_whole(store: Store) -> None:
    assert store.verify("tiny") == []
    assert (store.root / "tiny" / "model.safetensors").read_bytes() == WEIGHTS
    assert not store.staging("tiny").exists()


def test_pull_installs_only_the_files_an_engine_needs(hub: Hub, store: Store, pull: Pull) -> None:
    done = pull()
    assert done.returncode == 0, done.stderr
    assert "A tiny model, about 2.0 MB from acme/tiny" in done.stdout
    assert "CC-BY-NC-4.0, NOT FOR COMMERCIAL USE" in done.stdout
    assert_whole(store)
    manifest = store.get("tiny")
    assert manifest is not None
    assert set(manifest.files) == {
        "config.json",
        "model.safetensors",
        "source.spm",
        "target.spm",
        "vocab.json",
    }
    assert (manifest.source, manifest.revision) == ("acme/tiny", COMMIT)
    assert manifest.license.non_commercial
    assert not any(path.endswith(("custom.py", ".bin", ".h5")) for path, _ in hub.requests)


def test_installed_model_is_not_downloaded_again(hub: Hub, store: Store, pull: Pull) -> None:
    pull()
    hub.requests.clear()
    assert pull().returncode == 0
    assert hub.requests == []
    (store.root / "tiny" / "config.json").write_text("{}")
    assert pull().returncode == 0
    assert_whole(store)


def test_lost_connection_is_resumed(hub: Hub, store: Store, pull: Pull) -> None:
    # Data is written in chunks of ten megabytes; an incomplete chunk is downloaded again.
    weights = bytes(range(256)) * (25 << 12)
    (hub.folder / "model.safetensors").write_bytes(weights)
    hub.cut = [len(weights) // 2, 1000]
    done = pull()
    assert done.returncode == 0, done.stderr
    assert hub.ranges("model.safetensors") == ["", "bytes=10485760-", "bytes=10485760-"]
    assert store.verify("tiny") == []
    assert (store.root / "tiny" / "model.safetensors").read_bytes() == weights


def test_killed_pull_installs_nothing_and_the_next_resumes(
    hub: Hub, store: Store, start: Callable[..., subprocess.Popen[str]], pull: Pull
) -> None:
    hub.gate.clear()
    part = store.staging("tiny") / "config.json.part"
    killed = start("tiny", *AS_IT_IS)
    until = time.monotonic() + 60
    while not part.exists():
        assert time.monotonic() < until, "the download never began"
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert store.ids() == []
    (store.staging("tiny") / "model.safetensors.part").write_bytes(WEIGHTS[:700])
    (store.staging("tiny") / "source.spm").write_bytes(b"source pieces")
    hub.gate.set()
    hub.requests.clear()
    done = pull()
    assert done.returncode == 0, done.stderr
    assert hub.ranges("model.safetensors") == ["bytes=700-"]
    assert hub.ranges("source.spm") == []
    assert_whole(store)


def test_remains_of_another_source_are_deleted(store: Store, pull: Pull) -> None:
    (store.staging("tiny") / "packed").mkdir(parents=True)
    (store.staging("tiny") / "packed" / "model.bin.gz").write_bytes(b"packed")
    done = pull()
    assert done.returncode == 0, done.stderr
    assert_whole(store)


def test_concurrent_pulls_download_once(
    hub: Hub, store: Store, start: Callable[..., subprocess.Popen[str]]
) -> None:
    both = [start("tiny", *AS_IT_IS), start("tiny", *AS_IT_IS)]
    for process in both:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert len(hub.ranges("model.safetensors")) == 1
    assert_whole(store)


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.json"])
def test_wrong_hash_is_rejected_and_the_file_deleted(
    hub: Hub, store: Store, pull: Pull, name: str
) -> None:
    hub.corrupt = name
    done = pull()
    assert done.returncode == 1
    assert f"the hash of {name} differs from the hub's" in done.stderr
    assert "summsvc models pull tiny" in done.stderr
    assert store.ids() == []
    hub.corrupt = ""
    assert pull().returncode == 0
    assert_whole(store)


def test_pull_waits_for_a_busy_hub(hub: Hub, store: Store, pull: Pull) -> None:
    hub.status, hub.times, hub.retry_after = 429, 1, "0"
    done = pull()
    assert done.returncode == 0, done.stderr
    assert_whole(store)


def test_persistently_busy_hub_is_reported_with_the_retry_time(
    hub: Hub, store: Store, pull: Pull
) -> None:
    hub.status, hub.times, hub.retry_after = 429, 99, "0"
    done = pull()
    assert done.returncode == 1
    assert "the model hub is busy (HTTP 429); in 0 seconds, try again with" in done.stderr
    assert "Traceback" not in done.stderr
    assert store.ids() == []


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "has no acme/tiny"), (400, "HTTP 400")],
)
def test_http_errors_are_reported_with_a_remedy(
    hub: Hub, store: Store, pull: Pull, status: int, words: str
) -> None:
    hub.status, hub.times = status, 99
    done = pull()
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert store.ids() == []


def test_access_token_is_sent(hub: Hub, store: Store, pull: Pull) -> None:
    hub.token = "secret-of-ours"
    assert pull().returncode == 1
    done = pull(HF_TOKEN="secret-of-ours")
    assert done.returncode == 0, done.stderr
    assert "secret-of-ours" not in done.stdout + done.stderr
    assert_whole(store)


@pytest.mark.parametrize(
    "environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}]
)
def test_missing_network_is_reported_with_the_offline_procedure(
    hub: Hub, store: Store, pull: Pull, environment: dict[str, str]
) -> None:
    done = pull(**environment)
    assert done.returncode == 1
    for words in (
        "tiny",
        "2 MB",
        "CC-BY-NC-4.0",
        "acme/tiny",
        "summsvc models pull tiny",
        "summsvc models add DIR --id tiny",
    ):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert hub.requests == []
    assert store.ids() == []


def test_invalid_hub_response_is_reported(hub: Hub, pull: Pull) -> None:
    hub.html = True
    done = pull()
    assert done.returncode == 1
    assert "check HF_ENDPOINT" in done.stderr


def test_repository_without_weights_is_reported(hub: Hub, pull: Pull) -> None:
    for name in ("model.safetensors", "pytorch_model.bin"):
        (hub.folder / name).unlink()
    done = pull()
    assert done.returncode == 1
    assert "no usable weights" in done.stderr


def test_one_failed_id_does_not_stop_the_others(store: Store, pull: Pull) -> None:
    done = pull("nonsense", "tiny")
    assert done.returncode == 1
    assert "nonsense: not in the catalog" in done.stderr
    assert_whole(store)


def test_insufficient_disk_space_is_reported_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    entry = CatalogEntry(id="tiny", task=Task.TRANSLATION, pairs=(("en", "ru"),))
    file = RemoteFile("model.safetensors", 3_000_000, "", "")
    with pytest.raises(PullError, match="the download needs 3 MB, but 1 MB are free"):
        require_disk_space(entry, [file], tmp_path)
    (tmp_path / "model.safetensors.part").write_bytes(bytes(2_500_000))
    require_disk_space(entry, [file], tmp_path)


def test_full_disk_is_reported(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: CatalogEntry) -> tuple[str, list[RemoteFile]]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("summsvc.models.sources.hub.list_files", full)
    entry = CatalogEntry(id="tiny", task=Task.TRANSLATION, pairs=(("en", "ru"),))
    with pytest.raises(PullError, match="is full"):
        pull_model(entry, store)
    assert store.ids() == []


NO_TORCH = "import sys; sys.modules['torch'] = sys.modules['transformers'] = None"


@pytest.mark.parametrize(
    ("architecture", "weights", "engine", "words"),
    [
        ("m2m_100", "model.safetensors", "auto", "summsvc[torch]"),
        ("mbart", "pytorch_model.bin", "ctranslate2", "summsvc[torch]"),
        ("led", "model.safetensors", "ctranslate2", "does not support led models"),
    ],
)
def test_unconvertible_model_is_not_downloaded(
    hub: Hub,
    store: Store,
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    architecture: str,
    weights: str,
    engine: str,
    words: str,
) -> None:
    hub.folder = checkpoint(tmp_path / "other", architecture=architecture, weights=weights)
    process = start("tiny", "--engine", engine, before=NO_TORCH)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert words in err
    assert "Traceback" not in err
    fetched = [path.rpartition("/")[2] for path, _ in hub.requests if "/resolve/" in path]
    assert fetched == ["config.json"]
    assert store.ids() == []


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
def test_pulled_checkpoint_translates(
    store: Store, start: Callable[..., subprocess.Popen[str]], hub: Hub, engine: str
) -> None:
    hub.folder = marian("en-ru")
    for chosen in ("auto", engine):
        process = start("tiny", "--engine", chosen)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert f"installed for {engine}" in out
    assert store.verify("tiny") == []
    loaded = load(store.spec("tiny"), Placement(compute_type="float32"))
    assert loaded.name == engine
    known = pairs("en-ru")[:3]
    outputs = loaded.generate(
        [source for source, _ in known], "en", "ru", DecodingOptions(beam_size=1)
    )
    assert [output.text for output in outputs] == [target for _, target in known]
    loaded.close()
