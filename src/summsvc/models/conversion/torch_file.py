"""Reader of the tensors in a pytorch_model.bin, in both formats of torch, without torch.

The file is mapped into memory.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion import mapped, torch_legacy, torch_zip
from summsvc.models.conversion.mapped import Array
from summsvc.models.conversion.torch_pickle import PickleError, Tensor


class TorchFile:
    """The tensors of a file, by name. Raises ModelBrokenError.

    Arrays are read-only views of the mapped file, see ``mapped.view``.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._map = mapped.map_file(path)
            legacy = torch_legacy.is_legacy(self._map)
            read = torch_legacy.read(self._map) if legacy else torch_zip.read(path, self._map)
        except PickleError as error:
            raise ModelBrokenError(f"{path.name} is not read: of its pickle: {error}") from error
        except (OSError, ValueError) as error:
            raise ModelBrokenError(f"{path.name} is not read: {error}") from error
        self._tensors, self._starts = read

    def names(self) -> list[str]:
        """The names of all tensors."""
        return list(self._tensors)

    def type(self, name: str) -> str:
        """NumPy's name of a tensor's element type, or "bfloat16"."""
        return self._tensors[name].storage.type

    def __getitem__(self, name: str) -> Array:
        tensor = self._tensors[name]
        storage = tensor.storage
        start = self._starts[storage.key]
        return _view(mapped.view(self._map, storage.type, storage.count, start), tensor)


def _view(flat: Array, tensor: Tensor) -> Array:
    """The view of a storage that a tensor is; its bounds are validated in ``torch_pickle``."""
    size = flat.itemsize
    return np.lib.stride_tricks.as_strided(
        flat[tensor.offset :],
        tensor.shape,
        [step * size for step in tensor.strides],
        writeable=False,
    )
