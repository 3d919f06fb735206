"""Small trained checkpoints in the hub's layout, built once and kept between runs.

They lie in .cache/checkpoints, or in SUMMSVC_TEST_CACHE, under a key made of
the recipe's text, so a changed recipe builds anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tests.checkpoints import marian as marian_recipe
from tests.checkpoints.marian import pairs

__all__ = ["marian", "pairs"]

HERE = Path(__file__).parent
RECIPES = ("article.py", "marian.py", "news.py")


def marian(pair: str) -> Path:
    """Folder of the Marian checkpoint for "en-ru" or "en-lt"."""
    return _cached(f"marian-{pair}", lambda folder: marian_recipe.build(pair, folder))


def _cached(name: str, build: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256()
    for recipe in RECIPES:
        digest.update((HERE / recipe).read_bytes())
    root = Path(os.environ.get("SUMMSVC_TEST_CACHE") or HERE.parents[1] / ".cache" / "checkpoints")
    place = root / f"{name}-{digest.hexdigest()[:12]}"
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f"{name}.lock"):
        if not place.is_dir():
            print(f"training {name}, about a minute, kept in {root.name}/ for later runs")
            folder = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
            try:
                build(folder)
                folder.rename(place)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    return place
