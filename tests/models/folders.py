"""Hub-layout folders with weights of a few bytes, sufficient for the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

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
