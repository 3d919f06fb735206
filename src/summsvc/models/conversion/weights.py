"""The tensors of a checkpoint, read one at a time from safetensors or torch's zip format.

No torch is needed. A checkpoint may consist of several files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.torch_file import TorchFile, has_old_format
from summsvc.models.store import files

Array = npt.NDArray[Any]

_HALF = ("F16", "<f2")
"""Names of the type float16 in safetensors and in ``TorchFile``."""


class _Reader(Protocol):
    def names(self) -> list[str]: ...
    def type(self, name: str) -> str: ...
    def __getitem__(self, name: str) -> Array: ...


class _Safetensors:
    """A file of safetensors. Raises ModelBrokenError."""

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        self._name = path.name
        try:
            self._file: Any = safe_open(path, "np")
        except SafetensorError as error:
            raise ModelBrokenError(f"{path.name} cannot be read: {error}") from error

    def names(self) -> list[str]:
        return list(self._file.keys())

    def type(self, name: str) -> str:
        return str(self._file.get_slice(name).get_dtype())

    def __getitem__(self, name: str) -> Array:
        try:
            array: Array = self._file.get_tensor(name)
        except TypeError as error:
            raise ModelBrokenError(
                f"{self._name}: tensor {name} has the type {self.type(name)}, which is not "
                "supported",
                detail=str(error),
            ) from error
        return array


class Weights:
    """The tensors of the checkpoint in a folder. Raises ModelBrokenError.

    Nothing is kept: each access reads the tensor again, so that its memory is free when the
    caller has used it.
    """

    def __init__(self, source: Path) -> None:
        self._readers: dict[str, _Reader] = {}
        for path in _paths(source):
            reader: _Reader = _Safetensors(path) if path.suffix != ".bin" else TorchFile(path)
            self._readers |= dict.fromkeys(reader.names(), reader)

    def __contains__(self, name: str) -> bool:
        return name in self._readers

    def has_half_precision(self) -> bool:
        """Whether all tensors have the type float16."""
        return all(reader.type(name) in _HALF for name, reader in self._readers.items())

    def get(self, name: str, *shape: int) -> Array:
        """A tensor, possibly read-only, of the given shape and with finite values."""
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


def is_old_format(source: Path) -> bool:
    """Whether a checkpoint has a file in torch's format of before 1.6, which only torch reads."""
    return any(path.suffix == ".bin" and has_old_format(path) for path in _paths(source))


def _paths(source: Path) -> list[Path]:
    names = files.weight_files(path.name for path in source.iterdir())
    return [source / name for name in names if not name.endswith(".json")]
