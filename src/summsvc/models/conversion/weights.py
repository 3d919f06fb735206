"""The tensors of a checkpoint in safetensors or in torch's formats, without copies.

No torch is needed. A checkpoint may consist of several files.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Protocol

import numpy as np

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion import mapped
from summsvc.models.conversion.mapped import Array
from summsvc.models.conversion.torch_file import TorchFile
from summsvc.models.store import files

_HALF = "<f2"
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": _HALF,
    "BF16": mapped.BFLOAT16,
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U8": "<u1",
    "BOOL": "<u1",
}
"""Element types as in ``mapped.view``, by their names in safetensors."""


class _Reader(Protocol):
    def names(self) -> list[str]: ...
    def type(self, name: str) -> str: ...
    def __getitem__(self, name: str) -> Array: ...


class _Safetensors:
    """A file of safetensors, as read-only views. Raises ModelBrokenError.

    The library validates the header, but copies tensors. Format: 8 bytes with the length of the
    header, the header in JSON, the numbers (https://github.com/huggingface/safetensors).
    """

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        self._name = path.name
        try:
            with safe_open(path, "np") as file:
                self._types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise ModelBrokenError(f"{path.name} cannot be read: {error}") from error
        self._map = mapped.map_file(path)
        length = int.from_bytes(self._map[:8], "little")
        self._header = json.loads(self._map[8 : 8 + length])
        self._start = 8 + length

    def names(self) -> list[str]:
        return list(self._types)

    def type(self, name: str) -> str:
        if self._types[name] not in _TYPES:
            raise ModelBrokenError(
                f"{self._name}: tensor {name} has the type {self._types[name]}, which is not "
                "supported"
            )
        return _TYPES[self._types[name]]

    def __getitem__(self, name: str) -> Array:
        shape, (begin, _) = self._header[name]["shape"], self._header[name]["data_offsets"]
        flat = mapped.view(self._map, self.type(name), math.prod(shape), self._start + begin)
        return flat.reshape(shape)


class Weights:
    """The tensors of the checkpoint in a folder: views of mapped files. Raises ModelBrokenError."""

    def __init__(self, source: Path) -> None:
        self._readers: dict[str, _Reader] = {}
        for path in _paths(source):
            reader: _Reader = _Safetensors(path) if path.suffix != ".bin" else TorchFile(path)
            self._readers |= dict.fromkeys(reader.names(), reader)

    def __contains__(self, name: str) -> bool:
        return name in self._readers

    def has_half_precision(self) -> bool:
        """Whether all tensors have the type float16."""
        return all(reader.type(name) == _HALF for name, reader in self._readers.items())

    def get(self, name: str, *shape: int) -> Array:
        """A tensor of the given shape and with finite values, read-only."""
        if name not in self._readers:
            raise ModelBrokenError(f"the checkpoint has no tensor {name}")
        tensor = self._readers[name][name]
        if tensor.shape != shape:
            raise ModelBrokenError(
                f"tensor {name} has the shape {tensor.shape}; the configuration requires {shape}"
            )
        if not np.isfinite(tensor).all():
            raise ModelBrokenError(f"tensor {name} has values that are not finite")
        return tensor

    def first(self, names: tuple[str, ...], *shape: int) -> Array:
        """The first of several tensors that is present: files store one of tied tensors."""
        return self.get(next((name for name in names if name in self), names[0]), *shape)


def _paths(source: Path) -> list[Path]:
    names = files.weight_files(path.name for path in source.iterdir())
    return [source / name for name in names if not name.endswith(".json")]
