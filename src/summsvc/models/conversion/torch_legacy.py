"""Tensors in the format of torch before 1.6 (July 2020), which torch calls legacy.

The file has the pickles of a magic number, a version, facts about the machine, the tensors
(``torch_pickle``) and the keys of their storages; then for each key the count of numbers as
int64, and the numbers. These are not aligned.

Format: the function _legacy_save in torch/serialization.py in https://github.com/pytorch/pytorch.
"""

from __future__ import annotations

import io
import mmap

from summsvc.models.conversion import mapped, torch_pickle
from summsvc.models.conversion.torch_pickle import FormatError, Storage, Tensor

_MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
"""The pickle of the magic number."""

_VERSION = 1001
_COUNT_BYTES = 8


def is_legacy(data: mmap.mmap) -> bool:
    """Whether a file begins like one of torch before 1.6."""
    return data[: len(_MAGIC)] == _MAGIC


def read(data: mmap.mmap) -> tuple[dict[str, Tensor], dict[str, int]]:
    """The tensors of a file, and the byte at which each storage begins, by the storage's key.

    data: the mapped file, for which ``is_legacy`` is true. Raises FormatError.
    """
    stream = io.BytesIO(data[: torch_pickle.MAX_BYTES])
    stream.seek(len(_MAGIC))
    if torch_pickle.load_value(stream) != _VERSION:
        raise FormatError(f"its version is not {_VERSION}")
    match torch_pickle.load_value(stream):
        case {"little_endian": True}:
            pass
        case _:
            raise FormatError("its numbers are not little-endian")
    tensors = torch_pickle.load(stream)
    storages = _storages(tensors)
    keys = _keys(torch_pickle.load_value(stream))
    if sorted(keys) != sorted(storages):
        raise FormatError("its list of storages is not that of its tensors")
    starts: dict[str, int] = {}
    end = stream.tell()
    for key in keys:
        storage = storages[key]
        start = end + _COUNT_BYTES
        if int.from_bytes(data[end:start], "little", signed=True) != storage.count:
            raise FormatError(f"the storage '{key[:80]}' is missing or has another size")
        end = start + storage.count * mapped.item_size(storage.type)
        if end > len(data):
            raise FormatError("it is truncated")
        starts[key] = start
    return tensors, starts


def _storages(tensors: dict[str, Tensor]) -> dict[str, Storage]:
    """The storages of tensors, by key."""
    found: dict[str, Storage] = {}
    for tensor in tensors.values():
        storage = tensor.storage
        if found.setdefault(storage.key, storage) != storage:
            raise FormatError(f"the storage '{storage.key[:80]}' has two types or sizes")
    return found


def _keys(value: object) -> list[str]:
    if not isinstance(value, list) or not all(type(key) is str for key in value):
        raise FormatError("it has no list of storages")
    return value
