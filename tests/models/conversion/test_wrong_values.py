"""Each value of each JSON file of a checkpoint may be missing or wrong."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from summsvc.engines.base import Task
from summsvc.engines.declared import Declared
from summsvc.errors import InvalidFieldError, ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion import bart, convert, marian, t5
from summsvc.models.conversion.checkpoint import describe
from summsvc.models.conversion.mapped import Array
from tests import checkpoints

MISSING = object()
WRONG: list[Any] = [MISSING, "text", -1, 0, 10**400, 1.5, math.nan, True, [7], {}]
FILES = (
    "config.json",
    "generation_config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
)
REQUIRED = {
    "marian": ("d_model", "vocab_size", "max_position_embeddings", "encoder_layers",
               "decoder_layers", "encoder_attention_heads", "encoder_ffn_dim", "decoder_ffn_dim"),
    "bart": ("d_model", "vocab_size", "max_position_embeddings", "encoder_layers",
             "decoder_layers", "encoder_attention_heads", "encoder_ffn_dim", "decoder_ffn_dim"),
    "t5": ("d_model", "vocab_size", "num_layers", "num_heads", "d_kv", "d_ff"),
}  # fmt: skip
"""Sizes without which a model cannot be converted."""

MOST_NUMBERS = 1 << 22
"""Largest tensor that a file of the test's models can have."""


class AnyWeights:
    """Tensors of every name and of every shape that a small file could have, without memory."""

    def __init__(self, _source: Path) -> None:
        pass

    def __contains__(self, name: str) -> bool:
        return True

    def get(self, name: str, *shape: int) -> Array:
        if math.prod(shape) > MOST_NUMBERS:
            raise ModelBrokenError(f"tensor {name} has another shape")
        return np.broadcast_to(np.float32(0), shape)

    def first(self, names: tuple[str, ...], *shape: int) -> Array:
        return self.get(names[0], *shape)


@pytest.fixture(params=REQUIRED)
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint without its weights."""
    kind = request.param
    source = checkpoints.marian("en-ru") if kind == "marian" else checkpoints.checkpoint(kind)
    for path in source.iterdir():
        if path.suffix in (".json", ".txt", ".spm", ".model"):
            shutil.copyfile(path, tmp_path / path.name)
    (tmp_path / "model.safetensors").write_bytes(b"some")
    for module in (marian, bart, t5):
        monkeypatch.setattr(module, "Weights", AnyWeights)
    return tmp_path


def read(folder: Path, target: Path) -> None:
    """Read all files of a checkpoint, as for its installation."""
    describe(folder, "a", Task.TRANSLATION, [("en", "ru")])
    config = Declared.load(folder / "config.json")
    # Of another architecture: nothing more is read of it here.
    if mapping := convert.MAPPINGS.get(config.text("model_type")):
        mapping.load_spec(folder, config)
        mapping.write_tokenizer(folder, target, config)


def keys_read(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> set[str]:
    """Do some work; return the keys of all values that it has read."""
    found: set[str] = set()
    find = Declared._find

    def recorded(declared: Declared, key: str) -> tuple[Any, str]:
        found.add(key)
        return find(declared, key)

    with monkeypatch.context() as patched:
        patched.setattr(Declared, "_find", recorded)
        work()
    return found


def changes(path: Path, keys: set[str]) -> Iterator[tuple[str, Any, str]]:
    """Each of the keys that a file has, each wrong value, and the file with it."""
    values: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for key in sorted(keys & values.keys()):
        for wrong in WRONG:
            changed = {**values, key: wrong}
            if wrong is MISSING:
                del changed[key]
            yield key, wrong, json.dumps(changed)


def test_wrong_values_are_errors_that_name_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder / "target"
    target.mkdir()
    keys = keys_read(monkeypatch, lambda: read(folder, target))
    required = REQUIRED[json.loads((folder / "config.json").read_text())["model_type"]]
    assert keys >= set(required)
    for name in FILES:
        path = folder / name
        if not path.is_file():
            continue
        whole = path.read_text("utf-8")
        for key, wrong, text in changes(path, keys):
            path.write_text(text, "utf-8")
            said = ""
            try:
                read(folder, target)
            except (InvalidFieldError, ModelUnavailableError) as error:
                said = error.message
            if name == "config.json" and key in required:
                assert name in said, (key, wrong)
                assert key in said, (key, wrong)
        path.write_text(whole, "utf-8")
    read(folder, target)


@pytest.mark.parametrize(
    "numbers",
    [{}, {"a": 0, "b": 2}, {"a": 0, "b": 0}, {"a": "0"}, {"a": None}, {"a": -1}, [], {"a": 1}],
)
def test_a_vocabulary_with_wrong_numbers(tmp_path: Path, numbers: object) -> None:
    source = checkpoints.marian("en-ru")
    (tmp_path / "vocab.json").write_text(json.dumps(numbers))
    with pytest.raises(ModelBrokenError, match=r"vocab\.json"):
        marian.load_spec(tmp_path, Declared.load(source / "config.json"))


@pytest.mark.parametrize("number", [-1, 1 << 20, "0", [0]])
def test_special_tokens_that_the_vocabulary_lacks(folder: Path, number: object) -> None:
    if (folder / "source.spm").is_file():
        pytest.skip("Marian's special tokens are the same in each checkpoint")
    path = folder / "generation_config.json"
    values = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**values, "decoder_start_token_id": number}))
    (folder / "target").mkdir()
    with pytest.raises(ModelBrokenError, match="decoder_start_token_id"):
        read(folder, folder / "target")
