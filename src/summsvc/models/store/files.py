"""Selection of the files in a model folder that an engine needs.

All others are ignored: weights in other frameworks' formats, training state and, most
importantly, code. ``pytorch_model.bin`` contains a pickle; it is selected only when there are no
safetensors, and read by ``conversion/torch_pickle.py``, or by torch with ``weights_only``.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

SAFETENSORS_PATTERNS = (
    "model.safetensors",
    "model-*-of-*.safetensors",
    "model.safetensors.index.json",
)
TORCH_PATTERNS = ("pytorch_model.bin", "pytorch_model-*-of-*.bin", "pytorch_model.bin.index.json")
CTRANSLATE2_PATTERNS = ("model.bin",)

TEXT_PATTERNS = (
    "*.json",
    "*.spm",
    "*.model",
    "merges.txt",
    "vocab.txt",
    "*_vocabulary.txt",
    "LICENSE*",
)
"""Configuration, vocabularies, tokenizers, licences."""


def select_files(names: Iterable[str]) -> list[str]:
    """The file names that an engine needs, sorted.

    Names with a slash (files in subfolders) are never selected.
    """
    top = sorted(name for name in names if "/" not in name and not name.startswith("."))
    indexes = _matching(top, ("*.index.json",))
    text = [name for name in _matching(top, TEXT_PATTERNS) if name not in indexes]
    return sorted(text + weight_files(top))


def weight_files(names: Iterable[str]) -> list[str]:
    """The weight files in the preferred available format; empty when there are none."""
    names = list(names)
    for patterns in (CTRANSLATE2_PATTERNS, SAFETENSORS_PATTERNS, TORCH_PATTERNS):
        single, *parts = patterns
        if single in names:
            return [single]
        found = _matching(names, parts)
        if len(found) > 1:
            return found
    return []


def _matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    patterns = tuple(patterns)
    return [
        name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    ]
