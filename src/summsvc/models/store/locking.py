"""How the store's folders change: one writer at a time, and each model by one rename.

So there are no half models, and what a killed writer leaves is cleared away or
put back by the next.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

LOCK = ".lock"
TEMPORARY = ".adding-"
REPLACED = ".replaced-"


class StoreError(Exception):
    """The store's folder cannot be written; the message says why."""


@contextmanager
def told(root: Path) -> Iterator[None]:
    """Raise StoreError for what the file system refuses."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"the model store {root} cannot be written: {error}") from error


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Be the only writer of a store, and clear away what killed ones left. Raises StoreError."""
    with told(root):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / LOCK):
            for left in root.glob(f"{REPLACED}*"):
                place = root / left.name.removeprefix(REPLACED)
                if place.exists():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.rename(place)
            for left in root.glob(f"{TEMPORARY}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield


@contextmanager
def temporary(root: Path) -> Iterator[Path]:
    """A folder to gather a model in; what is left in it goes away."""
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=root))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def swap_in(folder: Path, place: Path) -> None:
    """Put a gathered folder in the place of an older one, or of none."""
    old = place.with_name(f"{REPLACED}{place.name}")
    if place.exists():
        place.rename(old)
    folder.rename(place)
    shutil.rmtree(old, ignore_errors=True)
