"""Files in torch's zip format are validated before anything is read from them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from summsvc.errors import ModelBrokenError
from summsvc.models.conversion.torch_file import TorchFile
from tests.models.conversion import pickles
from tests.models.conversion.pickles import GOOD


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
