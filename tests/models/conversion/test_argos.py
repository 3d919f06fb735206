"""Argos Translate packages: installed and used, or refused."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from summsvc.cli.models import models
from summsvc.engines.base import DecodingOptions, Placement
from summsvc.engines.load import load
from summsvc.errors import InvalidFieldError
from summsvc.models.conversion import argos
from summsvc.models.conversion.convert import convert
from summsvc.models.store.store import Store
from tests.checkpoints import marian, pairs

ROOT = "translate-en_ru-1_0"
METADATA = {
    "package_version": "1.0",
    "type": "translate",
    "from_code": "en",
    "to_code": "ru",
    "target_prefix": "",
}

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a package with a trained model."""
    folder = tmp_path_factory.mktemp("converted")
    convert(marian("en-ru"), folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    # OpenNMT's models leave the end marker of the input to CTranslate2.
    config["add_source_eos"] = True
    return {
        f"{ROOT}/metadata.json": json.dumps(METADATA).encode(),
        f"{ROOT}/README.md": b"A model.",
        f"{ROOT}/sentencepiece.model": (marian("en-ru") / "source.spm").read_bytes(),
        f"{ROOT}/model/config.json": json.dumps(config).encode(),
        f"{ROOT}/model/model.bin": (folder / "model.bin").read_bytes(),
        f"{ROOT}/model/shared_vocabulary.json": (folder / "shared_vocabulary.json").read_bytes(),
        f"{ROOT}/stanza/en/tokenize/ewt.pt": b"is not needed",
    }


@pytest.fixture
def package(tmp_path: Path) -> Callable[[Files], Path]:
    def write(files: Files) -> Path:
        path = tmp_path / "translate-en_ru-1_0.argosmodel"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path

    return write


def add(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(models, ["--model-dir", str(store), "add", *arguments])


def test_a_package_is_installed_and_translates(
    files: Files, package: Callable[[Files], Path], tmp_path: Path
) -> None:
    done = add(tmp_path / "store", str(package(files)))
    assert done.exit_code == 0, done.output
    assert "argos-en-ru: installed for ctranslate2" in done.output
    store = Store(tmp_path / "store")
    assert store.verify("argos-en-ru") == []
    spec = store.spec("argos-en-ru")
    assert spec.pairs == (("en", "ru"),)
    assert not list(spec.path.glob("**/*.pt"))
    engine = load(spec, Placement())
    source, target = pairs("en-ru")[1]
    (output,) = engine.generate([source], "en", "ru", DecodingOptions(beam_size=1))
    assert output.text == target
    assert output.input_tokens == engine.count_tokens([source], "en", "ru")[0]
    engine.close()


def test_an_id_can_be_given(files: Files, package: Callable[[Files], Path], tmp_path: Path) -> None:
    done = add(tmp_path / "store", str(package(files)), "--id", "mine")
    assert done.exit_code == 0, done.output
    assert Store(tmp_path / "store").ids() == ["mine"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../escape.txt", "leaves the package"),
        (f"{ROOT}/model/../../../escape.bin", "leaves the package"),
        ("/etc/escape", "leaves the package"),
        (f"{ROOT}\\..\\escape", "leaves the package"),
    ],
)
def test_paths_outside_the_package_are_refused(
    files: Files, package: Callable[[Files], Path], tmp_path: Path, name: str, message: str
) -> None:
    refused(package({**files, name: b"x"}), tmp_path, message)
    assert not list(tmp_path.rglob("escape*"))


def test_links_are_refused(files: Files, package: Callable[[Files], Path], tmp_path: Path) -> None:
    path = package(files)
    link = zipfile.ZipInfo(f"{ROOT}/model/link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(path, tmp_path, "no plain file")


def test_a_bomb_is_refused_before_it_is_unpacked(
    files: Files, package: Callable[[Files], Path], tmp_path: Path
) -> None:
    refused(package({**files, f"{ROOT}/model/zeros": bytes(500_000_000)}), tmp_path, "unpack to")


def test_a_size_that_is_not_true_does_not_unpack_more(
    files: Files, package: Callable[[Files], Path], tmp_path: Path
) -> None:
    path = package({**files, f"{ROOT}/model/zeros.txt": bytes(20_000_000)})
    content = bytearray(path.read_bytes())
    declared = (20_000_000).to_bytes(4, "little")
    while (at := content.find(declared)) >= 0:
        content[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    refused(path, tmp_path, "cannot be unpacked")


def test_an_entry_given_twice_is_refused(
    files: Files, package: Callable[[Files], Path], tmp_path: Path
) -> None:
    path = package(files)
    with (
        zipfile.ZipFile(path, "a") as archive,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        archive.writestr(f"{ROOT}/metadata.json", "{}")
    refused(path, tmp_path, "twice")


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_data_of_each_compression_is_refused(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "a.argosmodel"
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr(f"{ROOT}/metadata.json", json.dumps(METADATA))
        (entry,) = archive.infolist()
    content = bytearray(path.read_bytes())
    start = 30 + len(entry.filename)
    for at in range(start, start + entry.compress_size):
        damaged = content.copy()
        damaged[at] ^= 0xFF
        path.write_bytes(damaged)
        with pytest.raises(InvalidFieldError, match=r"cannot be unpacked|no sentencepiece"):
            argos.unpack(path, tmp_path)


def test_an_entry_without_a_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.argosmodel"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), "x")
    with pytest.raises(InvalidFieldError, match="a file without a name"):
        argos.unpack(path, tmp_path)


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.argosmodel"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("\u00e9", "x")
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xff\xff"))
    with pytest.raises(InvalidFieldError, match="cannot be unpacked"):
        argos.unpack(path, tmp_path)


@pytest.mark.parametrize("cut", [10, 5000, -30])
def test_a_damaged_archive_is_refused(
    files: Files, package: Callable[[Files], Path], tmp_path: Path, cut: int
) -> None:
    path = package(files)
    path.write_bytes(path.read_bytes()[:cut])
    refused(path, tmp_path, "cannot be unpacked")


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ("sentencepiece.model", "no sentencepiece.model"),
        ("model/model.bin", "no model.bin"),
        ("metadata.json", "no metadata.json"),
    ],
)
def test_a_package_without_a_needed_file_is_refused(
    files: Files, package: Callable[[Files], Path], tmp_path: Path, without: str, message: str
) -> None:
    left = {name: content for name, content in files.items() if name != f"{ROOT}/{without}"}
    refused(package(left), tmp_path, message)


@pytest.mark.parametrize(
    "metadata",
    [b"", b"[]", b"{}", b'{"from_code": 1, "to_code": 2}', b'{"type": "sbd"}', b"[" * 50_000],
    ids=["empty", "list", "nothing", "numbers", "type", "nested"],
)
def test_metadata_without_languages_is_refused(
    files: Files, package: Callable[[Files], Path], tmp_path: Path, metadata: bytes
) -> None:
    with pytest.raises(InvalidFieldError):
        argos.unpack(package({**files, f"{ROOT}/metadata.json": metadata}), tmp_path)


def test_a_file_that_is_no_package_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"x")
    done = add(tmp_path / "store", str(path))
    assert done.exit_code == 2
    assert "neither a folder nor a file NAME.argosmodel" in done.output


def refused(path: Path, tmp_path: Path, message: str) -> None:
    done = add(tmp_path / "store", str(path))
    assert done.exit_code == 1, done.output
    assert message in done.output
    assert not Store(tmp_path / "store").ids()
