"""Marian checkpoints of a given size with random weights, for benchmarks of speed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Size:
    """Dimensions of a Marian model. layers: of the encoder, and as many of the decoder."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int


SIZES = {
    "tiny": Size(128, 2, 4, 384, 2_000),
    "opus-mt": Size(512, 6, 8, 2048, 60_000),
}


def model(size: Size, **config: Any) -> Any:
    """A MarianMTModel with random weights from a fixed seed; needs torch.

    The last token is the pad token, token 0 the end token. config: further arguments of
    ``MarianConfig``.
    """
    import torch
    from transformers import MarianConfig, MarianMTModel

    torch.manual_seed(1)
    pad = size.vocabulary - 1
    return MarianMTModel(
        MarianConfig(
            vocab_size=size.vocabulary,
            d_model=size.width,
            encoder_layers=size.layers,
            decoder_layers=size.layers,
            encoder_attention_heads=size.heads,
            decoder_attention_heads=size.heads,
            encoder_ffn_dim=size.feed_forward,
            decoder_ffn_dim=size.feed_forward,
            activation_function="swish",
            scale_embedding=True,
            max_position_embeddings=512,
            pad_token_id=pad,
            decoder_start_token_id=pad,
            eos_token_id=0,
            bos_token_id=None,
            forced_eos_token_id=None,
            **config,
        )
    )


def write(size: Size, folder: Path) -> None:
    """Write config.json, vocab.json and model.safetensors in the hub's layout; needs torch."""
    import torch

    pad = size.vocabulary - 1
    made = model(size)
    with torch.no_grad():
        made.model.shared.weight[pad] = 0
    made.save_pretrained(folder)
    pieces = ["</s>", "<unk>", *(f"p{i}" for i in range(2, pad)), "<pad>"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(numbers), "utf-8")
