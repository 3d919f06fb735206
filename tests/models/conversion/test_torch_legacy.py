"""Files of torch before 1.6 are validated before numbers are read from them."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.torch_file import TorchFile
from tests.models.conversion import pickles
from tests.models.conversion.pickles import GOOD

SECOND = pickles.tensor(pickles.storage(2, "1"), 0, (2,), (1,))
TEN = struct.pack("<q", 6) + bytes(24) + struct.pack("<q", 2) + bytes(8)


def machine(**facts: object) -> bytes:
    return pickle.dumps(facts, 2)


def keys(*values: object) -> bytes:
    return pickle.dumps(list(values), 2)


def test_file_written_by_hand_is_read_as_by_torch(tmp_path: Path) -> None:
    path = pickles.write_legacy(tmp_path / "file.bin")
    found = TorchFile(path)["w"]
    np.testing.assert_array_equal(found, np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(found, torch.load(path, weights_only=True)["w"].numpy())


DAMAGES: dict[str, tuple[dict[str, bytes], str]] = {
    "wrong magic number": ({"magic": pickle.dumps(0x1950A86A20F9469CFC6D, 2)}, "unpacked"),
    "other version": ({"version": pickle.dumps(1002, 2)}, "version is not 1001"),
    "no version": ({"version": machine()}, "version is not 1001"),
    "big-endian": ({"machine": machine(little_endian=False)}, "little-endian"),
    "unknown byte order": ({"machine": machine()}, "little-endian"),
    "number for the byte order": ({"machine": machine(little_endian=1)}, "little-endian"),
    "no facts": ({"machine": keys("little_endian")}, "little-endian"),
    "call in the facts": ({"machine": pickle.dumps(pickles.Call(print, "x"), 2)}, "names"),
    "call in the keys": ({"keys": pickle.dumps(pickles.Call(print, "x"), 2)}, "names"),
    "no tensors": ({"tensors": keys()}, "dictionary of tensors"),
    "unknown key": ({"keys": keys("7")}, "list of storages"),
    "another key": ({"keys": keys("0", "7")}, "list of storages"),
    "key twice": ({"keys": keys("0", "0")}, "list of storages"),
    "no keys": ({"keys": keys()}, "list of storages"),
    "number as key": ({"keys": keys(0)}, "no list of storages"),
    "list as key": ({"keys": keys(["0"])}, "no list of storages"),
    "keys that contain themselves": ({"keys": b"\x80\x02]q\x00h\x00a."}, "no list of storages"),
    "dictionary of keys": ({"keys": machine(a=1)}, "no list of storages"),
    "fewer numbers": ({"count": struct.pack("<q", 5)}, "another size"),
    "more numbers": ({"count": struct.pack("<q", 7)}, "another size"),
    "negative numbers": ({"count": struct.pack("<q", -6)}, "another size"),
    "huge count": ({"count": struct.pack("<q", 2**62)}, "another size"),
    "big-endian count": ({"count": struct.pack(">q", 6)}, "another size"),
    "two types of a storage": (
        {
            "tensors": pickles.state(
                GOOD, pickles.tensor(pickles.storage(6, "0", "IntStorage"), 0, (), ())
            )
        },
        "two types or sizes",
    ),
    "two sizes of a storage": (
        {"tensors": pickles.state(GOOD, pickles.tensor(pickles.storage(7), 0, (), ()))},
        "two types or sizes",
    ),
    "other type of a storage": (
        {
            "tensors": pickles.state(
                pickles.tensor(pickles.storage(6, "0", "LongStorage"), 0, (), ())
            )
        },
        "truncated",
    ),
    "no second storage": ({"tensors": pickles.state(GOOD, SECOND)}, "list of storages"),
    "second storage without numbers": (
        {"tensors": pickles.state(GOOD, SECOND), "keys": keys("0", "1")},
        "another size",
    ),
    "storages in another order": (
        {"tensors": pickles.state(GOOD, SECOND), "keys": keys("1", "0"), "numbers": TEN[8:]},
        "another size",
    ),
    "no numbers": ({"numbers": b""}, "truncated"),
    "no count": ({"count": b"", "numbers": b""}, "another size"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    parts, said = DAMAGES[name]
    path = pickles.write_legacy(tmp_path / "file.bin", **parts)
    with pytest.raises(ModelBrokenError, match=rf"^file\.bin is not read: .*{said}"):
        TorchFile(path)


@pytest.mark.parametrize("count", [2**40, 2**62, 2**63 - 1])
def test_storage_larger_than_the_file_is_refused(tmp_path: Path, count: int) -> None:
    tensor = pickles.tensor(pickles.storage(count), 0, (2,), (1,))
    parts = {"tensors": pickles.state(tensor), "count": struct.pack("<q", count)}
    with pytest.raises(ModelBrokenError, match="truncated"):
        TorchFile(pickles.write_legacy(tmp_path / "file.bin", **parts))


def test_pickles_of_unlimited_size_are_refused(tmp_path: Path) -> None:
    long = machine(little_endian=True, padding="x" * (17 << 20))
    with pytest.raises(ModelBrokenError, match="of its pickle"):
        TorchFile(pickles.write_legacy(tmp_path / "file.bin", machine=long))


def test_storages_in_any_order_are_read(tmp_path: Path) -> None:
    state = pickles.state(GOOD, SECOND)
    numbers = struct.pack("<2f", 8, 9) + struct.pack("<q6f", 6, *range(6))
    parts = {"tensors": state, "keys": keys("1", "0"), "count": struct.pack("<q", 2)}
    file = TorchFile(pickles.write_legacy(tmp_path / "file.bin", **parts, numbers=numbers))
    np.testing.assert_array_equal(file["w"], np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(file["x"], [8, 9])


def test_file_cut_or_damaged_anywhere_is_refused_or_has_the_same_shape(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    whole = pickles.write_legacy(path).read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelBrokenError):
            TorchFile(path)
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            array = TorchFile(path)["w"]
        except (ModelBrokenError, KeyError):
            continue
        assert array.shape == (2, 3)


@given(data=st.data())
@settings(deadline=None)
def test_changed_files_are_refused_or_hold_their_tensors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("changed") / "file.bin"
    changed = bytearray(pickles.write_legacy(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(15, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    path.write_bytes(changed)
    try:
        file = TorchFile(path)
    except ModelBrokenError:
        return
    for name in file.names():
        assert file[name].size <= len(changed)
