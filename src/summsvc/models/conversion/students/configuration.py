"""Configuration of a student model: the item ``special:model.yml`` of its model file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]

from summsvc.errors import ModelBrokenError, ModelUnavailableError

ITEM = "special:model.yml"

MAX_BYTES = 100_000
"""Largest configuration in bytes. Published ones have about 2,000."""

MAX_LAYERS = 64
MAX_WIDTH = 16_384
MAX_WORDS = 1_000_000

MAX_SHOWN = 200
"""Most characters of a declared value in a message."""

_ALIAS = re.compile(r"(?:^|[\s,:\[{-])\*[^\s,\[\]{}]")
"""An alias of YAML. Nested aliases grow to any size; published configurations have none."""

LAST = "last"

SUPPORTED: Mapping[str, tuple[Any, ...]] = {
    "type": ("transformer",),
    "transformer-decoder-autoreg": ("rnn",),
    "dec-cell": ("ssru",),
    "transformer-preprocess": ("",),
    "transformer-postprocess": ("dan",),
    "transformer-postprocess-emb": ("d", ""),
    "transformer-ffn-activation": ("relu",),
    "transformer-ffn-depth": (2,),
}
"""Settings that the model file has to declare, and the values that are supported."""

DISABLED: Mapping[str, tuple[Any, ...]] = {
    "factors-combine": ("sum", ""),
    "input-types": ([],),
    "layer-normalization": (False,),
    "lemma-dim-emb": (0,),
    "output-omit-bias": (False,),
    "right-left": (False,),
    "transformer-decoder-dim-ffn": (0,),
    "transformer-no-projection": (False,),
    "transformer-pool": (False,),
    "transformer-postprocess-top": ("",),
    "transformer-tied-layers": ([],),
    "transformer-train-position-embeddings": (False,),
    "transformer-train-positions": (False,),
    "ulr": (False,),
}
"""Settings that, where declared, have to have one of these values."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Sizes of a student.

    source_words, target_words: rows of the embedding matrices. inner: width of the
    feed-forward layers. source_embeddings, target_embeddings: names of the matrices; the
    output layer uses the second. alignment_layer: index from 0 of the decoder layer whose first
    cross-attention head was trained as the word alignment.
    """

    source_words: int
    target_words: int
    width: int
    inner: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    source_embeddings: str
    target_embeddings: str
    alignment_layer: int

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


def parse(text: bytes) -> Configuration:
    """Read a configuration.

    text: the item's data, with the zero byte at its end. Raises ModelBrokenError when it cannot
    be parsed or has sizes out of range, ModelUnavailableError when the model has a part that is
    not supported; the message names the setting.
    """
    declared = _load(text)
    for name, values in {**SUPPORTED, **DISABLED}.items():
        if name not in declared and name in DISABLED:
            continue
        value = declared.get(name, "(not declared)")
        if value not in values:
            supported = " or ".join(repr(each) for each in values)
            raise ModelUnavailableError(
                f"the student has {name}: {_shown(value)}, and only {supported} is supported"
            )
    shared = bool(declared.get("tied-embeddings-all") or declared.get("tied-embeddings-src"))
    if not declared.get("tied-embeddings-all") and not declared.get("tied-embeddings"):
        raise ModelUnavailableError(
            "the student has an output matrix of its own; only tied-embeddings or "
            "tied-embeddings-all is supported"
        )
    words = declared.get("dim-vocabs")
    if not isinstance(words, list) or len(words) != 2:
        raise ModelBrokenError(f"{ITEM}: dim-vocabs has to name two sizes")
    layers = _size(declared, "dec-depth", MAX_LAYERS)
    result = Configuration(
        source_words=_size({"dim-vocabs": words[0]}, "dim-vocabs", MAX_WORDS),
        target_words=_size({"dim-vocabs": words[1]}, "dim-vocabs", MAX_WORDS),
        width=_size(declared, "dim-emb", MAX_WIDTH),
        inner=_size(declared, "transformer-dim-ffn", MAX_WIDTH),
        heads=_size(declared, "transformer-heads", MAX_WIDTH),
        encoder_layers=_size(declared, "enc-depth", MAX_LAYERS),
        decoder_layers=layers,
        source_embeddings="Wemb" if shared else "encoder_Wemb",
        target_embeddings="Wemb" if shared else "decoder_Wemb",
        alignment_layer=_alignment_layer(declared, layers),
    )
    if result.width % result.heads or result.width % 2:
        raise ModelBrokenError(
            f"{ITEM}: the width {result.width} is odd or not divisible by {result.heads} heads"
        )
    if shared and result.source_words != result.target_words:
        raise ModelBrokenError(f"{ITEM}: one embedding matrix for vocabularies of different sizes")
    return result


def _load(text: bytes) -> Mapping[str, Any]:
    if len(text) > MAX_BYTES:
        raise ModelBrokenError(f"{ITEM} has more than {MAX_BYTES} bytes")
    try:
        content = text.rstrip(b"\0").decode("utf-8")
        aliased = _ALIAS.search(content) is not None
        declared = {} if aliased else yaml.safe_load(content)
    # Besides YAMLError, the constructors of tagged values raise errors of many kinds.
    except Exception as error:
        raise ModelBrokenError(f"{ITEM} is not YAML", detail=str(error)) from error
    if aliased:
        raise ModelBrokenError(f"{ITEM} has an alias")
    if not isinstance(declared, dict):
        raise ModelBrokenError(f"{ITEM} is not a mapping of settings")
    return declared


def _size(declared: Mapping[str, Any], name: str, most: int) -> int:
    value = declared.get(name)
    if type(value) is not int or not 1 <= value <= most:
        raise ModelBrokenError(f"{ITEM}: {name} is {_shown(value)}, not a number from 1 to {most}")
    return value


def _alignment_layer(declared: Mapping[str, Any], layers: int) -> int:
    """Index of ``transformer-guided-alignment-layer``, which counts from 1 or is "last"."""
    name = "transformer-guided-alignment-layer"
    value = declared.get(name, LAST)
    if value == LAST:
        return layers - 1
    # As many digits as MAX_LAYERS has.
    is_number = isinstance(value, str) and value.isdecimal() and len(value) <= 2
    return _size({name: int(value) if is_number else value}, name, layers) - 1


def _shown(value: object) -> str:
    """A declared value for a message."""
    try:
        return repr(value)[:MAX_SHOWN]
    except ValueError:
        # Python does not write integers of thousands of digits.
        return "a number of thousands of digits"
