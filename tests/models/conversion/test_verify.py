"""Verification rejects defective conversions and accepts correct ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

from bench.quality.agreement import install
from summsvc.cli.models import models
from summsvc.engines.base import Task
from summsvc.errors import ConversionError
from summsvc.models.conversion import bart, transformers
from summsvc.models.conversion import marian as marian_mapping
from summsvc.models.conversion.convert import convert, converter
from summsvc.models.conversion.weights import Weights
from summsvc.models.store.store import Store
from tests.checkpoints import marian

CROSS = "model.decoder.layers.0.encoder_attn.v_proj.weight"
OWN = "model.encoder.layers.1.self_attn.q_proj.weight"
INNER = "model.decoder.layers.1.fc1.weight"

Tensors = dict[str, Any]
Change = Callable[[Any], Any]


def turned(matrix: Any) -> Any:
    return np.ascontiguousarray(matrix.T)


def add(store: Store, folder: Path, id: str = "opus-en-ru") -> Any:
    how = converter("ctranslate2", "marian")
    return store.add(folder, id, Task.TRANSLATION, [("en", "ru")], convert=how)


def spoil(monkeypatch: pytest.MonkeyPatch, name: str, change: Change) -> None:
    """Replace a matrix of the checkpoint, as seen by the conversion only."""
    read = Weights.get

    def get(weights: Weights, wanted: str, *shape: int) -> Any:
        found = read(weights, wanted, *shape)
        return change(found).astype(found.dtype) if wanted == name else found

    monkeypatch.setattr(Weights, "get", get)


@pytest.mark.parametrize("pair", ["en-ru", "en-lt"])
def test_correct_conversion_is_installed_with_its_verification(tmp_path: Path, pair: str) -> None:
    store = Store(tmp_path / "store")
    source, target = pair.split("-")
    how = converter("ctranslate2", "marian")
    manifest = store.add(marian(pair), "ours", Task.TRANSLATION, [(source, target)], convert=how)
    assert manifest.conversion["quantization"] == "int8"
    assert manifest.conversion["check"].startswith("float32 as transformers 5")
    assert "nats per token; 6 probes" in manifest.conversion["check"]
    assert not (store.root / "ours" / "exact").exists()
    assert store.verify("ours") == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (CROSS, turned),
        (CROSS, np.negative),
        (CROSS, np.zeros_like),
        (OWN, turned),
        (INNER, np.negative),
        ("model.shared.weight", lambda matrix: np.roll(matrix, 1, axis=1)),
    ],
    ids=["transposed", "sign", "zero", "own transposed", "inner sign", "shifted embeddings"],
)
def test_one_wrong_matrix_is_rejected_with_both_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, change: Change
) -> None:
    spoil(monkeypatch, name, change)
    store = Store(tmp_path / "store")
    with pytest.raises(ConversionError, match="differ from those of the checkpoint") as caught:
        add(store, marian("en-ru"))
    shown = caught.value.metadata
    assert shown["model"] == "opus-en-ru"
    assert shown["expected"]
    assert f"  expected:  {shown['expected']}" in caught.value.message
    assert f"  converted: {shown['converted']}" in caught.value.message
    assert "--engine transformers" in caught.value.message
    assert store.ids() == []


@pytest.mark.parametrize("family", ["bart", "nllb"])
def test_defective_ctranslate2_conversion_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    mapping = bart if family == "bart" else transformers
    read = mapping.load_spec

    def wrongly(source: Path, config: Any) -> Any:
        description = read(source, config)
        keys = description.decoder.layer[0].attention.linear[0]
        keys.weight = -keys.weight
        return description

    monkeypatch.setattr(mapping, "load_spec", wrongly)
    store = Store(tmp_path / "store")
    with pytest.raises(RuntimeError, match="differ from those of the checkpoint"):
        install(store, family)
    assert store.ids() == []


@pytest.mark.parametrize("name", [CROSS, INNER])
def test_defective_quantization_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def quantized_wrongly(source: Path, target: Path, *, quantization: str) -> dict[str, str]:
        with monkeypatch.context() as patched:
            if quantization == "int8":
                spoil(patched, name, np.negative)
            return convert(source, target, quantization=quantization)

    monkeypatch.setattr("summsvc.models.conversion.convert.convert", quantized_wrongly)
    store = Store(tmp_path / "store")
    with pytest.raises(ConversionError, match="nats per token, and"):
        add(store, marian("en-ru"))
    assert store.ids() == []


def test_other_input_tokens_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The input's end marker is missing, which changes the outputs of many models only slightly."""
    framed = marian_mapping.token_framing

    def unframed(source: Path, config: Any) -> Any:
        return replace(framed(source, config), after=())

    monkeypatch.setattr(marian_mapping, "token_framing", unframed)
    with pytest.raises(ConversionError, match="tokenizes texts differently"):
        add(Store(tmp_path / "store"), marian("en-ru"))


def test_command_reports_the_rejection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, CROSS, np.negative)
    arguments = ["--model-dir", str(tmp_path), "add", str(marian("en-ru")), "--id", "opus-en-ru"]
    done = CliRunner().invoke(models, [*arguments, "--engine", "ctranslate2"])
    assert done.exit_code == 1
    assert "expected:" in done.stderr
    assert "converted:" in done.stderr
    assert "Traceback" not in done.output


def changed(folder: Path, change: Callable[[Tensors], Tensors]) -> Path:
    """A copy of the en-ru checkpoint with changed tensors."""
    shutil.copytree(marian("en-ru"), folder)
    tensors = load_file(folder / "model.safetensors")
    save_file(change(tensors), folder / "model.safetensors")
    return folder


def random(tensors: Tensors) -> Tensors:
    chooser = np.random.default_rng(1)
    found = {
        name: chooser.normal(0, 0.02, tensor.shape).astype(tensor.dtype)
        if tensor.ndim == 2 and tensor.shape[0] > 1
        else tensor
        for name, tensor in tensors.items()
    }
    found["model.shared.weight"][-1] = 0
    return found


def blind(tensors: Tensors) -> Tensors:
    """Tensors with which the decoder ignores its input."""
    return {
        name: np.zeros_like(tensor) if "encoder_attn.out_proj" in name else tensor
        for name, tensor in tensors.items()
    }


def misshapen(tensors: Tensors) -> Tensors:
    return tensors | {INNER: turned(tensors[INNER])}


def test_untrained_model_is_converted(tmp_path: Path) -> None:
    """Benchmarks need untrained models."""
    manifest = add(Store(tmp_path / "store"), changed(tmp_path / "random", random))
    assert "quantized not compared" in manifest.conversion["check"]


def add_without_torch(store: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from summsvc.cli import main; main()"
    )
    arguments = ["models", "--model-dir", str(store), "add", str(folder), "--id", "opus-en-ru"]
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


def test_without_torch_correct_conversion_is_installed(tmp_path: Path) -> None:
    done = add_without_torch(tmp_path, marian("en-ru"))
    assert done.returncode == 0, done.stderr
    assert "checked: float32 without loops; no torch to compare with" in done.stdout
    manifest = json.loads((tmp_path / "opus-en-ru" / "manifest.json").read_text())
    assert "transformers" not in manifest["conversion"]["check"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (random, "empty, truncated or repetitive"),
        (blind, "every probe has the same output"),
        (misshapen, "has the shape"),
    ],
)
def test_without_torch_implausible_outputs_are_rejected(
    tmp_path: Path, change: Callable[[Tensors], Tensors], said: str
) -> None:
    done = add_without_torch(tmp_path / "store", changed(tmp_path / "changed", change))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert Store(tmp_path / "store").ids() == []
