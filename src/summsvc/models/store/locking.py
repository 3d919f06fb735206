"""Write operations of the model store: an exclusive file lock, and replacement by rename.

Readers never see a partially written model. The next writer removes temporary folders of a
killed writer and restores replaced models. OSError is converted to ``StoreError``.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

LOCK_FILE = ".lock"
TEMPORARY_PREFIX = ".adding-"
REPLACED_PREFIX = ".replaced-"


class StoreError(Exception):
    """The store's folder cannot be written; the message says why."""


@contextmanager
def raise_store_errors(root: Path, size: int = 0) -> Iterator[None]:
    """Context manager that converts OSError to StoreError.

    size: bytes of the files to install, for the message about a full disk; 0 for unknown.
    """
    try:
        yield
    except OSError as error:
        message = f"the model store {root} cannot be written: {error}"
        if error.errno == errno.ENOSPC and size:
            free = shutil.disk_usage(root).free
            message += f"; the model's files have {size / 1e6:.1f} MB, {free / 1e6:.1f} MB are free"
        raise StoreError(message) from error


@contextmanager
def write_lock(root: Path, size: int = 0) -> Iterator[None]:
    """Context manager: hold the store's write lock, after cleaning up after killed writers.

    size: as in ``raise_store_errors``. Raises StoreError.
    """
    with raise_store_errors(root, size):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / LOCK_FILE):
            for left in root.glob(f"{REPLACED_PREFIX}*"):
                place = root / left.name.removeprefix(REPLACED_PREFIX)
                if place.exists():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.rename(place)
            for left in root.glob(f"{TEMPORARY_PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield


@contextmanager
def temporary_folder(root: Path) -> Iterator[Path]:
    """Context manager: a temporary folder within the store, deleted on exit."""
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=root))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def replace_folder(folder: Path, place: Path) -> None:
    """Move ``folder`` to ``place``, replacing a folder there if one exists."""
    old = place.with_name(f"{REPLACED_PREFIX}{place.name}")
    if place.exists():
        place.rename(old)
    folder.rename(place)
    shutil.rmtree(old, ignore_errors=True)
