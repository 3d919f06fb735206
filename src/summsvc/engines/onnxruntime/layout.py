"""Files of an installed student model: graphs, embeddings, vocabularies, shortlist, sizes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from summsvc.engines.declared import Declared

LAYOUT_FILE = "student.json"
"""Sizes of the model; a file that only student folders have."""

ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"
OUTPUT_FILE = "output.onnx"
FULL_OUTPUT_FILE = "full_output.onnx"
SOURCE_EMBEDDINGS_FILE = "source_embeddings.bin"
TARGET_EMBEDDINGS_FILE = "target_embeddings.bin"
OUTPUT_BIAS_FILE = "output_bias.bin"
SOURCE_VOCABULARY_FILE = "source.spm"
TARGET_VOCABULARY_FILE = "target.spm"
SHORTLIST_FILE = "shortlist.npz"


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes of a model.

    width: of embeddings and states. source_words, target_words: rows of the embedding files,
    which hold 8-bit integers; a row times source_scale or target_scale is the embedding. joint:
    both sides use the target's file. max_input_tokens: end marker included.
    """

    width: int
    decoder_layers: int
    source_words: int
    target_words: int
    source_scale: float
    target_scale: float
    joint: bool
    max_input_tokens: int

    def save(self, folder: Path) -> None:
        """Write ``student.json``."""
        (folder / LAYOUT_FILE).write_text(json.dumps(asdict(self), indent=1), "utf-8")

    @staticmethod
    def load(folder: Path) -> Layout:
        """Load ``student.json``; raises ModelBrokenError."""
        facts = Declared.load(folder / LAYOUT_FILE)
        return Layout(
            width=facts.integer("width", 1),
            decoder_layers=facts.integer("decoder_layers", 1),
            source_words=facts.integer("source_words", 1),
            target_words=facts.integer("target_words", 1),
            source_scale=facts.number("source_scale"),
            target_scale=facts.number("target_scale"),
            joint=bool(facts.find_flag("joint")),
            max_input_tokens=facts.integer("max_input_tokens", 1),
        )


def save_shortlist(
    path: Path, first: int, offsets: npt.NDArray[np.uint64], words: npt.NDArray[np.uint32]
) -> None:
    """Write a lexical shortlist, see ``shortlist.Shortlist``."""
    np.savez(path, first=np.int64(first), offsets=offsets, words=words)


def load_shortlist(
    path: Path,
) -> tuple[int, npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """Load a lexical shortlist; raises the errors of ``np.load`` and of ``zipfile``."""
    # np.load leaves a file open that is no archive.
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return int(arrays["first"]), arrays["offsets"], arrays["words"]
