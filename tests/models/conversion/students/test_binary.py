"""Reading of Marian's binary model format: what it accepts and what it refuses."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.students.binary import ItemType, read_items

FLOATS = np.array([[0.5, -2.0, 3.25]], np.float32)
INTEGERS = np.array([[1, -127], [127, 0]], np.int8)


def file(*items: tuple[str, int, tuple[int, ...], bytes], version: int = 1) -> bytes:
    content = struct.pack("<QQ", version, len(items))
    for name, kind, shape, data in items:
        content += struct.pack("<QQQQ", len(name) + 1, kind, len(shape), len(data))
    content += b"".join(name.encode() + b"\0" for name, *_ in items)
    content += b"".join(struct.pack(f"<{len(shape)}i", *shape) for _, _, shape, _ in items)
    return content + struct.pack("<Q", 3) + bytes(3) + b"".join(data for *_, data in items)


WHOLE = file(
    ("a_b", 0x404, (1, 3), FLOATS.tobytes() + bytes(7)),
    ("a_W", 0x4101, (2, 2), INTEGERS.tobytes() + struct.pack("<f", 4.0)),
    ("special:model.yml", 0x101, (5,), b"a: 1\0"),
)


def test_items_have_names_types_shapes_and_values() -> None:
    items = read_items(WHOLE, "m.bin")
    assert list(items) == ["a_b", "a_W", "special:model.yml"]
    assert (items["a_b"].floats() == FLOATS).all()
    assert (items["a_W"].integers().reshape(2, 2) == INTEGERS).all()
    assert items["a_W"].multiplier == 4.0
    assert (items["a_W"].floats() == INTEGERS / 4).all()
    assert items["special:model.yml"].type is ItemType.INT8
    assert bytes(items["special:model.yml"].data) == b"a: 1\0"


@given(st.integers(0, len(WHOLE) - 1))
def test_every_truncated_file_is_refused(length: int) -> None:
    with pytest.raises(ModelBrokenError):
        read_items(WHOLE[:length], "m.bin")


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_changes_one_value(position: int, value: int) -> None:
    content = bytearray(WHOLE)
    content[position] = value
    try:
        items = read_items(bytes(content), "m.bin")
    except ModelBrokenError:
        return
    assert len(items) == 3


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ModelBrokenError):
        read_items(struct.pack("<QQ", 1, 1) + content, "m.bin")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (file(version=2), "version 1"),
        (struct.pack("<QQ", 1, 1 << 40), "more than 10000"),
        (file(("a", 0x4102, (1,), bytes(8))), "type 0x4102; supported types are FLOAT32"),
        (file(("a", 0x404, (2,), bytes(4))), r"of shape \(2,\) needs 8 bytes and has 4"),
        (file(("a", 0x404, (-1, -1), bytes(4))), "has the shape"),
        (file(("a", 0x404, (1,), bytes(4)), ("a", 0x404, (1,), bytes(4))), "two items a"),
        (WHOLE + b"x", "1 bytes after its last item"),
    ],
)
def test_the_error_says_what_is_wrong(content: bytes, message: str) -> None:
    with pytest.raises(ModelBrokenError, match=message):
        read_items(content, "m.bin")


def test_a_shape_too_large_for_its_data_takes_no_memory() -> None:
    content = file(("a", 0x404, (1 << 30, 1 << 30, 1 << 30), bytes(4)))
    with pytest.raises(ModelBrokenError, match="needs"):
        read_items(content, "m.bin")
