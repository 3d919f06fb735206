"""Builder of ONNX graphs from layers with 8-bit weights.

A product rounds its input to 8-bit integers with the fixed multiplier of its matrix, as Marian
does, so an output does not depend on the other rows of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from summsvc.models.conversion.students.weights import Matrix, Normalization

OPSET = 17
IR_VERSION = 8
CONTRIB = "com.microsoft"
"""Domain of onnxruntime's own operators."""

LAYER_NORMALIZATION_EPSILON = 1e-6
"""As in Marian, layers/generic.h."""

ZERO_POINT = np.uint8(128)
"""Rounded inputs are stored as unsigned numbers with this added: onnxruntime multiplies unsigned
inputs with signed weights fastest."""


class GraphBuilder:
    """Collects the nodes and constants of one graph."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._rounded: dict[tuple[str, float], str] = {}
        self._count = 0

    def input(self, name: str, shape: Sequence[int | str], type: int = TensorProto.FLOAT) -> str:
        """Declare an input; a string in ``shape`` names a variable dimension."""
        self._inputs.append(helper.make_tensor_value_info(name, type, shape))
        return name

    def output(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        """Declare ``value`` as the output ``name``."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, values: npt.NDArray[Any] | np.generic) -> str:
        """A constant tensor."""
        name = self._name("constant")
        self._constants[name] = numpy_helper.from_array(np.asarray(values), name)
        return name

    def external(self, file: str, shape: tuple[int, int]) -> str:
        """A constant of 8-bit integers whose data is the whole of ``file`` beside the graph."""
        tensor = TensorProto(name=self._name("constant"), data_type=TensorProto.INT8, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", file), ("length", str(shape[0] * shape[1]))):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
        self._constants[tensor.name] = tensor
        return str(tensor.name)

    def add(self, kind: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """A node with one output; returns the output's name."""
        name = self._name(kind)
        self._nodes.append(
            helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes)
        )
        return name

    def affine(self, x: str, matrix: Matrix) -> str:
        """The output of a layer."""
        integers, bias = self.constant(matrix.integers), self.constant(matrix.bias)
        return self.product(x, integers, bias, matrix.scale, matrix.multiplier)

    def product(self, x: str, integers: str, bias: str, scale: float, multiplier: float) -> str:
        """The output of a layer whose weights and bias are values of the graph."""
        step, zero = self.constant(np.float32(1 / multiplier)), self.constant(ZERO_POINT)
        key = (x, multiplier)
        if key not in self._rounded:
            self._rounded[key] = self.add("QuantizeLinear", [x, step, zero])
        scales = [step, self.constant(np.float32(scale))]
        inputs = [self._rounded[key], integers, *scales, zero, "", bias]
        return self.add("MatMulIntegerToFloat", inputs, CONTRIB)

    def normalize(self, x: str, with_: Normalization) -> str:
        """Layer normalization over the last axis."""
        inputs = [x, self.constant(with_.scale), self.constant(with_.bias)]
        return self.add("LayerNormalization", inputs, axis=-1, epsilon=LAYER_NORMALIZATION_EPSILON)

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """Reshape; 0 keeps a dimension, -1 takes what is left."""
        return self.add("Reshape", [x, self.constant(np.array(shape, np.int64))])

    def transpose(self, x: str, *axes: int) -> str:
        """Permute the axes."""
        return self.add("Transpose", [x], perm=axes)

    def attend(self, queries: str, keys: str, values: str, mask: str) -> tuple[str, str]:
        """Attention of scaled queries [.., q, d] to keys [.., d, s] and values [.., s, d].

        Returns the weights [.., q, s] and the result [.., q, d].
        """
        logits = self.add("Add", [self.add("MatMul", [queries, keys]), mask])
        weights = self.add("Softmax", [logits], axis=-1)
        return weights, self.add("MatMul", [weights, values])

    def save(self, path: Path) -> None:
        """Write the graph."""
        graph = helper.make_graph(
            self._nodes, path.stem, self._inputs, self._outputs, list(self._constants.values())
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        model.producer_name = "summsvc"
        path.write_bytes(model.SerializeToString())

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"
