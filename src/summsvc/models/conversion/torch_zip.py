"""Tensors in torch's zip format, which torch writes since 1.6 (July 2020).

The zip file has one folder with ``data.pkl``, which describes the tensors (``torch_pickle``),
and ``data/N``, the numbers of each storage, uncompressed. Nothing is extracted.

Format: caffe2/serialize/inline_container.h in https://github.com/pytorch/pytorch.
"""

from __future__ import annotations

import io
import mmap
import struct
import zipfile
from pathlib import Path, PurePosixPath

from summsvc.models.conversion import mapped, torch_pickle
from summsvc.models.conversion.torch_pickle import FormatError, Storage, Tensor

MAX_MEMBERS = 100_000
"""Most members of a file. There are as many as tensors, and five more."""

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_PICKLE = "data.pkl"
_ENCRYPTED = 0x1


def read(path: Path, data: mmap.mmap) -> tuple[dict[str, Tensor], dict[str, int]]:
    """The tensors of a file, and the byte at which each storage begins, by the storage's key.

    data: the mapped file. Raises FormatError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _validated(archive, len(data))
            pickled = archive.read(members[_PICKLE])
    except FormatError:
        raise
    except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise FormatError(f"it cannot be unpacked: {error}") from error
    tensors = torch_pickle.load(io.BytesIO(pickled))
    storages = [tensor.storage for tensor in tensors.values()]
    return tensors, {each.key: _start(each, members, data) for each in storages}


def _validated(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The members by their names inside the only folder of the archive."""
    entries = archive.infolist()
    if len(entries) > MAX_MEMBERS:
        raise FormatError(f"it has more than {MAX_MEMBERS:,} members")
    found: dict[str, zipfile.ZipInfo] = {}
    folders: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        shown = entry.filename[:80]
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
            raise FormatError(f"the member '{shown}' leaves its folder")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise FormatError(f"the member '{shown}' is compressed, which torch never does")
        if entry.flag_bits & _ENCRYPTED:
            raise FormatError(f"the member '{shown}' is encrypted")
        folder, _, name = entry.filename.partition("/")
        if name in found:
            raise FormatError(f"the member '{shown}' is there twice")
        found[name] = entry
        folders.add(folder)
    if sum(entry.file_size for entry in entries) > size:
        raise FormatError("its members are larger than the file")
    if _PICKLE not in found or len(folders) != 1:
        raise FormatError(f"it has no single folder with {_PICKLE}")
    if found[_PICKLE].file_size > torch_pickle.MAX_BYTES:
        raise FormatError(f"its {_PICKLE} has more than {torch_pickle.MAX_BYTES >> 20} MiB")
    order = found.get("byteorder")
    if order is not None and (order.file_size != 6 or archive.read(order) != b"little"):
        raise FormatError("its numbers are not little-endian")
    return found


def _start(storage: Storage, members: dict[str, zipfile.ZipInfo], data: mmap.mmap) -> int:
    """Where the numbers of a storage begin in the file."""
    entry = members.get(f"data/{storage.key}")
    needed = storage.count * mapped.item_size(storage.type)
    if entry is None or entry.file_size != needed:
        raise FormatError(f"the storage '{storage.key[:80]}' is missing or has another size")
    header = data[entry.header_offset : entry.header_offset + _LOCAL_HEADER.size]
    if len(header) != _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
        raise FormatError("it is truncated")
    *_, name, extra = _LOCAL_HEADER.unpack(header)
    start = int(entry.header_offset + _LOCAL_HEADER.size + name + extra)
    if start + entry.file_size > len(data):
        raise FormatError("it is truncated")
    return start
