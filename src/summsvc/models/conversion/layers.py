"""The layers of an encoder-decoder Transformer: tensors to CTranslate2's specification.

Architectures differ in the names of their tensors, which a ``LayerNames`` lists, in biases and in
gates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from summsvc.engines.declared import Declared
from summsvc.engines.limits import MAX_POSITIONS
from summsvc.errors import ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion.weights import Weights

METHOD = "tensors mapped"
"""``method`` of a conversion in the manifest."""

MAX_LAYERS = 1 << 8
"""Most layers of an encoder or decoder; large models have tens."""

MAX_HEADS = 1 << 10
"""Most attention heads of a layer; large models have tens."""

_ACTIVATIONS = {
    "gelu": "GELU",
    "gelu_new": "GELUTanh",
    "relu": "RELU",
    "silu": "SWISH",
    "swish": "SWISH",
}
"""CTranslate2's names by those of transformers."""


@dataclass(frozen=True, slots=True)
class LayerNames:
    """Names of a layer's tensors, without the name of the layer before them.

    projections: of query, key, value and output, below an attention. gate: the second input
    matrix of a gated feed-forward network (Shazeer 2020, "GLU variants improve Transformer"), or
    "". biases: whether projections and normalizations have biases.
    """

    self_attention: str
    self_attention_norm: str
    cross_attention: str
    cross_attention_norm: str
    inner: str
    outer: str
    norm: str
    projections: tuple[str, str, str, str]
    biases: bool
    gate: str = ""


BART = LayerNames(
    self_attention="self_attn",
    self_attention_norm="self_attn_layer_norm",
    cross_attention="encoder_attn",
    cross_attention_norm="encoder_attn_layer_norm",
    inner="fc1",
    outer="fc2",
    norm="final_layer_norm",
    projections=("q_proj", "k_proj", "v_proj", "out_proj"),
    biases=True,
)
"""The names of BART's layers, which Marian's have too."""

BART_EMBEDDINGS = (
    "model.shared.weight",
    "model.encoder.embed_tokens.weight",
    "model.decoder.embed_tokens.weight",
    "lm_head.weight",
)
"""The names under which a file may store BART's or Marian's only matrix of embeddings."""


@dataclass(frozen=True, slots=True)
class BartSizes:
    """Sizes of BART's architecture, which is also Marian's. rows: of the embeddings.

    positions: that the position table is for.
    """

    width: int
    rows: int
    positions: int
    scale_embedding: bool
    feed_forward: Mapping[str, int]

    @staticmethod
    def of(config: Declared) -> BartSizes:
        """Read config.json. Raises ModelBrokenError."""
        return BartSizes(
            width=config.integer("d_model", 1),
            rows=config.integer("vocab_size", 1),
            positions=config.integer("max_position_embeddings", 1, MAX_POSITIONS),
            scale_embedding=bool(config.find_flag("scale_embedding")),
            feed_forward={
                side: config.integer(f"{side}_ffn_dim", 1) for side in ("encoder", "decoder")
            },
        )

    @property
    def scale(self) -> float:
        """What embeddings are multiplied by."""
        return float(self.width) ** 0.5 if self.scale_embedding else 1.0


def bart_spec(config: Declared, *, layernorm_embedding: bool) -> Any:
    """The empty specification of BART's architecture, which is also Marian's.

    config: config.json. layernorm_embedding: whether embeddings are normalized. Raises
    ModelBrokenError.
    """
    from ctranslate2.specs import TransformerSpec

    heads = config.integer("encoder_attention_heads", 1, MAX_HEADS)
    if config.integer("d_model", 1) % heads:
        raise ModelBrokenError("config.json: encoder_attention_heads does not divide d_model")
    return TransformerSpec.from_config(
        (
            config.integer("encoder_layers", 1, MAX_LAYERS),
            config.integer("decoder_layers", 1, MAX_LAYERS),
        ),
        heads,
        pre_norm=False,
        activation=activation(config.text("activation_function")),
        layernorm_embedding=layernorm_embedding,
    )


def fill_output_bias(spec: Any, weights: Weights, rows: int, size: int) -> None:
    """Set the bias of BART's or Marian's output layer, unless it is missing or zero.

    rows: of the file's vocabulary, the first ``size`` of which are used.
    """
    if "final_logits_bias" in weights:
        bias = weights.get("final_logits_bias", 1, rows)
        if bias.any():
            spec.decoder.projection.bias = bias.reshape(-1)[:size]


def activation(name: str) -> Any:
    """CTranslate2's activation function. Raises ModelUnavailableError for an unknown one."""
    from ctranslate2.specs.common_spec import Activation

    if name not in _ACTIVATIONS:
        raise ModelUnavailableError(
            f"the activation function {name[:80]} is not supported, only {', '.join(_ACTIVATIONS)}"
        )
    return getattr(Activation, _ACTIVATIONS[name])


@dataclass(frozen=True, slots=True)
class LayerMapper:
    """Sets the tensors of layers in a specification.

    width: of the model. attention: width of all attention heads together. Its methods raise
    ModelBrokenError when a tensor is missing, has another shape or is not finite.
    """

    weights: Weights
    names: LayerNames
    width: int
    attention: int
    feed_forward: int

    def layer(self, spec: Any, name: str, *, decoder: bool) -> None:
        """Set all tensors of the layer called ``name``."""
        names = self.names
        own = f"{name}.{names.self_attention}"
        self._attention(spec.self_attention, own, (("q", "k", "v"),))
        self.norm(spec.self_attention.layer_norm, f"{name}.{names.self_attention_norm}")
        if decoder:
            cross = f"{name}.{names.cross_attention}"
            self._attention(spec.attention, cross, (("q",), ("k", "v")))
            self.norm(spec.attention.layer_norm, f"{name}.{names.cross_attention_norm}")
        ffn = spec.ffn
        self._linear(ffn.linear_0, (f"{name}.{names.inner}",), self.feed_forward, self.width)
        if names.gate:
            gate = (f"{name}.{names.gate}",)
            self._linear(ffn.linear_0_noact, gate, self.feed_forward, self.width)
        self._linear(ffn.linear_1, (f"{name}.{names.outer}",), self.width, self.feed_forward)
        self.norm(ffn.layer_norm, f"{name}.{names.norm}")

    def norm(self, spec: Any, name: str) -> None:
        """Set a normalization."""
        spec.gamma = self.weights.get(f"{name}.weight", self.width)
        if self.names.biases:
            spec.beta = self.weights.get(f"{name}.bias", self.width)

    def _attention(self, spec: Any, name: str, groups: tuple[tuple[str, ...], ...]) -> None:
        """Concatenate the projections of each group; cross-attention keeps the query separate."""
        projections = dict(zip("qkvo", self.names.projections, strict=True))
        for linear, group in zip(spec.linear, groups, strict=False):
            parts = tuple(f"{name}.{projections[part]}" for part in group)
            self._linear(linear, parts, self.attention, self.width)
        self._linear(spec.linear[-1], (f"{name}.{projections['o']}",), self.width, self.attention)

    def _linear(self, spec: Any, names: tuple[str, ...], outputs: int, inputs: int) -> None:
        """Set one matrix with its bias, or several of the same shape below each other."""
        kinds: dict[str, tuple[int, ...]] = {"weight": (outputs, inputs)}
        if self.names.biases:
            kinds["bias"] = (outputs,)
        for kind, shape in kinds.items():
            parts = [self.weights.get(f"{name}.{kind}", *shape) for name in names]
            setattr(spec, kind, np.concatenate(parts) if len(parts) > 1 else parts[0])


def copy_before_quantization(description: Any) -> None:
    """Let CTranslate2's quantizer, which changes arrays in place, copy read-only arrays first.

    description: a validated specification. Each copy exists only while it is quantized.
    """
    from ctranslate2.specs.model_spec import NumpyVariable

    class Copied(NumpyVariable):  # type: ignore[misc]
        """A variable whose array is mapped from a file."""

        def numpy(self) -> Any:
            return self.array if self.array.flags.writeable else self.array.copy()

    def replace(spec: Any, name: str, value: Any) -> None:
        if isinstance(value, NumpyVariable) and not value.array.flags.writeable:
            setattr(spec, name.rpartition("/")[2], Copied(value.array))

    description._visit(replace)
