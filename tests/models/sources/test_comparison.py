"""Folders with published files, compared with the catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.errors import InvalidFieldError
from summsvc.models.catalog import CatalogEntry
from summsvc.models.sources.comparison import compare
from tests.models.sources.conftest import CONTENT, PACKED


def write(folder: Path, *contents: dict[str, bytes]) -> Path:
    for content in contents:
        for name, data in content.items():
            (folder / name).write_bytes(data)
    return folder


def test_packed_files(entry: CatalogEntry, tmp_path: Path) -> None:
    assert compare(entry, write(tmp_path, PACKED)) == []


def test_unpacked_files(entry: CatalogEntry, tmp_path: Path) -> None:
    assert compare(entry, write(tmp_path, CONTENT)) == ["vocab.enru.spm", "lex.enru.bin"]


def test_both_forms_are_compared(entry: CatalogEntry, tmp_path: Path) -> None:
    assert compare(entry, write(tmp_path, CONTENT, PACKED)) == []
    (tmp_path / "model.enru.bin").write_bytes(b"another")
    with pytest.raises(InvalidFieldError, match=r"model\.enru\.bin in .* has 7 bytes instead of"):
        compare(entry, tmp_path)


@pytest.mark.parametrize("name", [*PACKED, "model.enru.bin"])
def test_changed_file_is_rejected(entry: CatalogEntry, tmp_path: Path, name: str) -> None:
    write(tmp_path, CONTENT if name in CONTENT else PACKED)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(InvalidFieldError) as caught:
        compare(entry, tmp_path)
    assert caught.value.message.startswith(f"{name} in {tmp_path} ")
    assert f"summsvc models add {tmp_path} --id ID --like ours" in caught.value.message


def test_missing_file_is_named(entry: CatalogEntry, tmp_path: Path) -> None:
    write(tmp_path, PACKED)
    (tmp_path / "vocab.enru.spm.gz").unlink()
    with pytest.raises(InvalidFieldError, match=r"has no vocab\.enru\.spm or vocab\.enru\.spm\.gz"):
        compare(entry, tmp_path)


def test_entries_of_the_hub_have_nothing_to_compare(entry: CatalogEntry, tmp_path: Path) -> None:
    other = entry.model_copy(update={"files": (), "base_url": ""})
    assert compare(other, tmp_path) == []
