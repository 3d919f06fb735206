"""Installation of published student models."""

from __future__ import annotations

import gzip
import shutil
import struct
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from summsvc.cli.app import cli
from summsvc.engines.base import DecodingOptions, Placement, Task
from summsvc.engines.load import load
from summsvc.errors import (
    ConversionError,
    InvalidFieldError,
    ModelBrokenError,
    ModelUnavailableError,
)
from summsvc.models.conversion.convert import converter
from summsvc.models.conversion.students.binary import Item, read_items
from summsvc.models.conversion.students.convert import convert
from summsvc.models.store.store import Store
from tests.checkpoints import pairs, split_student, student
from tests.checkpoints.student_files import FLOAT32, INTGEMM8, _write

MODEL = "model.enru.intgemm.alphas.bin"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A copy of the published files that a test may change."""
    return Path(shutil.copytree(student("en-ru"), tmp_path / "published"))


def install(folder: Path, store: Path, **given: object) -> Store:
    target = Store(store)
    convert = converter("auto", "student")
    target.add(folder, "firefox-en-ru", Task.TRANSLATION, convert=convert, **given)  # type: ignore[arg-type]
    return target


def test_a_model_is_installed_verified_and_run(published: Path, tmp_path: Path) -> None:
    (published / "LICENSE").write_text("MPL-2.0")
    store = install(published, tmp_path / "store")
    manifest = store.get("firefox-en-ru")
    assert manifest is not None
    assert manifest.pairs == (("en", "ru"),)
    assert manifest.decoding.beam_size == 1
    assert (manifest.engine, manifest.architecture) == ("onnxruntime", "student")
    assert "have the same output without the shortlist" in manifest.conversion["check"]
    assert "LICENSE" in manifest.files
    assert store.verify("firefox-en-ru") == []
    engine = load(store.spec("firefox-en-ru"), Placement())
    source, target = pairs("en-ru")[0]
    assert engine.generate([source], "en", "ru", DecodingOptions())[0].text == target
    engine.close()


def test_packed_files_install_the_same_model(published: Path, tmp_path: Path) -> None:
    plain = install(published, tmp_path / "plain").get("firefox-en-ru")
    for path in list(published.iterdir()):
        (published / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    packed = install(published, tmp_path / "packed").get("firefox-en-ru")
    assert plain is not None
    assert packed is not None
    assert packed.files == plain.files


def test_other_engines_are_refused(tmp_path: Path) -> None:
    del tmp_path
    with pytest.raises(ModelUnavailableError, match="run only on onnxruntime, not on ctranslate2"):
        converter("ctranslate2", "student")


def test_a_file_is_missing(published: Path, tmp_path: Path) -> None:
    next(published.glob("vocab.*")).unlink()
    with pytest.raises(InvalidFieldError, match="needs one vocab"):
        install(published, tmp_path / "store")


def test_random_weights_are_not_installed(published: Path, tmp_path: Path) -> None:
    def spoil(items: dict[str, Item]) -> Mapping[str, tuple[int, tuple[int, ...], bytes]]:
        bias = items["decoder_ff_logit_out_b"]
        values = np.zeros(bias.shape, np.float32)
        values[0, 60] = 1000
        return {bias.name: (FLOAT32, bias.shape, values.tobytes())}

    change(published / MODEL, spoil)
    with pytest.raises(ConversionError, match="truncated or repetitive") as raised:
        install(published, tmp_path / "store")
    assert "--engine transformers" not in str(raised.value)
    assert Store(tmp_path / "store").ids() == []


def change(path: Path, replaced: object) -> None:
    """Write a model file again with some items replaced, added or (by None) left out."""
    items = read_items(path.read_bytes(), path.name)
    stored = {name: (item.type.value, item.shape, bytes(item.data)) for name, item in items.items()}
    new = {**stored, **replaced(items)}  # type: ignore[operator]
    _write(path, [(name, *value) for name, value in new.items() if value is not None])


NAME = "decoder_l1_context_Wq"


def without(name: str, items: dict[str, Item]) -> Mapping[str, None]:
    del items
    return {name: None}


def as_floats(items: dict[str, Item]) -> Mapping[str, object]:
    return {NAME: (FLOAT32, items[NAME].shape, items[NAME].floats().astype("<f4").tobytes())}


def reshaped(items: dict[str, Item]) -> Mapping[str, object]:
    rows, columns = items[NAME].shape
    return {NAME: (INTGEMM8, (rows // 2, columns * 2), bytes(items[NAME].data))}


def not_finite(items: dict[str, Item]) -> Mapping[str, object]:
    del items
    return {f"{NAME}_QuantMultA": (FLOAT32, (1, 1), struct.pack("<f", float("nan")))}


@pytest.mark.parametrize(
    ("replaced", "error", "message"),
    [
        (partial(without, NAME), ModelBrokenError, f"no item {NAME}"),
        (partial(without, "special:model.yml"), ModelBrokenError, "no item special:model.yml"),
        (partial(without, f"{NAME}_QuantMultA"), ModelUnavailableError, "no input multiplier"),
        (as_floats, ModelUnavailableError, "is FLOAT32; only matrices of type INTGEMM8"),
        (reshaped, ModelBrokenError, "has the shape"),
        (not_finite, ModelBrokenError, "not finite"),
    ],
)
def test_a_damaged_or_unsupported_model_is_refused(
    published: Path, tmp_path: Path, replaced: object, error: type[Exception], message: str
) -> None:
    change(published / MODEL, replaced)
    with pytest.raises(error, match=message):
        convert(published, tmp_path / "out")


def test_a_vocabulary_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(split_student("en-ru"), tmp_path / "published"))
    larger = next(student("en-ru").glob("vocab.*"))
    shutil.copyfile(larger, next(folder.glob("srcvocab.*")))
    with pytest.raises(ModelBrokenError, match="pieces; the model has"):
        convert(folder, tmp_path / "out")
    next(folder.glob("srcvocab.*")).write_bytes(b"no model")
    with pytest.raises(ModelBrokenError, match="not a SentencePiece model"):
        convert(folder, tmp_path / "out")


def test_the_command_line_installs_a_folder_of_published_files(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    command = ["models", "add", str(student("en-lt")), "--id", "ours-en-lt"]
    done = CliRunner().invoke(cli, command, env={"SUMMSVC_MODEL_DIR": store})
    assert done.exit_code == 0, done.output
    assert "ours-en-lt: installed for onnxruntime" in done.output
    done = CliRunner().invoke(cli, ["models", "verify"], env={"SUMMSVC_MODEL_DIR": store})
    assert done.output == "ours-en-lt: as installed\n"
