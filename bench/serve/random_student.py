"""Students of a given size in the published form, whose outputs depend on the position only."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import torch
from sentencepiece import SentencePieceProcessor

from bench.serve.wanted import OUTPUT_TOKENS, distinct
from tests.checkpoints.student_files import write_model, write_shortlist
from tests.checkpoints.student_network import Network, Sizes

VOCABULARY = 32_000
LIKELY = 50
SIZES: dict[str, Sizes] = {
    "student-base": Sizes(VOCABULARY, VOCABULARY, dim=512, ffn=2048, encoder=6, decoder=2),
    "student-base-memory": Sizes(VOCABULARY, VOCABULARY, dim=384, ffn=1536, encoder=6, decoder=4),
    "student-tiny": Sizes(VOCABULARY, VOCABULARY, dim=256, ffn=1536, encoder=6, decoder=2),
}
"""Sizes of published students: mozilla/translations, pipeline/train/configs/model."""

SMALL = 0.01
"""Factor of weights that must not decide the output."""


def write(name: str, folder: Path, *, like: Path) -> None:
    """Write a student whose every output has the same ``OUTPUT_TOKENS`` tokens.

    For the reason see ``models.write``. The decoder's layers add little to the position signal,
    so that the last layer is the normalized signal; the output matrix is fitted to it. The
    amount of arithmetic is that of any student of this size. like: folder of a student whose
    vocabulary is used; the model's further words have no text.
    """
    sizes = SIZES[name]
    (vocabulary,) = like.glob("vocab.*.spm")
    shutil.copyfile(vocabulary, folder / vocabulary.name)
    torch.manual_seed(1)
    network = Network(sizes)
    processor = SentencePieceProcessor(model_file=str(vocabulary))
    wanted = [*map(processor.piece_to_id, distinct(vocabulary)), 0]
    with torch.no_grad():
        for key, weight in network.weights.items():
            if key.startswith("decoder_") and key.endswith(("_Wo", "_W2", "_W")):
                weight *= SMALL
        network.weights["Wemb"] *= SMALL**2
        signal = _signal(sizes.dim)
        shares = (signal - signal.mean(0)) / math.sqrt(sizes.dim)
        network.weights["Wemb"][wanted] = SMALL * shares
        # Logits of about sqrt(dim) make the model sure of its output.
        network.weights[f"decoder_l{sizes.decoder}_ffn_ffn_ln_scale"] /= SMALL
        chooser = np.random.default_rng(1)
        source = torch.from_numpy(chooser.integers(2, 900, (16, OUTPUT_TOKENS)))
        network(source, torch.ones(source.shape), torch.tensor([wanted]).expand(16, -1))
    scales = {key: 127 / max(values) for key, values in network.largest.items()}
    weights = {key: weight.detach().numpy() for key, weight in network.weights.items()}
    write_model(folder / "model.enru.intgemm.alphas.bin", sizes, weights, scales)
    others = chooser.integers(2, sizes.target, (sizes.source, LIKELY - len(wanted)))
    likely = [[*wanted, *row] for row in others.tolist()]
    write_shortlist(folder / "lex.50.50.enru.s2t.bin", likely)


def _signal(dim: int) -> torch.Tensor:
    """The normalized position signal of each output token, [tokens, dim]."""
    rates = torch.exp(torch.arange(dim // 2) * (-math.log(10_000) / (dim // 2 - 1)))
    angles = torch.arange(OUTPUT_TOKENS)[:, None] * rates
    return torch.nn.functional.layer_norm(torch.cat([angles.sin(), angles.cos()], 1), (dim,))
