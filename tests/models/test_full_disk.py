"""A disk that becomes full: nothing is installed, and the message says how much is needed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog, CatalogEntry
from summsvc.models.pull import pull
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.hub import RemoteFile
from summsvc.models.sources.part import Part
from summsvc.models.store.locking import StoreError
from summsvc.models.store.store import Store
from tests.checkpoints import marian
from tests.models.folders import PAIRS, left_over
from tests.models.published import files_in_toml, packed_student
from tests.models.web import serving

BASE = "https://files.example/models/tiny/enru"
WRITES = """
set -e
mount -t tmpfs -o size=2m tmpfs "$1"
shift
"$@" || echo "code $?"
ls -A "$SUMMSVC_MODEL_DIR"
mount -o remount,size=20m "$SUMMSVC_MODEL_DIR"
"$@"
ls -A "$SUMMSVC_MODEL_DIR"
"""
"""Installs a model on a disk of 2 MB, and again when the disk has become larger."""


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def mounting() -> list[str]:
    """The command with whose rights a small disk can be mounted."""
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system lets no user mount a disk")
    return command


def test_a_full_disk_installs_nothing_and_more_room_lets_it_succeed(
    mounting: list[str], tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    add = [sys.executable, "-c", "from summsvc.cli import main; main()", "models", "add"]
    add += [str(marian("en-ru"))]
    add += ["--id", "opus-en-ru", "--engine", "transformers"]
    done = subprocess.run(
        [*mounting, "sh", "-c", WRITES, "sh", str(disk), *add],
        env={**os.environ, "SUMMSVC_MODEL_DIR": str(disk)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stderr
    assert "the model's files have 4.0 MB, 2.1 MB are free" in done.stderr
    lines = done.stdout.splitlines()
    first = lines.index("code 1")
    assert lines[first + 1] == ".lock"
    assert lines[-2:] == [".lock", "opus-en-ru"]
    assert ".adding" not in done.stdout


def test_every_write_of_a_pull_may_find_the_disk_full(tmp_path: Path) -> None:
    """Each write fails in turn; then the pull succeeds with what it has received before."""
    packed = packed_student("en-ru")
    path = tmp_path / "catalog.toml"
    path.write_text(
        "[tiny]\ntask = 'translation'\narchitecture = 'student'\npairs = ['en-ru']\n"
        f"base_url = '{BASE}'\nrevision = '{'0' * 40}'\nfiles = {files_in_toml(packed)}\n"
    )
    entry, store = Catalog.load(path).get("tiny"), Store(tmp_path / "store")
    assert entry is not None
    written = 0
    limit = 60_000
    append = Part.append

    def limited(part: Part, data: bytes) -> None:
        nonlocal written
        written += len(data)
        if written > limit:
            raise full()
        append(part, data)

    with serving() as web, patch.object(Part, "append", limited):
        for name, content in packed.items():
            web.put(f"{BASE}/{name}", content)
        messages: list[str] = []
        while not store.ids():
            written = 0
            try:
                pull(entry, store, mirror=web.endpoint)
            except PullError as error:
                messages.append(str(error))
                limit *= 2
    assert len(messages) > 2
    assert all("is full; the download needs" in message for message in messages)
    assert store.verify("tiny") == []
    assert left_over(store) == [".pulling-tiny.lock", "tiny"]


def test_a_disk_that_is_full_during_the_download_from_the_hub(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RemoteFile("config.json", 3_000_000, "", "")

    def download(*_: object) -> None:
        raise full()

    monkeypatch.setattr("summsvc.models.sources.hub.list_files", lambda _: ("0" * 40, [file]))
    monkeypatch.setattr("summsvc.models.sources.hub.download", download)
    entry = CatalogEntry(id="tiny", task=Task.TRANSLATION, pairs=(("en", "ru"),))
    with pytest.raises(PullError, match=r"is full; the download needs 3\.0 MB; free some space"):
        pull(entry, store)
    assert store.ids() == []


def test_a_full_disk_keeps_the_installed_model(store: Store, source: Path) -> None:
    store.add(source, "tiny", Task.TRANSLATION, PAIRS)
    with (
        patch("shutil.copyfile", side_effect=full()),
        pytest.raises(StoreError, match=r"the model's files have 0\.0 MB, .* MB are free"),
    ):
        store.add(source, "tiny", Task.TRANSLATION, PAIRS)
    assert store.verify("tiny") == []
    assert left_over(store) == ["tiny"]
