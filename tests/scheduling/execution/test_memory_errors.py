"""Out-of-memory errors as the engines' libraries raise them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
import torch

from summsvc.errors import EngineError
from summsvc.models.conversion.students.graph import GraphBuilder
from summsvc.scheduling.execution.memory_errors import is_out_of_memory

HUGE = 2**50
"""Elements of an array that no machine has memory for."""


def in_onnxruntime(folder: Path) -> None:
    """Expand one number to an array that is too large."""
    graph = GraphBuilder()
    shape = graph.constant(np.array([HUGE], np.int64))
    graph.output("output", graph.add("Expand", [graph.input("value", [1]), shape]), ["size"])
    graph.save(folder / "expand.onnx")
    session = onnxruntime.InferenceSession(folder / "expand.onnx")
    session.run(None, {"value": np.ones(1, np.float32)})


@pytest.mark.parametrize(
    "allocate",
    [
        in_onnxruntime,
        lambda _: torch.ones(HUGE),
        lambda _: np.ones(HUGE),
        lambda _: bytearray(2**60),
    ],
    ids=["onnxruntime", "torch", "numpy", "Python"],
)
def test_errors_of_the_libraries_are_recognised(
    tmp_path: Path, allocate: Callable[[Path], object]
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        allocate(tmp_path)
    assert is_out_of_memory(caught.value)
    wrapped = EngineError("the model failed", detail="as its library says")
    wrapped.__cause__ = caught.value
    assert is_out_of_memory(wrapped)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("std::bad_alloc"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
)
def test_errors_of_a_gpu_are_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("the input has 9 tokens"), OSError(28, "No space left on device")]
)
def test_other_errors_are_not(error: Exception) -> None:
    assert not is_out_of_memory(error)
