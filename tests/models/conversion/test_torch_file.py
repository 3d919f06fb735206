"""Files of torch's zip format are read as torch reads them, and a pickle can only build tensors."""

from __future__ import annotations

import builtins
import codecs
import os
import pickle
import resource
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion import torch_file, torch_pickle
from summsvc.models.conversion.torch_file import TorchFile
from summsvc.models.conversion.torch_pickle import PickleError, load
from tests.checkpoints import FAMILIES, checkpoint
from tests.models.conversion import pickles
from tests.models.conversion.pickles import Call

PICKLED = [name for name, family in FAMILIES.items() if family.weights == "pytorch_model.bin"]
TYPES = [
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
]


def require_same(path: Path) -> None:
    """Require that all tensors of a file are those that torch reads."""
    expected = torch.load(path, weights_only=True)
    found = TorchFile(path)
    assert found.names() == list(expected)
    for name, tensor in expected.items():
        wide = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        np.testing.assert_array_equal(found[name], wide.numpy())
        assert found[name].shape == tensor.shape


@pytest.mark.parametrize("name", PICKLED)
def test_checkpoints_are_read_as_by_torch(name: str) -> None:
    require_same(checkpoint(name) / "pytorch_model.bin")


def test_all_types_and_views_are_read_as_by_torch(tmp_path: Path) -> None:
    whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = OrderedDict((str(kind), torch.arange(6).reshape(2, 3).to(kind)) for kind in TYPES)
    state |= {
        "whole": whole,
        "tied": whole,
        "transposed": whole.T,
        "part": whole[1:3, 2:5],
        "every other": whole[:, ::2],
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 4),
        "column": whole[:, :1],
    }
    torch.save(state, tmp_path / "file.bin")
    require_same(tmp_path / "file.bin")


def test_metadata_of_modules_is_ignored(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(3, 2).state_dict(), tmp_path / "file.bin")
    require_same(tmp_path / "file.bin")


def test_arrays_are_read_only_views_of_the_file() -> None:
    file = TorchFile(checkpoint("t5") / "pytorch_model.bin")
    array = file["shared.weight"]
    assert not array.flags.writeable
    assert not array.flags.owndata


def effect() -> None:
    """What no pickle may cause."""
    raise AssertionError("a pickle has called a function")


MALICIOUS: dict[str, object] = {
    "os.system": Call(os.system, "touch effect"),
    "builtins.eval": Call(eval, "open('effect', 'w')"),
    "builtins.exec": Call(exec, "open('effect', 'w')"),
    "builtins.__import__": Call(__import__, "os"),
    "getattr chain": Call(getattr, Call(__import__, "os"), "system"),
    "nested reduce": Call(Call, Call(effect)),
    "our own function": Call(effect),
    "numpy reconstruct": np.ones(3),
    "numpy scalar": np.float64(1),
    "codecs": Call(codecs.encode, "x", "rot13"),
    "bytes": b"bytes",
    "bytearray": bytearray(b"x"),
    "open": Call(builtins.open, "effect", "w"),
    "a set": {1},
    "a list": [1],
    "path": Path("x"),
    "tensor attribute": Call(getattr, torch.ones, "__globals__"),
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", MALICIOUS)
def test_malicious_pickle_is_refused_without_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps(OrderedDict(w=MALICIOUS[name]), protocol=protocol)
    path = pickles.write(tmp_path / "file.bin", {pickles.PICKLE: data})
    with pytest.raises(ModelBrokenError, match=r"file\.bin is not read: of its pickle"):
        TorchFile(path)
    assert [each.name for each in tmp_path.iterdir()] == ["file.bin"]


FLOATS = pickles.storage(6)
GOOD = pickles.tensor(FLOATS, 0, (2, 3), (3, 1))
INSTRUCTIONS: dict[str, bytes] = {
    "global of a dotted name": pickles.state(b"ctorch\nstorage.os.system\n"),
    "stack global": b"\x80\x02\x8c\x02os\x8c\x06system\x93.",
    "instance": b"\x80\x02(S'touch effect'\nios\nsystem\n.",
    "object": b"\x80\x02(cos\nsystem\nX\x01\x00\x00\x00ao.",
    "extension registry": b"\x80\x02\x82\x01.",
    "new object": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "call of a storage type": pickles.state(b"ctorch\nFloatStorage\n)R"),
    "call of a tensor": pickles.state(GOOD + b")R"),
    "call with an unknown dictionary": pickles.state(
        b"ccollections\nOrderedDict\n" + GOOD + b"\x85R"
    ),
    "state of a tensor": pickles.state(GOOD + b"}" + pickles.text("offset") + b"K\x63sb"),
    "item of a tensor": pickles.state(GOOD + pickles.text("a") + b"K\x01s"),
    "tensor in a tensor": pickles.state(
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + GOOD + b"K\x00))\x89" + b"NtR"
    ),
    "text for a storage": pickles.state(pickles.text("0") + b"Q"),
    "module for a storage": pickles.state(
        b"(" + pickles.text("module") + pickles.text("x") * 4 + b"tQ"
    ),
    "unknown storage type": pickles.state(pickles.storage(6, kind="QUInt8Storage")),
    "negative count": pickles.state(pickles.tensor(pickles.storage(-6), 0, (), ())),
    "key that is a nested tuple": b"\x80\x02})" + b"\x85" * 200_000 + b"K\x01s.",
    "nested value": b"\x80\x02})" + b"\x85" * 200_000 + b"0.",
    "nested marks": b"\x80\x02" + b"(" * 1_000 + b".",
    "too many instructions": b"\x80\x02" + b"N" * 1_000_001 + b".",
    "memo bomb": b"\x80\x02}r" + struct.pack("<I", 2**32 - 1) + b"h\x07.",
    "doubling": b"\x80\x02)" + b"q\x00h\x00\x86" * 1_000 + b".",
    "long integer": b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b".",
    "long text": b"\x80\x02X" + struct.pack("<I", 2**32 - 1) + b"x.",
    "no stop": b"\x80\x02}",
    "empty stack": b"\x80\x02.",
    "reduce of nothing": b"\x80\x02R.",
    "a mark as value": b"\x80\x02}" + pickles.text("a") + b"(s.",
    "nothing": b"",
    "two values": b"\x80\x02}}.",
    "a number": pickles.state(b"K\x01"),
    "odd items": b"\x80\x02}(" + pickles.text("a") + b"u.",
    "number as key": b"\x80\x02}K\x01" + GOOD + b"s.",
    "future protocol": b"\x80\x05}.",
}


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_instructions_that_no_tensor_needs_are_refused(name: str) -> None:
    with pytest.raises(PickleError):
        load(INSTRUCTIONS[name])


VIEWS: dict[str, tuple[int, tuple[int, ...], tuple[int, ...]]] = {
    "larger than its storage": (0, (7,), (1,)),
    "offset beyond its storage": (5, (2,), (1,)),
    "offset of an empty view": (7, (0,), (1,)),
    "negative offset": (-1, (2,), (1,)),
    "negative size": (0, (-1,), (1,)),
    "two negative sizes": (0, (-2, -3), (3, 1)),
    "negative stride": (5, (2,), (-1,)),
    "huge offset": (2**63, (1,), (1,)),
    "huge size": (0, (2**63,), (1,)),
    "sizes whose product overflows": (0, (2**32, 2**32), (0, 0)),
    "empty with a huge size": (0, (0, 2**62), (1, 1)),
    "huge stride": (0, (2, 3), (2**62, 1)),
    "strides whose sum overflows": (0, (2, 2), (2**63, 2**63)),
    "repeated numbers": (0, (7,), (0,)),
    "more strides than sizes": (0, (2,), (1, 1)),
    "more sizes than strides": (0, (2, 3), (1,)),
    "nine dimensions": (0, (1,) * 9, (1,) * 9),
}


@pytest.mark.parametrize("name", VIEWS)
def test_view_outside_its_storage_is_refused(name: str) -> None:
    with pytest.raises(PickleError, match="tensor"):
        load(pickles.state(pickles.tensor(FLOATS, *VIEWS[name])))


@given(
    st.integers(-1, 8),
    st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 7)), max_size=3),
)
@settings(deadline=None)
def test_accepted_view_has_only_numbers_of_its_storage(
    offset: int, axes: list[tuple[int, int]]
) -> None:
    shape, strides = tuple(size for size, _ in axes), tuple(step for _, step in axes)
    try:
        tensor = load(pickles.state(pickles.tensor(FLOATS, offset, shape, strides)))["w"]
    except PickleError:
        return
    numbers = np.arange(6, dtype=np.float32)
    expected = torch.as_strided(torch.arange(6.0), shape, strides, offset)
    np.testing.assert_array_equal(torch_file._view(numbers, tensor), expected.numpy())


def good(**changes: bytes) -> dict[str, bytes]:
    numbers = np.arange(6, dtype=np.float32).tobytes()
    members = {pickles.PICKLE: pickles.state(GOOD), "archive/data/0": numbers}
    return members | {f"archive/{name}": data for name, data in changes.items()}


def test_file_written_by_hand_is_read(tmp_path: Path) -> None:
    found = TorchFile(pickles.write(tmp_path / "file.bin", good(byteorder=b"little")))
    np.testing.assert_array_equal(found["w"], np.arange(6.0).reshape(2, 3))


MEMBERS: dict[str, tuple[dict[str, bytes], str]] = {
    "parent": (good() | {"archive/../../etc/passwd": b""}, "leaves its folder"),
    "absolute": (good() | {"/etc/passwd": b""}, "leaves its folder"),
    "backslash": (good() | {"archive\\..\\x": b""}, "leaves its folder|single folder"),
    "two folders": (good() | {"other/data/1": b""}, "no single folder"),
    "same name in two folders": (good() | {"other/data/0": b""}, "twice"),
    "no pickle": ({"archive/data/0": b"1234"}, "no single folder"),
    "no storage": ({pickles.PICKLE: pickles.state(GOOD)}, "missing or has another size"),
    "short storage": (good() | {"archive/data/0": b"1234"}, "missing or has another size"),
    "big-endian": (good(byteorder=b"big"), "little-endian"),
    "huge pickle": (good() | {pickles.PICKLE: b"N" * (17 << 20)}, "more than 16 MiB"),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_file_with_other_members_is_refused(tmp_path: Path, name: str) -> None:
    members, said = MEMBERS[name]
    with pytest.raises(ModelBrokenError, match=said):
        TorchFile(pickles.write(tmp_path / "file.bin", members))


def test_compressed_file_is_refused(tmp_path: Path) -> None:
    bomb = good() | {"archive/data/0": bytes(50 << 20)}
    with pytest.raises(ModelBrokenError, match="compressed"):
        TorchFile(pickles.write(tmp_path / "file.bin", bomb, zipfile.ZIP_DEFLATED))


def test_file_cut_or_damaged_anywhere_is_refused_or_has_the_same_shape(tmp_path: Path) -> None:
    whole = pickles.write(tmp_path / "whole.bin", good()).read_bytes()
    path = tmp_path / "file.bin"
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelBrokenError):
            TorchFile(path)
    for place in range(1, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            array = TorchFile(path)["w"]
        except (ModelBrokenError, KeyError):
            continue
        assert array.shape == (2, 3)


@given(st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_refused_or_are_tensors(data: bytes) -> None:
    for pickled in (data, b"\x80\x02" + data + b"."):
        try:
            found = load(pickled)
        except PickleError:
            continue
        assert all(isinstance(each, torch_pickle.Tensor) for each in found.values())


@given(st.data())
@settings(deadline=None)
def test_changed_pickles_are_refused_or_are_tensors(data: st.DataObject) -> None:
    pickled = bytearray(pickles.state(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(pickled) - 1))
        pickled[place] = data.draw(st.integers(0, 255))
    try:
        found = load(bytes(pickled))
    except PickleError:
        return
    for tensor in found.values():
        assert isinstance(tensor, torch_pickle.Tensor)


def test_refusals_need_little_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("memo bomb", "long integer", "long text", "doubling"):
        with pytest.raises(PickleError):
            load(INSTRUCTIONS[name])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_old_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    torch.save({"w": torch.ones(3)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ModelBrokenError, match=r"torch before 1\.6; save it again with torch"):
        TorchFile(path)
    assert torch_file.has_old_format(path)


@pytest.mark.parametrize("writing", [Path.touch, lambda path: path.write_bytes(b"<html>")])
def test_other_file_is_refused(tmp_path: Path, writing: Callable[[Path], object]) -> None:
    writing(tmp_path / "file.bin")
    with pytest.raises(ModelBrokenError, match=r"file\.bin is not read"):
        TorchFile(tmp_path / "file.bin")
