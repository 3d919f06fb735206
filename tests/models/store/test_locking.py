"""Store writes: failed and killed writers, concurrent writers, unwritable and read-only stores."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from summsvc.engines.base import ModelSpec, Task
from summsvc.errors import ModelBrokenError
from summsvc.models.store.locking import LOCK_FILE, StoreError
from summsvc.models.store.store import Store
from tests.models.folders import PAIRS, add, left_over


def test_failed_conversion_keeps_the_previous_model(store: Store, source: Path) -> None:
    add(store, source)

    def convert(_begin: ModelSpec, end: Path) -> Mapping[str, str]:
        (end / "model.bin").write_bytes(b"half")
        raise ModelBrokenError("outputs differ")

    with pytest.raises(ModelBrokenError):
        store.add(source, "tiny", Task.TRANSLATION, PAIRS, convert=convert)
    assert store.verify("tiny") == []
    assert left_over(store) == ["tiny"]


def test_full_disk_during_conversion_is_reported(store: Store, source: Path) -> None:
    add(store, source)

    def convert(_begin: ModelSpec, end: Path) -> Mapping[str, str]:
        (end / "model.bin").write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StoreError, match=r"cannot be written.*No space left"):
        store.add(source, "other", Task.TRANSLATION, PAIRS, convert=convert)
    assert left_over(store) == ["tiny"]
    assert store.verify("tiny") == []


def test_remains_of_a_killed_writer_are_removed_or_restored(store: Store, source: Path) -> None:
    add(store, source)
    (store.root / ".adding-killed").mkdir()
    (store.root / ".adding-killed" / "model.safetensors").write_bytes(b"half")
    assert [manifest.id for manifest in store.installed()] == ["tiny"]
    # Killed between the two renames that replace a model.
    (store.root / "tiny").rename(store.root / ".replaced-tiny")
    add(store, source, "other")
    assert left_over(store) == ["other", "tiny"]
    assert store.verify("tiny") == []


def test_concurrent_writers(store: Store, source: Path) -> None:
    def work(number: int) -> None:
        mine = Store(store.root)
        for id in ("shared", f"own-{number}", "shared"):
            add(mine, source, id)
        assert mine.verify(f"own-{number}") == []

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert left_over(store) == [f"own-{number}" for number in range(4)] + ["shared"]
    assert store.verify("shared") == []


def test_reading_does_not_write(store: Store, source: Path) -> None:
    add(store, source)
    (store.root / LOCK_FILE).unlink(missing_ok=True)

    def state() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in [store.root, *store.root.rglob("*")]}

    before = state()
    reader = Store(store.root)
    assert reader.installed() == [reader.get("tiny")]
    assert reader.spec("tiny").id == "tiny"
    assert state() == before


def test_unwritable_store_raises_store_error(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        add(Store(tmp_path / "file" / "store"), source)
