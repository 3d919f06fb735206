"""Which files of a model's folder an engine reads.

Everything else stays behind: weights in other frameworks' formats, training
state, and above all code. ``pytorch_model.bin`` is a pickle; it is taken only
where there are no safetensors, and read with ``weights_only`` alone.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

SAFETENSORS = ("model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json")
TORCH = ("pytorch_model.bin", "pytorch_model-*-of-*.bin", "pytorch_model.bin.index.json")
CTRANSLATE2 = ("model.bin",)

TEXT = ("*.json", "*.spm", "*.model", "merges.txt", "vocab.txt", "*_vocabulary.txt", "LICENSE*")
"""Configuration, vocabularies, tokenizers."""


def needed(names: Iterable[str]) -> list[str]:
    """Those of a folder's file names that an engine reads, sorted.

    Names with a slash, of files in sub-folders, are never needed.
    """
    top = sorted(name for name in names if "/" not in name and not name.startswith("."))
    indexes = _matching(top, ("*.index.json",))
    text = [name for name in _matching(top, TEXT) if name not in indexes]
    return sorted(text + weights(top))


def weights(names: Iterable[str]) -> list[str]:
    """The files with the weights in the best form there is; empty when there is none."""
    names = list(names)
    for patterns in (CTRANSLATE2, SAFETENSORS, TORCH):
        whole, *parts = patterns
        if whole in names:
            return [whole]
        found = _matching(names, parts)
        if len(found) > 1:
            return found
    return []


def _matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    patterns = tuple(patterns)
    return [
        name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    ]
