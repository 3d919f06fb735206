"""Engine selection by folder layout and weight format."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from summsvc.engines.base import DecodingOptions, ModelSpec, Placement, Task
from summsvc.engines.load import load, load_counter
from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.convert import convert
from tests.checkpoints import marian, pairs

GREEDY = DecodingOptions(beam_size=1)


def whole(_: Path) -> None:
    pass


def pickled(folder: Path) -> None:
    """Pickled weights, as in most checkpoints before 2023 and many later ones."""
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def in_parts(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    parts = {
        f"model-0000{number}-of-00002.safetensors": names[number - 1 :: 2] for number in (1, 2)
    }
    for part, inside in parts.items():
        save_file({name: tensors[name] for name in inside}, folder / part, {"format": "pt"})
    index = {"weight_map": {name: part for part, inside in parts.items() for name in inside}}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}} | index))
    (folder / "model.safetensors").unlink()


def spec(folder: Path) -> ModelSpec:
    return ModelSpec("m", Task.TRANSLATION, folder, "marian", (("en", "ru"),))


@pytest.mark.parametrize("write", [whole, pickled, in_parts])
def test_every_weight_format_is_loaded_and_converted(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(marian("en-ru"), folder)
    write(folder)
    convert(folder, tmp_path / "converted", quantization="float32")
    known = pairs("en-ru")[:3]
    for place, name in ((folder, "transformers"), (tmp_path / "converted", "ctranslate2")):
        for asked in ("auto", name):
            engine = load(spec(place), Placement(), asked)
            assert engine.name == name
            outputs = engine.generate([source for source, _ in known], "en", "ru", GREEDY)
            assert [output.text for output in outputs] == [target for _, target in known]
            engine.close()
        other = "ctranslate2" if name == "transformers" else "transformers"
        with pytest.raises(ModelBrokenError, match=f"installed for {name}.*--engine {other}"):
            load(spec(place), Placement(), other)


def test_folder_without_weights_is_rejected(tmp_path: Path) -> None:
    shutil.copytree(marian("en-ru"), tmp_path / "empty")
    (tmp_path / "empty" / "model.safetensors").unlink()
    with pytest.raises(ModelBrokenError, match="could not be loaded"):
        load(spec(tmp_path / "empty"), Placement())


def test_pickle_with_code_is_rejected_and_not_executed(tmp_path: Path) -> None:
    import torch

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return Path.touch, (tmp_path / "run",)  # type: ignore[return-value]

    folder = tmp_path / "evil"
    shutil.copytree(marian("en-ru"), folder)
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Evil()}, folder / "pytorch_model.bin")
    with pytest.raises(ModelBrokenError):
        load(spec(folder), Placement())
    with pytest.raises(ModelBrokenError):
        convert(folder, tmp_path / "converted")
    assert not (tmp_path / "run").exists()


def test_a_counter_needs_no_files_in_other_threads(tmp_path: Path) -> None:
    """The model may be removed or replaced while its replicas and the counter are in use."""
    folder = tmp_path / "converted"
    convert(marian("en-ru"), folder, quantization="float32")
    count = load_counter(spec(folder))
    known = count(["A text."], "en", "ru")
    shutil.rmtree(folder)
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(count, ["A text."], "en", "ru").result() == known
