"""Weights of a student model: matrices of 8-bit integers, biases and normalizations.

Layout: mozilla/translations, inference/marian-fork/src/tensors/cpu/integer_common.h and
expression_graph_packable.h. The matrix of a product is stored transposed, under the shape that it
has in the network; embeddings are stored by rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from summsvc.errors import ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion.students.binary import Item, ItemType
from summsvc.models.conversion.students.configuration import Configuration

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int8]

SHARED_OUTPUT_MULTIPLIER = "none_QuantMultA"
"""The output layer's input multiplier; Marian gives a matrix that it transposes no name."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The affine layer y = x W + b, for inputs that are rounded to 8-bit integers.

    integers: W / scale, of shape (inputs, outputs). bias: b, of shape (outputs,).
    multiplier: an input x becomes the integer nearest to x * multiplier, from -127 to 127.
    """

    integers: Integers
    scale: float
    bias: Floats
    multiplier: float

    def scaled(self, factor: float) -> Matrix:
        """The layer with its outputs multiplied by ``factor``."""
        bias = (self.bias * np.float32(factor)).astype(np.float32)
        return replace(self, scale=self.scale * factor, bias=bias)


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Embedding rows: row i is integers[i] * scale."""

    integers: Integers
    scale: float


@dataclass(frozen=True, slots=True)
class Normalization:
    """Gain and offset of a layer normalization, each of the model's width."""

    scale: Floats
    bias: Floats


class Weights:
    """Typed access to the items of a model file.

    Every method raises ModelBrokenError when an item is missing, has another shape than the
    configuration requires, or has values that are not finite; ModelUnavailableError when a
    matrix is not stored as 8-bit integers with an input multiplier.
    """

    def __init__(self, items: Mapping[str, Item], sizes: Configuration) -> None:
        self._items = items
        self._sizes = sizes

    def matrix(self, name: str, inputs: int, outputs: int, bias: str | None) -> Matrix:
        """The layer with the matrix ``name`` and the bias item ``bias``, or a bias of zero."""
        item = self._quantized(name, (inputs, outputs))
        return Matrix(
            np.ascontiguousarray(item.integers().reshape(outputs, inputs).T),
            self._scale(item),
            self.vector(bias, outputs) if bias else np.zeros(outputs, np.float32),
            self._multiplier(f"{name}_QuantMultA"),
        )

    def embeddings(self, name: str, words: int) -> Embeddings:
        """An embedding matrix with ``words`` rows."""
        item = self._quantized(name, (words, self._sizes.width))
        return Embeddings(item.integers().reshape(words, self._sizes.width), self._scale(item))

    def output_multiplier(self) -> float:
        """Input multiplier of the output layer, whose matrix is that of the target embeddings."""
        if SHARED_OUTPUT_MULTIPLIER in self._items:
            return self._multiplier(SHARED_OUTPUT_MULTIPLIER)
        return self._multiplier(f"{self._sizes.target_embeddings}_QuantMultA")

    def normalization(self, prefix: str) -> Normalization:
        """The items ``prefix``_scale and ``prefix``_bias."""
        width = self._sizes.width
        return Normalization(
            self.vector(f"{prefix}_scale", width), self.vector(f"{prefix}_bias", width)
        )

    def vector(self, name: str, length: int) -> Floats:
        """A vector of 32-bit numbers."""
        item = self._item(name, (1, length))
        if item.type is not ItemType.FLOAT32:
            raise ModelBrokenError(f"the model's item {name} is not float32")
        return _finite(name, item.floats().reshape(length))

    def _item(self, name: str, shape: tuple[int, ...]) -> Item:
        item = self._items.get(name)
        if item is None:
            raise ModelBrokenError(f"the model has no item {name}")
        if item.shape != shape:
            raise ModelBrokenError(
                f"the model's item {name} has the shape {item.shape}, not {shape}"
            )
        return item

    def _quantized(self, name: str, shape: tuple[int, int]) -> Item:
        item = self._item(name, shape)
        if item.type is not ItemType.INTGEMM8:
            raise ModelUnavailableError(
                f"the model's item {name} is {item.type.name}; only matrices of type "
                f"{ItemType.INTGEMM8.name} are supported"
            )
        return item

    @staticmethod
    def _scale(item: Item) -> float:
        if not (np.isfinite(item.multiplier) and item.multiplier > 0):
            raise ModelBrokenError(f"the model's item {item.name} has no valid multiplier")
        return 1.0 / item.multiplier

    def _multiplier(self, name: str) -> float:
        item = self._items.get(name)
        if item is None or item.elements != 1:
            raise ModelUnavailableError(
                f"the model has no input multiplier {name}; only models with precomputed "
                "multipliers (*.alphas.bin) are supported"
            )
        value = float(_finite(name, item.floats()).item())
        if value <= 0:
            raise ModelBrokenError(f"the model's item {name} is not positive")
        return value


def _finite(name: str, values: Floats) -> Floats:
    if not np.isfinite(values).all():
        raise ModelBrokenError(f"the model's item {name} has values that are not finite")
    return values
