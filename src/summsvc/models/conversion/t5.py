"""Conversion of T5 and mT5 checkpoints to a CTranslate2 model specification, without torch.

T5: Raffel et al. 2020, https://jmlr.org/papers/v21/20-074.html; mT5 and T5 1.1 have gated
feed-forward networks and an output layer of their own (Xue et al. 2021,
https://aclanthology.org/2021.naacl-main.41).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from summsvc.engines.declared import Declared
from summsvc.models.conversion import hub_tokenizer, layers, special_tokens
from summsvc.models.conversion.weights import Weights

BUCKETS = 32
"""Distances in tokens with an attention bias of their own, where config.json has no number."""

MAX_DISTANCE = 128
"""Distance in tokens from which the attention bias is constant, where config.json has none."""

_TIED = ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
_OUTPUT = "lm_head.weight"


def load_spec(source: Path, config: Declared) -> Any:
    """The CTranslate2 specification of the checkpoint in ``source``.

    config: its config.json. Raises ModelBrokenError when the configuration is wrong, or tensors
    are missing, not finite, or not of the shapes that the configuration requires.
    """
    from ctranslate2.specs import TransformerSpec

    kind, gated = _feed_forward(config)
    count = config.integer("num_layers", 1, layers.MAX_LAYERS)
    decoder_count = config.find_integer("num_decoder_layers", 1, layers.MAX_LAYERS)
    spec = TransformerSpec.from_config(
        (count, decoder_count or count),
        config.integer("num_heads", 1, layers.MAX_HEADS),
        pre_norm=True,
        activation=layers.activation(kind),
        ffn_glu=gated,
        relative_attention_bias=True,
        rms_norm=True,
    )
    _fill(spec, config, Weights(source), gated=gated)
    tokenizer = hub_tokenizer.load_t5(source)
    special_tokens.describe(spec, tokenizer, source, config, bos="pad")
    return spec


def write_tokenizer(source: Path, target: Path, config: Declared) -> None:
    """Write the files that ``Tokenizer`` loads beside the converted model."""
    tokenizer = hub_tokenizer.load_t5(source)
    after = (tokenizer.tokens["eos"],)
    framing = special_tokens.framing(tokenizer, source, config, before=(), after=after)
    tokenizer.save(target, framing)


def _feed_forward(config: Declared) -> tuple[str, bool]:
    """Activation function of the feed-forward networks, and whether they are gated."""
    gate, _, kind = (config.find_text("feed_forward_proj") or "relu").rpartition("-")
    # T5 1.1 calls the approximation of GELU by tanh "gated-gelu".
    return ("gelu_new" if (gate, kind) == ("gated", "gelu") else kind), gate == "gated"


def _has_tied_output(config: Declared) -> bool:
    """Whether outputs are computed from the scaled embedding, as in the first T5."""
    tied = config.find_flag("tie_word_embeddings")
    return config.text("model_type") == "t5" and tied is not False


def _names(*, decoder: bool, gated: bool) -> layers.LayerNames:
    last = f"layer.{2 if decoder else 1}"
    names = layers.LayerNames(
        self_attention="layer.0.SelfAttention",
        self_attention_norm="layer.0.layer_norm",
        cross_attention="layer.1.EncDecAttention",
        cross_attention_norm="layer.1.layer_norm",
        inner=f"{last}.DenseReluDense.wi",
        outer=f"{last}.DenseReluDense.wo",
        norm=f"{last}.layer_norm",
        projections=("q", "k", "v", "o"),
        biases=False,
    )
    return replace(names, inner=f"{names.inner}_0", gate=f"{names.inner}_1") if gated else names


def _fill(spec: Any, config: Declared, weights: Weights, *, gated: bool) -> None:
    width, rows = config.integer("d_model", 1), config.integer("vocab_size", 1)
    heads, feed_forward = config.integer("num_heads", 1), config.integer("d_ff", 1)
    heads_width = heads * config.integer("d_kv", 1)
    shared = weights.first(_TIED, rows, width)
    buckets = config.find_integer("relative_attention_num_buckets", 1) or BUCKETS
    distance = np.int32(config.find_integer("relative_attention_max_distance", 1) or MAX_DISTANCE)
    for side, part in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        decoder = side == "decoder"
        names = _names(decoder=decoder, gated=gated)
        mapper = layers.LayerMapper(weights, names, width, heads_width, feed_forward)
        part.scale_embeddings = False
        (part.embeddings if decoder else part.embeddings[0]).weight = shared
        mapper.norm(part.layer_norm, f"{side}.final_layer_norm")
        # The first layer's bias serves all layers of its side.
        first = f"{side}.block.0.{names.self_attention}.relative_attention_bias.weight"
        bias = weights.get(first, buckets, heads)
        for number, layer in enumerate(part.layer):
            mapper.layer(layer, f"{side}.block.{number}", decoder=decoder)
            layer.self_attention.relative_attention_bias = bias
            layer.self_attention.relative_attention_max_distance = distance
            for attention in (layer.self_attention, *((layer.attention,) if decoder else ())):
                attention.queries_scale = 1.0
    if _has_tied_output(config):
        spec.decoder.projection.weight = shared
        spec.decoder.scale_outputs = width**-0.5
    else:
        spec.decoder.projection.weight = weights.first((_OUTPUT, *_TIED), rows, width)
