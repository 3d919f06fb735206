"""SentencePiece vocabularies of a student model, and the places of tokens in a text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Span = tuple[int, int]
"""Start and end in code points, the end exclusive."""


class Vocabulary:
    """The vocabularies for source and target; thread-safe.

    source: has no file when the vocabulary is joint.
    end, unknown: ids of the end marker and of the unknown token in the target vocabulary.
    target_size: number of target tokens. Raises the errors of SentencePiece.
    """

    def __init__(self, source: Path, target: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._target: Any = SentencePieceProcessor(model_file=str(target))
        self._source: Any = self._target
        if source.is_file():
            self._source = SentencePieceProcessor(model_file=str(source))
        self.end = int(self._target.eos_id())
        self.unknown = int(self._target.unk_id())
        self.target_size = int(self._target.get_piece_size())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each source text, the end marker included."""
        end = int(self._source.eos_id())
        return [[*self._source.encode(text, out_type=int), end] for text in texts]

    def encode_terms(self, terms: Sequence[str]) -> list[int]:
        """All target token ids of the given terms, after a space and after a bracket."""
        found: set[int] = set()
        for term in terms:
            for text in (term, f"({term}"):
                found.update(self._target.encode(text, out_type=int))
        return sorted(found)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of target tokens without the end marker."""
        return str(self._target.decode(list(ids)))

    def source_spans(self, text: str) -> list[Span]:
        """Place of each token of ``text``, without the end marker."""
        return _spans(text, self._source.encode(text, return_type="proto"))

    def target_spans(self, ids: Sequence[int]) -> list[Span]:
        """Place of each target token in the text of ``decode``."""
        decoded = self._target.decode(list(ids), return_type="proto")
        return _spans(decoded.text, decoded)


def _spans(text: str, encoded: Any) -> list[Span]:
    """Places in code points; SentencePiece counts UTF-8 bytes."""
    octets = np.frombuffer(text.encode("utf-8"), np.uint8)
    points = np.concatenate([[0], np.cumsum((octets & 0xC0) != 0x80)]).tolist()
    return [(points[piece.begin], points[piece.end]) for piece in encoded.pieces]
