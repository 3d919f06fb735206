"""Folders for files that are read by path, and the check that no reader writes outside."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


@cache
def _root() -> Path:
    # Memory, where the system has it: files are written a thousand times a second.
    memory = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder; after the block nothing may be beside it."""
    root = _root()
    inner = root / "folder"
    shutil.rmtree(inner, ignore_errors=True)
    inner.mkdir()
    yield inner
    assert [path.name for path in root.iterdir()] == ["folder"]
