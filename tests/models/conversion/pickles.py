"""Files in torch's formats, written by hand: correct ones and malicious ones."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

PICKLE = "archive/data.pkl"
EMPTY_ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def write(path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """Write a zip file with members of the given names."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def write_legacy(path: Path, **parts: bytes) -> Path:
    """Write a file of torch before 1.6 with a tensor of six numbers; parts: what differs."""
    whole = {
        "magic": pickle.dumps(0x1950A86A20F9469CFC6C, 2),
        "version": pickle.dumps(1001, 2),
        "machine": pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2),
        "tensors": state(LEGACY),
        "keys": pickle.dumps(["0"], 2),
        "count": struct.pack("<q", 6),
        "numbers": struct.pack("<6f", *range(6)),
    }
    path.write_bytes(b"".join((whole | parts).values()))
    return path


def text(value: str) -> bytes:
    """The instruction for a string."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    """The instruction for an integer of any size."""
    data = pickle.encode_long(value)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(values: tuple[int, ...]) -> bytes:
    """The instructions for a tuple of integers."""
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(count: int, key: str = "0", kind: str = "FloatStorage", view: bytes = b"") -> bytes:
    """The instructions for a storage of ``count`` numbers."""
    parts = text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu")
    return b"(" + parts + number(count) + view + b"tQ"


def tensor(numbered: bytes, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """The instructions for a tensor."""
    view = number(offset) + numbers(shape) + numbers(strides) + b"\x89" + EMPTY_ORDERED_DICT
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + numbered + view + b"tR"


def state(*values: bytes) -> bytes:
    """A pickle of a dictionary with the keys "w", "x", …"""
    items = b"".join(text(chr(ord("w") + i)) + value for i, value in enumerate(values))
    return b"\x80\x02" + EMPTY_ORDERED_DICT + b"(" + items + b"u."


FLOATS = storage(6)
GOOD = tensor(FLOATS, 0, (2, 3), (3, 1))
"""A tensor of six numbers."""

LEGACY = tensor(storage(6, view=b"N"), 0, (2, 3), (3, 1))
"""The same as torch before 1.6 describes it: with a place for a view of another storage."""


class Call:
    """An object whose pickle calls a function with arguments."""

    def __init__(self, function: object, *arguments: object) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self._call
