"""Selection of the files in a model folder that an engine needs."""

from __future__ import annotations

import pytest

from summsvc.models.store.files import select_files


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (["model.safetensors", "pytorch_model.bin"], ["model.safetensors"]),
        (["pytorch_model.bin", "training_args.bin"], ["pytorch_model.bin"]),
        (
            [
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
            ],
            [
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
            ],
        ),
        (["tf_model.h5", "optimizer.pt", "scheduler.pkl", "modeling_x.py"], []),
        (["onnx/model.safetensors", "config.json", ".gitattributes"], ["config.json"]),
        (["merges.txt", "benchmark_results.txt", "LICENSE"], ["LICENSE", "merges.txt"]),
    ],
)
def test_select_files(names: list[str], taken: list[str]) -> None:
    assert select_files(names) == taken
