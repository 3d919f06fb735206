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

from summsvc.models.conversion.students import graph_pb2 as onnx
from summsvc.models.conversion.students.graph_pb2 import AttributeProto, TensorProto
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


_DATA_TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.uint8): TensorProto.UINT8,
    np.dtype(np.int8): TensorProto.INT8,
    np.dtype(np.int64): TensorProto.INT64,
}


class GraphBuilder:
    """Collects the nodes and constants of one graph."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._rounded: dict[tuple[str, float], str] = {}
        self._count = 0

    def input(
        self,
        name: str,
        shape: Sequence[int | str],
        type: TensorProto.DataType.ValueType = TensorProto.FLOAT,
    ) -> str:
        """Declare an input; a string in ``shape`` names a variable dimension."""
        self._inputs.append(_declaration(name, type, shape))
        return name

    def output(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        """Declare ``value`` as the output ``name``."""
        self._nodes.append(onnx.NodeProto(op_type="Identity", input=[value], output=[name]))
        self._outputs.append(_declaration(name, TensorProto.FLOAT, shape))

    def constant(self, values: npt.NDArray[Any] | np.generic) -> str:
        """A constant tensor."""
        name = self._name("constant")
        array = np.asarray(values)
        self._constants[name] = TensorProto(
            name=name,
            data_type=_DATA_TYPES[array.dtype],
            dims=array.shape,
            # ONNX stores tensors little-endian.
            raw_data=array.astype(array.dtype.newbyteorder("<")).tobytes(),
        )
        return name

    def external(self, file: str, shape: tuple[int, int]) -> str:
        """A constant of 8-bit integers whose data is the whole of ``file`` beside the graph."""
        tensor = TensorProto(name=self._name("constant"), data_type=TensorProto.INT8, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", file), ("length", str(shape[0] * shape[1]))):
            tensor.external_data.add(key=key, value=value)
        self._constants[tensor.name] = tensor
        return tensor.name

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        domain: str = "",
        **attributes: float | Sequence[int],
    ) -> str:
        """A node with one output; returns the output's name."""
        name = self._name(kind)
        self._nodes.append(
            onnx.NodeProto(
                op_type=kind,
                input=inputs,
                output=[name],
                name=name,
                domain=domain,
                attribute=[_attribute(key, value) for key, value in attributes.items()],
            )
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
        graph = onnx.GraphProto(
            name=path.stem,
            node=self._nodes,
            input=self._inputs,
            output=self._outputs,
            initializer=self._constants.values(),
        )
        operators = (("", OPSET), (CONTRIB, 1))
        model = onnx.ModelProto(
            ir_version=IR_VERSION,
            producer_name="summsvc",
            graph=graph,
            opset_import=[onnx.OperatorSetIdProto(domain=d, version=v) for d, v in operators],
        )
        path.write_bytes(model.SerializeToString())

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"


def _declaration(
    name: str, type: TensorProto.DataType.ValueType, shape: Sequence[int | str]
) -> onnx.ValueInfoProto:
    """An input or output of a graph; a string in ``shape`` names a variable dimension."""
    sizes = onnx.TensorShapeProto(
        dim=[
            onnx.TensorShapeProto.Dimension(dim_param=each)
            if isinstance(each, str)
            else onnx.TensorShapeProto.Dimension(dim_value=each)
            for each in shape
        ]
    )
    tensor = onnx.TypeProto.Tensor(elem_type=type, shape=sizes)
    return onnx.ValueInfoProto(name=name, type=onnx.TypeProto(tensor_type=tensor))


def _attribute(name: str, value: float | Sequence[int]) -> AttributeProto:
    if isinstance(value, int):
        return AttributeProto(name=name, type=AttributeProto.INT, i=value)
    if isinstance(value, float):
        return AttributeProto(name=name, type=AttributeProto.FLOAT, f=value)
    return AttributeProto(name=name, type=AttributeProto.INTS, ints=value)
