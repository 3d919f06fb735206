"""Arrays of numbers in a file that is mapped into memory."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

BFLOAT16 = "bfloat16"
"""The element type that NumPy lacks."""


def map_file(path: Path) -> mmap.mmap:
    """Map a file read-only. It is unmapped with the last array. Raises OSError, ValueError."""
    with path.open("rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def item_size(kind: str) -> int:
    """Bytes of a number. kind: NumPy's name of the element type, or ``BFLOAT16``."""
    return 2 if kind == BFLOAT16 else np.dtype(kind).itemsize


def view(data: mmap.mmap, kind: str, count: int, offset: int) -> Array:
    """A read-only view of ``count`` numbers that begin at byte ``offset``.

    bfloat16 is copied to float32, which has all its values. Raises ValueError when the file
    has fewer bytes.
    """
    if kind != BFLOAT16:
        return np.frombuffer(data, np.dtype(kind), count, offset)
    wide: Array = np.frombuffer(data, "<u2", count, offset).astype("<u4") << 16
    return wide.view("<f4")
