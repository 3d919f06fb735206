"""Which files of a folder make up a student model."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from summsvc.errors import InvalidFieldError, ModelBrokenError
from summsvc.models.conversion.students import files

MODEL = "model.enlt.intgemm.alphas.bin"


def folder(path: Path, *names: str) -> Path:
    for name in names:
        content = name.encode()
        (path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def test_files_of_a_joint_vocabulary(tmp_path: Path) -> None:
    found = files.find(folder(tmp_path, MODEL, "vocab.enlt.spm", "lex.50.50.enlt.s2t.bin"))
    assert found.source_vocabulary == found.target_vocabulary == tmp_path / "vocab.enlt.spm"
    assert found.shortlist == tmp_path / "lex.50.50.enlt.s2t.bin"
    assert files.is_student(tmp_path)
    assert files.pair(tmp_path) == ("en", "lt")


def test_packed_files_of_split_vocabularies(tmp_path: Path) -> None:
    folder(tmp_path, f"{MODEL}.gz", "srcvocab.enlt.spm.gz", "trgvocab.enlt.spm.gz")
    found = files.find(tmp_path)
    assert files.read(found.source_vocabulary) == b"srcvocab.enlt.spm.gz"
    assert files.read(found.target_vocabulary) == b"trgvocab.enlt.spm.gz"
    assert found.shortlist is None
    assert files.pair(tmp_path) == ("en", "lt")


def test_an_unpacked_file_is_preferred(tmp_path: Path) -> None:
    folder(tmp_path, MODEL, f"{MODEL}.gz", "vocab.enlt.spm")
    assert files.find(tmp_path).model == tmp_path / MODEL


def test_other_folders_are_no_students(tmp_path: Path) -> None:
    assert not files.is_student(folder(tmp_path, "model.safetensors", "vocab.json"))
    assert not files.is_student(tmp_path / "none")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([MODEL], "needs one vocab"),
        ([MODEL, "srcvocab.enlt.spm"], "needs one vocab"),
        ([MODEL, "vocab.enlt.spm", "srcvocab.enlt.spm", "trgvocab.enlt.spm"], "needs one vocab"),
        (["vocab.enlt.spm"], "has no model"),
        ([MODEL, "model.enru.intgemm8.bin", "vocab.enlt.spm"], "has 2 files model.*enlt.*enru"),
    ],
)
def test_missing_or_ambiguous_files_are_refused(
    tmp_path: Path, names: list[str], message: str
) -> None:
    with pytest.raises(InvalidFieldError, match=message):
        files.find(folder(tmp_path, *names))


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{MODEL}.gz"
    for content in (
        gzip.compress(bytes(1000))[:-9],
        b"no gzip",
        gzip.compress(b"abc")[:-8] + bytes(8),
    ):
        path.write_bytes(content)
        with pytest.raises(ModelBrokenError, match="cannot be read"):
            files.read(path)


def test_a_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 1000)
    path = tmp_path / f"{MODEL}.gz"
    path.write_bytes(gzip.compress(bytes(1001)))
    with pytest.raises(ModelBrokenError, match="more than 1000 bytes"):
        files.read(path)
