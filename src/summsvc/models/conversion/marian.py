"""Conversion of Marian checkpoints to a CTranslate2 model specification, without torch.

The result equals, array for array, the result of CTranslate2's torch-based converter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from summsvc.engines.limits import input_limit, output_positions
from summsvc.engines.tokenizer import TokenFraming
from summsvc.errors import ModelBrokenError

Array = npt.NDArray[Any]

MAX_PAD_VALUE = 1e-3
"""Largest absolute value of an embedding that counts as zero, including float16 rounding."""

DEFAULT_MAX_TOKENS = 512
"""Input limit of a Marian tokenizer that declares none, in tokens, as in transformers."""

_TIED = (
    "model.shared.weight",
    "model.encoder.embed_tokens.weight",
    "model.decoder.embed_tokens.weight",
    "lm_head.weight",
)

_ACTIVATIONS = {"swish": "SWISH", "silu": "SWISH", "relu": "RELU", "gelu": "GELU"}


def load_spec(source: Path, config: Mapping[str, Any]) -> Any:
    """The CTranslate2 specification of the checkpoint in ``source``.

    config: its config.json. Raises ModelBrokenError when tensors are missing, not finite, or
    not of the shapes that the configuration requires.
    """
    tensors = _load_tensors(source / "model.safetensors")
    _validate_shapes(config, tensors)
    return build_spec(config, tensors, _load_vocabulary(source))


def token_framing(source: Path, config: Mapping[str, Any]) -> TokenFraming:
    """The token framing of every Marian model: the end marker after the input, nothing else."""
    path = source / "tokenizer_config.json"
    declared = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return TokenFraming(
        before=(),
        after=("</s>",),
        first=(),
        start="</s>",
        end="</s>",
        special=("</s>", "<unk>", "<pad>"),
        split=("source.spm", "target.spm"),
        max_input_tokens=input_limit(config, declared.get("model_max_length", DEFAULT_MAX_TOKENS)),
        positions=output_positions(config),
    )


def _load_tensors(path: Path) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ModelBrokenError(f"{path.name} cannot be read: {error}") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ModelBrokenError(f"{path.name}: tensor {name} has values that are not finite")
    return tensors


def _validate_shapes(config: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    width, words = config["d_model"], config["vocab_size"]
    inner = {side: config[f"{side}_ffn_dim"] for side in ("encoder", "decoder")}
    for name, tensor in tensors.items():
        side = "encoder" if ".encoder." in name else "decoder"
        part, _, kind = name.removeprefix("model.").rpartition(".")
        matrix = kind == "weight"
        if name == "final_logits_bias":
            expected: tuple[int, ...] = (1, words)
        elif name in _TIED:
            expected = (words, width)
        elif part.endswith("embed_positions"):
            expected = (config["max_position_embeddings"], width)
        elif part.endswith("fc1"):
            expected = (inner[side], width) if matrix else (inner[side],)
        elif part.endswith("fc2"):
            expected = (width, inner[side]) if matrix else (width,)
        elif part.endswith("_proj"):
            expected = (width, width) if matrix else (width,)
        else:
            expected = (width,)
        if tensor.shape != expected:
            raise ModelBrokenError(
                f"tensor {name} has the shape {tensor.shape}; the configuration requires {expected}"
            )


def _load_vocabulary(source: Path) -> list[str]:
    """Tokens in the order of their ids, without the <pad> that transformers adds at the end."""
    numbers: dict[str, int] = json.loads((source / "vocab.json").read_text("utf-8"))
    pieces = sorted(numbers, key=numbers.__getitem__)
    return pieces[:-1] if pieces[-1] == "<pad>" else pieces


def build_spec(
    config: Mapping[str, Any], tensors: Mapping[str, Array], vocabulary: list[str]
) -> Any:
    """A CTranslate2 specification with the tensors of a Marian model.

    config: the checkpoint's config.json. tensors: by their names in model.safetensors. vocabulary:
    tokens in the order of their ids. Raises ModelBrokenError when a tensor is missing.
    """
    from ctranslate2.specs import TransformerSpec
    from ctranslate2.specs.common_spec import Activation

    spec = TransformerSpec.from_config(
        (config["encoder_layers"], config["decoder_layers"]),
        config["encoder_attention_heads"],
        pre_norm=False,
        activation=getattr(Activation, _ACTIVATIONS[config["activation_function"]]),
        layernorm_embedding=False,
    )
    try:
        _fill(spec, config, tensors, len(vocabulary))
    except KeyError as error:
        raise ModelBrokenError(f"the checkpoint has no tensor {error}") from error
    spec.config.eos_token = "</s>"
    spec.config.unk_token = "<unk>"
    spec.config.decoder_start_token = "</s>"
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    return spec


def _fill(spec: Any, config: Mapping[str, Any], tensors: Mapping[str, Array], size: int) -> None:
    # A file stores one of the tied matrices, under the name that its writer visited first.
    shared = tensors[next((name for name in _TIED if name in tensors), _TIED[0])]
    if np.abs(shared[size:]).max(initial=0.0) > MAX_PAD_VALUE:
        raise ModelBrokenError(
            "the embedding of <pad> is not zero, but converted models start from zeros, so "
            "their output would differ from the checkpoint's"
        )
    scale = float(config["d_model"]) ** 0.5 if config.get("scale_embedding") else 1.0
    positions = sinusoids(config["max_position_embeddings"], config["d_model"])
    for side, part in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        name = f"model.{side}"
        part.scale_embeddings = scale
        part.position_encodings.encodings = tensors.get(f"{name}.embed_positions.weight", positions)
        embeddings = tensors.get(f"{name}.embed_tokens.weight", shared)[:size]
        if side == "encoder":
            part.embeddings[0].weight = embeddings
        else:
            part.embeddings.weight = embeddings
        for number, layer in enumerate(part.layer):
            _fill_layer(layer, f"{name}.layers.{number}", tensors, decoder=side == "decoder")
    spec.decoder.start_from_zero_embedding = True
    spec.decoder.projection.weight = tensors.get("lm_head.weight", shared)[:size]
    bias = tensors.get("final_logits_bias")
    if bias is not None and bias.any():
        spec.decoder.projection.bias = bias.reshape(-1)[:size]


def _fill_layer(layer: Any, name: str, tensors: Mapping[str, Array], *, decoder: bool) -> None:
    _fill_attention(layer.self_attention, f"{name}.self_attn", tensors, own=True)
    _fill_norm(layer.self_attention.layer_norm, f"{name}.self_attn_layer_norm", tensors)
    if decoder:
        _fill_attention(layer.attention, f"{name}.encoder_attn", tensors, own=False)
        _fill_norm(layer.attention.layer_norm, f"{name}.encoder_attn_layer_norm", tensors)
    for linear, part in ((layer.ffn.linear_0, "fc1"), (layer.ffn.linear_1, "fc2")):
        linear.weight = tensors[f"{name}.{part}.weight"]
        linear.bias = tensors[f"{name}.{part}.bias"]
    _fill_norm(layer.ffn.layer_norm, f"{name}.final_layer_norm", tensors)


def _fill_attention(spec: Any, name: str, tensors: Mapping[str, Array], *, own: bool) -> None:
    """Concatenate query, key and value; in cross-attention, keep the query separate."""
    groups = (("q", "k", "v"),) if own else (("q",), ("k", "v"))
    for linear, group in zip(spec.linear, groups, strict=False):
        for kind in ("weight", "bias"):
            parts = [tensors[f"{name}.{part}_proj.{kind}"] for part in group]
            setattr(linear, kind, np.concatenate(parts))
    spec.linear[-1].weight = tensors[f"{name}.out_proj.weight"]
    spec.linear[-1].bias = tensors[f"{name}.out_proj.bias"]


def _fill_norm(spec: Any, name: str, tensors: Mapping[str, Array]) -> None:
    spec.gamma = tensors[f"{name}.weight"]
    spec.beta = tensors[f"{name}.bias"]


def sinusoids(positions: int, width: int) -> npt.NDArray[np.float32]:
    """Position encodings of shape (positions, width): sines, then cosines, in Marian's layout.

    Vaswani et al. 2017, "Attention is all you need", section 3.5.
    """
    columns = np.arange(width) // 2 * 2 / width
    angles = np.arange(positions)[:, None] / np.power(10000.0, columns)[None, :]
    return np.concatenate([np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])], 1).astype(np.float32)
