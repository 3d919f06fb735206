"""Out-of-memory errors as the engines' libraries raise them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest
import torch

from summsvc.errors import EngineError
from summsvc.scheduling.execution.memory_errors import is_out_of_memory

HUGE = 2**50
"""Elements of an array that no machine has memory for."""


def in_onnxruntime() -> None:
    """Expand one number to an array that is too large."""
    shape = onnx.numpy_helper.from_array(np.array([HUGE], np.int64), "shape")
    value = onnx.helper.make_tensor_value_info("value", onnx.TensorProto.FLOAT, [1])
    output = onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, None)
    node = onnx.helper.make_node("Expand", ["value", "shape"], ["output"])
    graph = onnx.helper.make_graph([node], "expand", [value], [output], [shape])
    opsets = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    session.run(None, {"value": np.ones(1, np.float32)})


@pytest.mark.parametrize(
    "allocate",
    [in_onnxruntime, lambda: torch.ones(HUGE), lambda: np.ones(HUGE), lambda: bytearray(2**60)],
    ids=["onnxruntime", "torch", "numpy", "Python"],
)
def test_errors_of_the_libraries_are_recognised(allocate: Callable[[], object]) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        allocate()
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
