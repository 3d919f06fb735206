"""Conversion of BART checkpoints to a CTranslate2 model specification, without torch.

The result equals, array for array, the result of CTranslate2's torch-based converter.
BART: Lewis et al. 2020, https://aclanthology.org/2020.acl-main.703.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from summsvc.engines.declared import Declared
from summsvc.models.conversion import hub_tokenizer, layers, special_tokens
from summsvc.models.conversion.weights import Weights

POSITION_OFFSET = 2
"""Rows of the position table before that of the first position."""


def load_spec(source: Path, config: Declared) -> Any:
    """The CTranslate2 specification of the checkpoint in ``source``.

    config: its config.json. Raises ModelBrokenError when the configuration is wrong, or tensors
    are missing, not finite, or not of the shapes that the configuration requires.
    """
    spec = layers.bart_spec(config, layernorm_embedding=True)
    _fill(spec, layers.BartSizes.of(config), Weights(source))
    tokenizer = hub_tokenizer.load_bart(source)
    special_tokens.describe(spec, tokenizer, source, config, bos="bos")
    return spec


def write_tokenizer(source: Path, target: Path, config: Declared) -> None:
    """Write the files that ``Tokenizer`` loads beside the converted model."""
    tokenizer = hub_tokenizer.load_bart(source)
    before, after = (tokenizer.tokens["cls"],), (tokenizer.tokens["sep"],)
    framing = special_tokens.framing(tokenizer, source, config, before=before, after=after)
    tokenizer.save(target, framing)


def _fill(spec: Any, sizes: layers.BartSizes, weights: Weights) -> None:
    width, rows = sizes.width, sizes.rows
    shared = weights.first(layers.BART_EMBEDDINGS, rows, width)
    places = sizes.positions + POSITION_OFFSET
    for side, part in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        name = f"model.{side}"
        part.scale_embeddings = sizes.scale
        positions = weights.get(f"{name}.embed_positions.weight", places, width)
        part.position_encodings.encodings = positions[POSITION_OFFSET:]
        decoder = side == "decoder"
        (part.embeddings if decoder else part.embeddings[0]).weight = shared
        mapper = layers.LayerMapper(weights, layers.BART, width, width, sizes.feed_forward[side])
        mapper.norm(part.layernorm_embedding, f"{name}.layernorm_embedding")
        for number, layer in enumerate(part.layer):
            mapper.layer(layer, f"{name}.layers.{number}", decoder=decoder)
    spec.decoder.projection.weight = shared
    layers.fill_output_bias(spec, weights, rows, rows)
