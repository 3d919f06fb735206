"""Conversion without torch equals CTranslate2's converter; both engines agree on the result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from summsvc.engines.base import DecodingOptions, ModelSpec, Placement, Task
from summsvc.engines.declared import Declared
from summsvc.engines.load import load
from summsvc.errors import ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion import convert, transformers
from summsvc.models.store.store import Store
from tests.checkpoints import marian, pairs

GREEDY = DecodingOptions(beam_size=1)


@pytest.mark.parametrize("quantization", ["float32", "int8"])
@pytest.mark.parametrize("pair", ["en-ru", "en-lt"])
def test_equals_the_ctranslate2_converter_byte_for_byte(
    tmp_path: Path, pair: str, quantization: str
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    convert.convert(marian(pair), ours, quantization=quantization)
    config = Declared.load(marian(pair) / "config.json")
    description = transformers.load_spec(marian(pair), config)
    description.validate()
    description.optimize(quantization=quantization)
    theirs.mkdir()
    description.save(str(theirs))
    for name in ("model.bin", "config.json", "shared_vocabulary.json"):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes()


def generate(folder: Path, pair: str, compute_type: str) -> list[str]:
    source, target = pair.split("-")
    spec = ModelSpec("m", Task.TRANSLATION, folder, "marian", ((source, target),))
    engine = load(spec, Placement(compute_type=compute_type))
    texts = [text for text, _ in pairs(pair)]
    found: list[str] = []
    for i in range(0, len(texts), 32):
        outputs = engine.generate(texts[i : i + 32], source, target, GREEDY)
        assert all(output.complete and output.score <= 0 for output in outputs)
        found += [output.text for output in outputs]
    assert engine.count_tokens(texts[:1], source, target) == [outputs_tokens(engine, texts[0])]
    engine.close()
    return found


def outputs_tokens(engine: object, text: str) -> int:
    (output,) = engine.generate([text], "", "", GREEDY)  # type: ignore[attr-defined]
    return int(output.input_tokens)


@pytest.mark.parametrize("pair", ["en-ru", "en-lt"])
def test_both_engines_agree_under_greedy_search(tmp_path: Path, pair: str) -> None:
    convert.convert(marian(pair), tmp_path / "f", quantization="float32")
    convert.convert(marian(pair), tmp_path / "i", quantization="int8")
    reference = generate(marian(pair), pair, "float32")
    assert len(reference) > 100
    assert generate(tmp_path / "f", pair, "float32") == reference
    small = generate(tmp_path / "i", pair, "int8")
    agreeing = sum(a == b for a, b in zip(small, reference, strict=True))
    assert agreeing >= 0.97 * len(reference)


def damaged(source: Path, folder: Path, **changes: object) -> Path:
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    tensors = load_file(folder / "model.safetensors")
    for name, value in changes.items():
        if value is None:
            del tensors[name]
        else:
            tensors[name] = np.full_like(tensors[name], value)
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("value", "said"), [(float("nan"), "not finite"), (None, "no tensor"), (1.0, "<pad>")]
)
def test_damaged_checkpoint_is_rejected(tmp_path: Path, value: object, said: str) -> None:
    name = "model.shared.weight" if value == 1.0 else "model.encoder.layers.0.fc1.weight"
    source = damaged(marian("en-ru"), tmp_path / "damaged", **{name: value})
    with pytest.raises(ModelBrokenError, match=said):
        convert.convert(source, tmp_path / "converted")


def test_which_models_are_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_torch_finds_gpu", lambda: False)
    for architecture in ("marian", "m2m_100", "t5", "mt5", "bart", "pegasus", "mbart"):
        assert convert.converter("auto", architecture) is not None
        assert convert.converter("ctranslate2", architecture) is not None
        assert convert.converter("transformers", architecture) is None
    assert convert.converter("auto", "led") is None
    with pytest.raises(ModelUnavailableError, match="does not support led models"):
        convert.converter("ctranslate2", "led")


def test_transformers_is_the_default_engine_with_a_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(convert, "_torch_finds_gpu", lambda: True)
    assert convert.converter("auto", "marian") is None
    assert convert.converter("ctranslate2", "marian") is not None


def test_without_torch_the_mapped_architectures_are_converted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(convert, "has_torch", lambda: False)
    for architecture in ("marian", "bart", "t5", "mt5"):
        assert convert.converter("auto", architecture) is not None
    for architecture in ("m2m_100", "mbart", "pegasus"):
        with pytest.raises(ModelUnavailableError, match=r"summsvc\[torch\]") as raised:
            convert.converter("auto", architecture)
        assert f"{architecture} models (other than bart, marian, mt5, t5)" in str(raised.value)


@pytest.mark.parametrize(
    ("gpus", "supported", "chosen"),
    [
        (0, {"float32", "int8", "int8_float32"}, "int8"),
        (0, {"float32"}, "float32"),
        (1, {"float32", "int8"}, "float16"),
    ],
)
def test_quantization_is_supported_by_the_machine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpus: int,
    supported: set[str],
    chosen: str,
) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: gpus)
    with monkeypatch.context() as patched:
        patched.setattr("ctranslate2.get_supported_compute_types", lambda _: supported)
        how = convert.converter("ctranslate2", "marian")
    store = Store(tmp_path)
    manifest = store.add(marian("en-ru"), "ours", Task.TRANSLATION, [("en", "ru")], convert=how)
    assert manifest.conversion["quantization"] == chosen
    assert set(manifest.files) == {
        "config.json",
        "model.bin",
        "pieces.json",
        "shared_vocabulary.json",
        "source.spm",
        "source_config.json",
        "target.spm",
    }
    assert ("quantized" in manifest.conversion["check"]) is (chosen != "float32")
