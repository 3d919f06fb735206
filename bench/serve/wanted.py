"""The tokens of the constructed models' outputs."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from tests.checkpoints import pairs

OUTPUT_TOKENS = 32
"""Tokens of every output of a constructed model, the end token included."""


def distinct(tokenizer: Path, within: Container[str] | None = None) -> list[str]:
    """Different pieces of real text, as many as an output has without its end token.

    tokenizer: SentencePiece model. within: only these pieces are taken.
    """
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(tokenizer))
    found: dict[str, None] = {}
    for _, target in pairs("en-ru"):
        pieces = processor.encode(target, out_type=str)
        found |= {piece: None for piece in pieces if within is None or piece in within}
    return list(found)[: OUTPUT_TOKENS - 1]
