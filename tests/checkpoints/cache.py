"""Checkpoints built once and kept for later runs.

The cache is .cache/checkpoints, or SUMMSVC_TEST_CACHE. The key of a checkpoint is a hash of
its recipe's source files and its own description, so only a change of these rebuilds it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).parent


def cached(
    name: str, recipe: Sequence[str], description: str, build: Callable[[Path], None]
) -> Path:
    """Folder of a checkpoint, built when the cache does not have it.

    recipe: source files of this package whose change rebuilds it.
    """
    digest = hashlib.sha256()
    for each in recipe:
        digest.update((HERE / each).read_bytes())
    digest.update(description.encode())
    root = Path(os.environ.get("SUMMSVC_TEST_CACHE") or HERE.parents[1] / ".cache" / "checkpoints")
    place = root / f"{name}-{digest.hexdigest()[:12]}"
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f"{name}.lock"):
        if not place.is_dir():
            print(f"training {name}, up to a minute, kept in {root.name}/ for later runs")
            folder = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
            try:
                build(folder)
                folder.rename(place)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    return place
