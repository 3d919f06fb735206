"""Small trained checkpoints in the hub's layout, built once and cached between runs.

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

from tests.checkpoints import marian as marian_recipe
from tests.checkpoints import spoiled as spoiled_recipe
from tests.checkpoints import training
from tests.checkpoints.families import FAMILIES, Family
from tests.checkpoints.marian import pairs

__all__ = ["FAMILIES", "Family", "checkpoint", "known", "marian", "pairs", "spoiled"]

HERE = Path(__file__).parent
MARIAN = ("article.py", "marian.py", "news.py")
SHARED = ("layouts.py", "news.py", "texts.py", "training.py")


def marian(pair: str) -> Path:
    """Folder of the Marian checkpoint for "en-ru" or "en-lt"."""
    return _cached(f"marian-{pair}", MARIAN, "", lambda folder: marian_recipe.build(pair, folder))


def spoiled() -> Path:
    """Folder of the checkpoint whose every output fails a quality check."""
    recipe = (*MARIAN, "spoiled.py")
    return _cached("marian-spoiled", recipe, "", spoiled_recipe.build)


def checkpoint(name: str) -> Path:
    """Folder of a family's checkpoint, by its name in ``FAMILIES``."""
    family = FAMILIES[name]
    return _cached(name, SHARED, repr(family), lambda folder: training.build(family, folder))


def known(name: str, language: str) -> list[tuple[str, str]]:
    """The (input, output) pairs that a family's checkpoint was trained on.

    language: target language of a translation model, language of a summarizer.
    """
    return training.known(FAMILIES[name], language)


def _cached(
    name: str, recipe: Sequence[str], description: str, build: Callable[[Path], None]
) -> Path:
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
