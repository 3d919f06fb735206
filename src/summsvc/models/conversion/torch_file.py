"""Reader of the tensors in files of torch's zip format (pytorch_model.bin), without torch.

The zip file has one folder with ``data.pkl``, which describes the tensors (``torch_pickle``),
and ``data/N``, the numbers of each storage, uncompressed. The file is mapped into memory;
nothing is extracted.

Format: caffe2/serialize/inline_container.h in https://github.com/pytorch/pytorch.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion import mapped, torch_pickle
from summsvc.models.conversion.mapped import Array
from summsvc.models.conversion.torch_pickle import PickleError, Storage, Tensor

MAX_PICKLE_BYTES = 16 << 20
"""Greatest size of ``data.pkl`` in bytes. That of a model of 500 tensors has 70,000."""

MAX_MEMBERS = 100_000
"""Most members of a file. There are as many as tensors, and five more."""

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_PICKLE = "data.pkl"
_ENCRYPTED = 0x1


_OLD_MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
"""The pickled number with which files of torch before 1.6 (2020) begin."""


def has_old_format(path: Path) -> bool:
    """Whether a file has torch's format of before 1.6: pickles without a zip file."""
    with path.open("rb") as stream:
        return stream.read(len(_OLD_MAGIC)) == _OLD_MAGIC


class TorchFile:
    """The tensors of a file, by name. Raises ModelBrokenError.

    Arrays are read-only views of the mapped file, see ``mapped.view``.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        if has_old_format(path):
            raise self._refusal("it has the format of torch before 1.6; save it again with torch")
        try:
            with zipfile.ZipFile(path) as archive:
                self._members = self._validated(archive, path.stat().st_size)
                data = archive.read(self._members[_PICKLE])
            self._tensors = torch_pickle.load(data)
        except PickleError as error:
            raise self._refusal(f"of its pickle: {error}") from error
        except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
            raise self._refusal(f"it cannot be unpacked: {error}") from error
        self._map = mapped.map_file(path)
        for tensor in self._tensors.values():
            self._offset(tensor.storage)

    def names(self) -> list[str]:
        """The names of all tensors."""
        return list(self._tensors)

    def type(self, name: str) -> str:
        """NumPy's name of a tensor's element type, or "bfloat16"."""
        return self._tensors[name].storage.type

    def __getitem__(self, name: str) -> Array:
        tensor = self._tensors[name]
        storage = tensor.storage
        flat = mapped.view(self._map, storage.type, storage.count, self._offset(storage))
        return _view(flat, tensor)

    def _validated(self, archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
        """The members by their names inside the only folder of the archive."""
        entries = archive.infolist()
        if len(entries) > MAX_MEMBERS:
            raise self._refusal(f"it has more than {MAX_MEMBERS:,} members")
        found: dict[str, zipfile.ZipInfo] = {}
        folders: set[str] = set()
        for entry in entries:
            path = PurePosixPath(entry.filename)
            shown = entry.filename[:80]
            if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
                raise self._refusal(f"the member '{shown}' leaves its folder")
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                raise self._refusal(f"the member '{shown}' is compressed, which torch never does")
            if entry.flag_bits & _ENCRYPTED:
                raise self._refusal(f"the member '{shown}' is encrypted")
            folder, _, name = entry.filename.partition("/")
            if name in found:
                raise self._refusal(f"the member '{shown}' is there twice")
            found[name] = entry
            folders.add(folder)
        if sum(entry.file_size for entry in entries) > size:
            raise self._refusal("its members are larger than the file")
        if _PICKLE not in found or len(folders) != 1:
            raise self._refusal(f"it has no single folder with {_PICKLE}")
        if found[_PICKLE].file_size > MAX_PICKLE_BYTES:
            raise self._refusal(f"its {_PICKLE} has more than {MAX_PICKLE_BYTES >> 20} MiB")
        order = found.get("byteorder")
        if order is not None and (order.file_size != 6 or archive.read(order) != b"little"):
            raise self._refusal("its numbers are not little-endian")
        return found

    def _offset(self, storage: Storage) -> int:
        """Where the numbers of a storage begin in the file."""
        entry = self._members.get(f"data/{storage.key}")
        needed = storage.count * mapped.item_size(storage.type)
        if entry is None or entry.file_size != needed:
            raise self._refusal(f"the storage '{storage.key[:80]}' is missing or has another size")
        header = self._map[entry.header_offset : entry.header_offset + _LOCAL_HEADER.size]
        if len(header) != _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
            raise self._refusal("it is truncated")
        *_, name, extra = _LOCAL_HEADER.unpack(header)
        start = int(entry.header_offset + _LOCAL_HEADER.size + name + extra)
        if start + entry.file_size > len(self._map):
            raise self._refusal("it is truncated")
        return start

    def _refusal(self, why: str) -> ModelBrokenError:
        return ModelBrokenError(f"{self._name} is not read: {why}")


def _view(flat: Array, tensor: Tensor) -> Array:
    """The view of a storage that a tensor is; its bounds are validated in ``torch_pickle``."""
    size = flat.itemsize
    return np.lib.stride_tricks.as_strided(
        flat[tensor.offset :],
        tensor.shape,
        [step * size for step in tensor.strides],
        writeable=False,
    )
