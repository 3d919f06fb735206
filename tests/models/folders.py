"""Hub-layout folders with weights of a few bytes, sufficient for the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from summsvc.engines.base import Task
from summsvc.models.store.locking import LOCK_FILE
from summsvc.models.store.store import Store

PAIRS = [("en", "ru")]
WEIGHTS = b"not really tensors, but some bytes " * 40


def checkpoint(
    folder: Path,
    *,
    architecture: str = "marian",
    vocabulary: Sequence[str] = ("</s>", "<unk>", "a", "<pad>"),
    special: Sequence[str] = (),
    weights: str = "model.safetensors",
) -> Path:
    """Write a folder with configuration, vocabulary, tokenizer and weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": architecture}))
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(vocabulary)}))
    if special:
        listed = json.dumps({"additional_special_tokens": list(special)})
        (folder / "special_tokens_map.json").write_text(listed)
    (folder / "source.spm").write_bytes(b"source pieces")
    (folder / "target.spm").write_bytes(b"target pieces")
    (folder / weights).write_bytes(WEIGHTS)
    return folder


def add(store: Store, source: Path, id: str = "tiny") -> None:
    """Add the folder ``source`` to a store as an English-Russian translation model."""
    store.add(source, id, Task.TRANSLATION, PAIRS)


def left_over(store: Store) -> list[str]:
    """Names in the store's folder, without the lock file."""
    return sorted(path.name for path in store.root.iterdir() if path.name != LOCK_FILE)
