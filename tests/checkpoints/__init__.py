"""Small trained checkpoints as they are published, built once and cached between runs."""

from __future__ import annotations

from pathlib import Path

from tests.checkpoints import marian as marian_recipe
from tests.checkpoints import spoiled as spoiled_recipe
from tests.checkpoints import training
from tests.checkpoints.cache import cached
from tests.checkpoints.families import FAMILIES, Family
from tests.checkpoints.marian import pairs
from tests.checkpoints.student import split_student, student

__all__ = [
    "FAMILIES",
    "Family",
    "checkpoint",
    "known",
    "marian",
    "pairs",
    "split_student",
    "spoiled",
    "student",
]

MARIAN = ("article.py", "marian.py", "news.py")
SHARED = ("layouts.py", "news.py", "texts.py", "training.py")


def marian(pair: str) -> Path:
    """Folder of the Marian checkpoint for "en-ru" or "en-lt"."""
    return cached(f"marian-{pair}", MARIAN, "", lambda folder: marian_recipe.build(pair, folder))


def spoiled() -> Path:
    """Folder of the checkpoint whose every output fails a quality check."""
    recipe = (*MARIAN, "spoiled.py")
    return cached("marian-spoiled", recipe, "", spoiled_recipe.build)


def checkpoint(name: str) -> Path:
    """Folder of a family's checkpoint, by its name in ``FAMILIES``."""
    family = FAMILIES[name]
    return cached(name, SHARED, repr(family), lambda folder: training.build(family, folder))


def known(name: str, language: str) -> list[tuple[str, str]]:
    """The (input, output) pairs that a family's checkpoint was trained on.

    language: target language of a translation model, language of a summarizer.
    """
    return training.known(FAMILIES[name], language)
