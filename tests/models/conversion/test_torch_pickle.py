"""A pickle can only build tensors, which lie within their storages."""

from __future__ import annotations

import io
import resource
import struct

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from summsvc.models.conversion import torch_file, torch_pickle
from summsvc.models.conversion.torch_pickle import PickleError, Tensor
from tests.models.conversion import pickles
from tests.models.conversion.pickles import FLOATS, GOOD


def load(data: bytes) -> dict[str, Tensor]:
    return torch_pickle.load(io.BytesIO(data))


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
    "item of a list": b"\x80\x02]" + pickles.text("a") + b"K\x01s.",
    "append to a dictionary": b"\x80\x02}K\x01a.",
    "append to nothing": b"\x80\x02K\x01a.",
    "appends without a mark": b"\x80\x02]K\x01e.",
    "list that contains itself": pickles.state(b"]q\x00h\x00a"),
    "lists as the shape of a tensor": pickles.state(
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + FLOATS + b"K\x00]]\x89NtR"
    ),
    "view of a storage": pickles.state(pickles.storage(6, view=pickles.numbers((1, 0, 6)))),
    "storage of seven parts": pickles.state(pickles.storage(6, view=b"NN")),
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
