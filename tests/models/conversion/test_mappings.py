"""BART, T5 and mT5 checkpoints are converted without torch as CTranslate2's converter does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from summsvc.engines.base import ModelSpec, Task
from summsvc.engines.declared import Declared
from summsvc.errors import ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion import bart, convert, hub_tokenizer, t5, transformers
from summsvc.models.conversion.weights import Weights
from tests.checkpoints import checkpoint, known

FILES = ("model.bin", "config.json", "shared_vocabulary.json", "pieces.json")
LOADERS = {
    "bart": hub_tokenizer.load_bart,
    "t5": hub_tokenizer.load_t5,
    "mt5": hub_tokenizer.load_t5,
    "madlad": hub_tokenizer.load_t5,
}
RELATIVE_BIAS = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
ODD_TEXTS = [
    "",
    "  two  spaces \n and a line ",
    "Ünïcödé ﬁ ligature … — «quotes» №5 ½",
    "emoji 😀 and 漢字, Ελληνικά",
    "zero\u200bwidth\u00a0nbsp\ttab",
    "ŽĄSIS šąžčėęįų Ёлка",
]


def read_config(source: Path) -> Declared:
    return Declared.load(source / "config.json")


def convert_with_torch(source: Path, target: Path, quantization: str) -> None:
    config = read_config(source)
    description = transformers.load_spec(source, config)
    description.validate()
    description.optimize(quantization=quantization)
    target.mkdir()
    description.save(str(target))
    transformers.write_tokenizer(source, target, config)


def require_equal_conversion(source: Path, folder: Path, quantization: str) -> None:
    ours, theirs = folder / "ours", folder / "theirs"
    facts = convert.convert(source, ours, quantization=quantization)
    assert facts["method"] == "tensors mapped"
    convert_with_torch(source, theirs, quantization)
    for name in FILES:
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name


@pytest.mark.parametrize("quantization", ["float32", "int8"])
@pytest.mark.parametrize("name", LOADERS)
def test_equals_the_ctranslate2_converter_byte_for_byte(
    tmp_path: Path, name: str, quantization: str
) -> None:
    require_equal_conversion(checkpoint(name), tmp_path, quantization)


@pytest.mark.parametrize("quantization", ["float16", "int8"])
def test_float16_checkpoint_equals_too(tmp_path: Path, quantization: str) -> None:
    source = shutil.copytree(checkpoint("bart"), tmp_path / "half")
    tensors = load_file(source / "model.safetensors")
    halves = {name: tensor.astype(np.float16) for name, tensor in tensors.items()}
    save_file(halves, source / "model.safetensors")
    assert Weights(source).has_half_precision()
    require_equal_conversion(source, tmp_path, quantization)


def as_pickle(name: str, folder: Path, **options: Any) -> Path:
    """The checkpoint with pytorch_model.bin in place of model.safetensors."""
    from safetensors.torch import load_file as load_torch

    source = shutil.copytree(checkpoint(name), folder / "pickled")
    tensors = load_torch(source / "model.safetensors")
    (source / "model.safetensors").unlink()
    torch.save(tensors, source / "pytorch_model.bin", **options)
    return source


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("quantization", ["float32", "int8"])
def test_pickle_and_safetensors_give_the_same_model(
    tmp_path: Path, zipped: bool, quantization: str
) -> None:
    source = as_pickle("bart", tmp_path, _use_new_zipfile_serialization=zipped)
    facts = convert.convert(source, tmp_path / "pickle", quantization=quantization)
    assert facts["method"] == "tensors mapped"
    convert.convert(checkpoint("bart"), tmp_path / "safetensors", quantization=quantization)
    for name in FILES:
        left, right = tmp_path / "pickle" / name, tmp_path / "safetensors" / name
        assert left.read_bytes() == right.read_bytes()


def test_legacy_pickle_passes_the_comparison_with_transformers(tmp_path: Path) -> None:
    source = as_pickle("bart", tmp_path, _use_new_zipfile_serialization=False)
    spec = ModelSpec("bart", Task.SUMMARIZATION, source, "bart", (("en", "en"),))
    facts = convert.convert_and_verify(spec, tmp_path / "converted", quantization="int8")
    assert facts["method"] == "tensors mapped"
    assert "no torch" not in facts["check"]


def test_checkpoint_in_parts_gives_the_same_model(tmp_path: Path) -> None:
    source = shutil.copytree(checkpoint("madlad"), tmp_path / "parts")
    tensors = load_file(source / "model.safetensors")
    (source / "model.safetensors").unlink()
    names = sorted(tensors)
    for part in range(2):
        path = source / f"model-0000{part + 1}-of-00002.safetensors"
        save_file({name: tensors[name] for name in names[part::2]}, path)
    (source / "model.safetensors.index.json").write_text("{}")
    convert.convert(source, tmp_path / "ours")
    convert.convert(checkpoint("madlad"), tmp_path / "whole")
    ours, whole = tmp_path / "ours" / "model.bin", tmp_path / "whole" / "model.bin"
    assert ours.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("name", LOADERS)
def test_tokenizer_equals_that_of_transformers(tmp_path: Path, name: str) -> None:
    source = checkpoint(name)
    ours = LOADERS[name](source).backend
    transformers.write_tokenizer(source, tmp_path, read_config(source))
    theirs = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    texts = [text for text, _ in known(name, "lt" if name in ("t5", "madlad") else "en")[:40]]
    for text in [*texts, *ODD_TEXTS]:
        left, right = (each.encode(text, add_special_tokens=False) for each in (ours, theirs))
        assert left.ids == right.ids
        assert left.tokens == right.tokens
        assert ours.decode(left.ids) == theirs.decode(right.ids)


@pytest.mark.parametrize("left_out", [("tokenizer.json",), ("vocab.json", "merges.txt")])
def test_bart_tokenizer_needs_only_some_of_its_files(
    tmp_path: Path, left_out: tuple[str, ...]
) -> None:
    source = shutil.copytree(checkpoint("bart"), tmp_path / "less")
    for name in left_out:
        (source / name).unlink()
    convert.convert(source, tmp_path / "less converted")
    convert.convert(checkpoint("bart"), tmp_path / "converted")
    for name in (*FILES, "tokenizer.json"):
        left, right = tmp_path / "less converted" / name, tmp_path / "converted" / name
        assert left.read_bytes() == right.read_bytes()


def test_old_name_of_the_forced_first_token(tmp_path: Path) -> None:
    source = shutil.copytree(checkpoint("bart"), tmp_path / "old")
    (source / "generation_config.json").unlink()
    config = {**read_config(source).values, "force_bos_token_to_be_generated": True}
    del config["forced_bos_token_id"]
    (source / "config.json").write_text(json.dumps(config))
    require_equal_conversion(source, tmp_path, "int8")
    assert json.loads((tmp_path / "ours" / "pieces.json").read_text())["first"] == ["<s>"]


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("bart", {"model.encoder.layernorm_embedding.bias": None}, "no tensor"),
        ("bart", {"model.encoder.layers.0.fc1.weight": float("inf")}, "not finite"),
        ("bart", {"model.decoder.embed_positions.weight": (1024, 96)}, "requires"),
        ("madlad", {"decoder.block.1.layer.2.DenseReluDense.wi_1.weight": None}, "no tensor"),
        ("madlad", {RELATIVE_BIAS: (4, 32)}, "requires"),
    ],
)
def test_damaged_checkpoint_is_rejected(
    tmp_path: Path, name: str, damage: dict[str, Any], said: str
) -> None:
    source = shutil.copytree(checkpoint(name), tmp_path / "damaged")
    tensors = load_file(source / "model.safetensors")
    for tensor, value in damage.items():
        if value is None:
            del tensors[tensor]
        elif isinstance(value, tuple):
            tensors[tensor] = np.zeros(value, np.float32)
        else:
            tensors[tensor].flat[-1] = value
    save_file(tensors, source / "model.safetensors")
    mapping = bart if name == "bart" else t5
    with pytest.raises(ModelBrokenError, match=said):
        mapping.load_spec(source, read_config(source))


def test_unknown_activation_is_refused() -> None:
    source = checkpoint("t5")
    changed = {**read_config(source).values, "feed_forward_proj": "mish"}
    with pytest.raises(ModelUnavailableError, match="activation function mish"):
        t5.load_spec(source, Declared(changed, "config.json"))


@pytest.mark.parametrize("name", ["bart", "t5"])
def test_summarizer_is_installed_without_torch(tmp_path: Path, name: str) -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from summsvc.cli import main; main()"
    )
    language = "en" if name == "bart" else "lt"
    added = ["add", str(checkpoint(name)), "--id", name, "--task", "summarization"]
    for arguments in ([*added, "--pair", f"{language}-{language}"], ["verify"]):
        command = ["models", "--model-dir", str(tmp_path), *arguments]
        done = subprocess.run(
            [sys.executable, "-c", code, *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / name / "manifest.json").read_text())
    assert manifest["conversion"]["method"] == "tensors mapped"
    assert "no torch to compare with" in manifest["conversion"]["check"]


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    from safetensors.torch import save_file as save_torch

    state = {"w": torch.randn(5, 7).to(torch.bfloat16)}
    save_torch(state, tmp_path / "model.safetensors")
    left = Weights(tmp_path).get("w", 5, 7)
    (tmp_path / "model.safetensors").unlink()
    torch.save(state, tmp_path / "pytorch_model.bin")
    right = Weights(tmp_path).get("w", 5, 7)
    np.testing.assert_array_equal(left, state["w"].float().numpy())
    np.testing.assert_array_equal(right, left)
