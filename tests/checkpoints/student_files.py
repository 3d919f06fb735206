"""Writes a student's files in the published binary form.

Model file: mozilla/translations, inference/marian-fork/src/common/binary.cpp, types.h and
tensors/cpu/expression_graph_packable.h; lexical shortlist: data/shortlist.h and shortlist.cpp.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.checkpoints.student_network import LARGEST, Sizes

FLOAT32, INTGEMM8, INT8 = 0x404, 0x4101, 0x101
VERSION = 1
ALIGNMENT = 256
SHORTLIST_MAGIC = 0xF11A48D5013417F5
FIRST = 50
BEST = 50

Item = tuple[str, int, Sequence[int], bytes]


def write_model(
    path: Path,
    sizes: Sizes,
    weights: Mapping[str, NDArray[np.float32]],
    scales: Mapping[str, float],
) -> None:
    """Write weights as 8-bit integers with their multipliers, all else as 32-bit numbers.

    scales: multiplier of each matrix product's input, by the matrix' name.
    """
    items = [_weight(name, values) for name, values in weights.items()]
    for name, scale in scales.items():
        if name != sizes.target_embeddings:
            items.append(_number(f"{name}_QuantMultA", scale))
            continue
        # Marian's converter makes 8-bit integers of all that has "Wemb" in its name.
        items.append(_weight(f"{name}_QuantMultA", np.array([[scale]], np.float32)))
        if sizes.shared:
            items.append(_number("none_QuantMultA", scale))
    settings = _settings(sizes).encode() + b"\0"
    items.sort(key=lambda item: item[0])
    _write(path, [*items, ("special:model.yml", INT8, (len(settings),), settings)])


def write_shortlist(path: Path, likely: Sequence[Sequence[int]]) -> None:
    """Write for each source token its likeliest target tokens, best first; BEST are kept."""
    kept = [sorted(each[:BEST]) for each in likely]
    offsets = np.cumsum([0, *(len(each) for each in kept)]).astype("<u8")
    flat = np.array([token for each in kept for token in each], "<u4")
    body = struct.pack("<QQQQ", FIRST, BEST, len(offsets), len(flat))
    body += offsets.tobytes() + flat.tobytes()
    path.write_bytes(struct.pack("<QQ", SHORTLIST_MAGIC, _checksum(body)) + body)


def _checksum(body: bytes) -> int:
    seed = 0
    for (value,) in struct.iter_unpack("<Q", body[: len(body) // 8 * 8]):
        seed ^= (value + 0x9E3779B9 + (seed << 6) + (seed >> 2)) & 0xFFFFFFFFFFFFFFFF
    return seed


def _number(name: str, value: float) -> Item:
    return name, FLOAT32, (1, 1), struct.pack("<f", value)


def _weight(name: str, values: NDArray[np.float32]) -> Item:
    shape = values.shape
    embeddings = "Wemb" in name
    if not embeddings and "_W" not in (name[-2:], name[-3:-1]):
        return name, FLOAT32, shape, values.astype("<f4").tobytes()
    scale = np.float32(LARGEST / np.abs(values).max())
    # All but embeddings are stored transposed, with the shape unchanged.
    laid_out = values if embeddings else values.T
    integers = np.clip(np.rint(laid_out * scale), -LARGEST, LARGEST).astype(np.int8)
    return name, INTGEMM8, shape, integers.tobytes() + struct.pack("<f", scale)


def _write(path: Path, items: Sequence[Item]) -> None:
    padded = [data + bytes(-len(data) % ALIGNMENT) for *_, data in items]
    head = struct.pack("<QQ", VERSION, len(items))
    for (name, kind, shape, _), data in zip(items, padded, strict=True):
        head += struct.pack("<QQQQ", len(name) + 1, kind, len(shape), len(data))
    head += b"".join(name.encode() + b"\0" for name, *_ in items)
    head += b"".join(struct.pack(f"<{len(shape)}i", *shape) for _, _, shape, _ in items)
    offset = ((len(head) + 8) // ALIGNMENT + 1) * ALIGNMENT - len(head) - 8
    path.write_bytes(head + struct.pack("<Q", offset) + bytes(offset) + b"".join(padded))


def _settings(sizes: Sizes) -> str:
    return f"""bert-train-type-embeddings: true
bert-type-vocab-size: 2
dec-cell: ssru
dec-cell-base-depth: 2
dec-cell-high-depth: 1
dec-depth: {sizes.decoder}
dim-emb: {sizes.dim}
dim-rnn: 1024
dim-vocabs:
  - {sizes.source}
  - {sizes.target}
enc-cell: gru
enc-cell-depth: 1
enc-depth: {sizes.encoder}
enc-type: bidirectional
input-types:
  []
layer-normalization: false
lemma-dim-emb: 0
output-omit-bias: false
right-left: false
skip: false
special-vocab:
  []
tied-embeddings: {str(not sizes.shared).lower()}
tied-embeddings-all: {str(sizes.shared).lower()}
tied-embeddings-src: false
transformer-aan-activation: swish
transformer-aan-depth: 2
transformer-aan-nogate: false
transformer-decoder-autoreg: rnn
transformer-dim-aan: 2048
transformer-dim-ffn: {sizes.ffn}
transformer-ffn-activation: relu
transformer-ffn-depth: 2
transformer-guided-alignment-layer: last
transformer-heads: {sizes.heads}
transformer-no-projection: false
transformer-pool: false
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-preprocess: ""
transformer-tied-layers:
  []
transformer-train-position-embeddings: false
type: transformer
ulr: false
ulr-dim-emb: 0
ulr-trainable-transformation: false
version: v1.9.56; 2021-02-11 10:45:02 +0100
"""
