"""Conversion of Marian checkpoints to a CTranslate2 model specification, without torch.

The result equals, array for array, the result of CTranslate2's torch-based converter.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from summsvc.engines.declared import Declared
from summsvc.engines.limits import declared_limit, input_limit, output_positions
from summsvc.engines.tokenizer import TokenFraming
from summsvc.errors import ModelBrokenError
from summsvc.models.conversion import layers
from summsvc.models.conversion.weights import Weights

MAX_PAD_VALUE = 1e-3
"""Largest absolute value of an embedding that counts as zero, including float16 rounding."""

DEFAULT_MAX_TOKENS = 512
"""Input limit of a Marian tokenizer that declares none, in tokens, as in transformers."""

TOKENIZER_FILES = ("source.spm", "target.spm")


def load_spec(source: Path, config: Declared) -> Any:
    """The CTranslate2 specification of the checkpoint in ``source``.

    config: its config.json. Raises ModelBrokenError when the configuration is wrong, or tensors
    are missing, not finite, or not of the shapes that the configuration requires.
    """
    spec = layers.bart_spec(config, layernorm_embedding=False)
    vocabulary = _load_vocabulary(source)
    _fill(spec, layers.BartSizes.of(config), Weights(source), len(vocabulary))
    spec.config.eos_token = "</s>"
    spec.config.unk_token = "<unk>"
    spec.config.decoder_start_token = "</s>"
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    return spec


def write_tokenizer(source: Path, target: Path, config: Declared) -> None:
    """Write the files that ``Tokenizer`` loads beside the converted model."""
    token_framing(source, config).save(target)
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def token_framing(source: Path, config: Declared) -> TokenFraming:
    """The token framing of every Marian model: the end marker after the input, nothing else.

    Raises ModelBrokenError.
    """
    declared = Declared.load(source / "tokenizer_config.json", optional=True)
    return TokenFraming(
        before=(),
        after=("</s>",),
        first=(),
        start="</s>",
        end="</s>",
        special=("</s>", "<unk>", "<pad>"),
        split=TOKENIZER_FILES,
        max_input_tokens=input_limit(config, declared_limit(declared) or DEFAULT_MAX_TOKENS),
        positions=output_positions(config),
    )


def _load_vocabulary(source: Path) -> list[str]:
    """Tokens in the order of their ids, without the <pad> that transformers adds at the end."""
    declared = Declared.load(source / "vocab.json")
    numbers = {piece: declared.integer(piece) for piece in declared.values}
    pieces = sorted(numbers, key=numbers.__getitem__)
    if not pieces or [numbers[piece] for piece in pieces] != list(range(len(pieces))):
        raise ModelBrokenError("vocab.json does not number its tokens from 0 without gaps")
    return pieces[:-1] if pieces[-1] == "<pad>" else pieces


def _fill(spec: Any, sizes: layers.BartSizes, weights: Weights, size: int) -> None:
    """Set all tensors. size: of the vocabulary, without <pad>."""
    width, rows, places = sizes.width, sizes.rows, sizes.positions
    if size > rows:
        raise ModelBrokenError(f"vocab.json has {size} tokens, but vocab_size is {rows}")
    shared = weights.first(layers.BART_EMBEDDINGS, rows, width)
    if np.abs(shared[size:]).max(initial=0.0) > MAX_PAD_VALUE:
        raise ModelBrokenError(
            "the embedding of <pad> is not zero, but converted models start from zeros, so "
            "their output would differ from the checkpoint's"
        )

    def tied(name: str) -> Any:
        return (weights.get(name, rows, width) if name in weights else shared)[:size]

    for side, part in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        name = f"model.{side}"
        part.scale_embeddings = sizes.scale
        positions = f"{name}.embed_positions.weight"
        part.position_encodings.encodings = (
            weights.get(positions, places, width)
            if positions in weights
            else sinusoids(places, width)
        )
        decoder = side == "decoder"
        embeddings = part.embeddings if decoder else part.embeddings[0]
        embeddings.weight = tied(f"{name}.embed_tokens.weight")
        mapper = layers.LayerMapper(weights, layers.BART, width, width, sizes.feed_forward[side])
        for number, layer in enumerate(part.layer):
            mapper.layer(layer, f"{name}.layers.{number}", decoder=decoder)
    spec.decoder.start_from_zero_embedding = True
    spec.decoder.projection.weight = tied("lm_head.weight")
    layers.fill_output_bias(spec, weights, rows, size)


def sinusoids(positions: int, width: int) -> npt.NDArray[np.float32]:
    """Position encodings of shape (positions, width): sines, then cosines, in Marian's layout.

    Vaswani et al. 2017, "Attention is all you need", section 3.5.
    """
    columns = np.arange(width) // 2 * 2 / width
    angles = np.arange(positions)[:, None] / np.power(10000.0, columns)[None, :]
    return np.concatenate([np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])], 1).astype(np.float32)
