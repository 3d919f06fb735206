"""Files of both formats are read as torch reads them, and their pickles have no effect."""

from __future__ import annotations

import builtins
import codecs
import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.torch_file import TorchFile
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


def save(state: dict[str, torch.Tensor], folder: Path, zipped: bool) -> Path:
    """Save tensors as torch does since 1.6 (zipped), or as it did before."""
    torch.save(state, folder / "file.bin", _use_new_zipfile_serialization=zipped)
    return folder / "file.bin"


def require_same(path: Path) -> None:
    """Require that all tensors of a file are those that torch reads."""
    expected = torch.load(path, weights_only=True)
    found = TorchFile(path)
    assert found.names() == list(expected)
    for name, tensor in expected.items():
        wide = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        np.testing.assert_array_equal(found[name], wide.numpy())
        assert found[name].shape == tensor.shape


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", PICKLED)
def test_checkpoints_are_read_as_by_torch(tmp_path: Path, name: str, zipped: bool) -> None:
    path = checkpoint(name) / "pytorch_model.bin"
    if not zipped:
        path = save(torch.load(path, weights_only=True), tmp_path, zipped=False)
    require_same(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_all_types_and_views_are_read_as_by_torch(tmp_path: Path, zipped: bool) -> None:
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
    require_same(save(state, tmp_path, zipped))


@pytest.mark.parametrize("zipped", [True, False])
def test_metadata_of_modules_is_ignored(tmp_path: Path, zipped: bool) -> None:
    require_same(save(torch.nn.Linear(3, 2).state_dict(), tmp_path, zipped))


@pytest.mark.parametrize("zipped", [True, False])
def test_arrays_are_read_only_views_of_the_file(tmp_path: Path, zipped: bool) -> None:
    file = TorchFile(save({"w": torch.ones(3)}, tmp_path, zipped))
    array = file["w"]
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


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", MALICIOUS)
def test_malicious_pickle_is_refused_without_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, protocol: int, zipped: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps(OrderedDict(w=MALICIOUS[name]), protocol=protocol)
    path = tmp_path / "file.bin"
    if zipped:
        pickles.write(path, {pickles.PICKLE: data})
    else:
        pickles.write_legacy(path, tensors=data)
    with pytest.raises(ModelBrokenError, match=r"file\.bin is not read: of its pickle"):
        TorchFile(path)
    assert [each.name for each in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("writing", [Path.touch, lambda path: path.write_bytes(b"<html>")])
def test_other_file_is_refused(tmp_path: Path, writing: Callable[[Path], object]) -> None:
    writing(tmp_path / "file.bin")
    with pytest.raises(ModelBrokenError, match=r"file\.bin is not read"):
        TorchFile(tmp_path / "file.bin")
