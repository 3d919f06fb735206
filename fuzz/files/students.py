"""Readers of a student model's files: the model with its configuration, the shortlist, gzip."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from gzip import compress

import numpy as np
from numpy.typing import NDArray

from fuzz.files.sandbox import folder
from summsvc.engines.onnxruntime import layout
from summsvc.errors import InvalidFieldError, ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion.students import binary, configuration, files, network, shortlist
from summsvc.models.conversion.students.weights import Weights
from tests.checkpoints import student_files
from tests.checkpoints.student_network import Sizes

SIZES = Sizes(dim=8, ffn=8, heads=2, encoder=1, decoder=1, source=16, target=16)


def small_weights() -> tuple[dict[str, NDArray[np.float32]], dict[str, float]]:
    """All weights of a student of ``SIZES``, and the multipliers of its matrices."""
    width = (SIZES.dim, SIZES.dim)
    attention = ("encoder_l1_self", "decoder_l1_context")
    shapes: dict[str, tuple[int, int]] = {
        "Wemb": (16, SIZES.dim),
        "decoder_ff_logit_out_b": (1, 16),
    }
    norms = ["decoder_l1_rnn_ffn"]
    for prefix in attention:
        shapes |= {f"{prefix}_W{which}": width for which in "qkvo"}
        shapes |= {f"{prefix}_b{which}": (1, SIZES.dim) for which in "qkvo"}
        norms.append(f"{prefix}_Wo")
    for prefix in ("encoder_l1_ffn", "decoder_l1_ffn"):
        shapes |= {f"{prefix}_W1": width, f"{prefix}_W2": width}
        shapes |= {f"{prefix}_b1": (1, SIZES.dim), f"{prefix}_b2": (1, SIZES.dim)}
        norms.append(f"{prefix}_ffn")
    shapes |= {"decoder_l1_rnn_W": width, "decoder_l1_rnn_Wf": width}
    shapes["decoder_l1_rnn_bf"] = (1, SIZES.dim)
    for prefix in norms:
        shapes |= {f"{prefix}_ln_scale": (1, SIZES.dim), f"{prefix}_ln_bias": (1, SIZES.dim)}
    weights = {
        name: np.linspace(-1, 1, rows * columns, dtype=np.float32).reshape(rows, columns)
        for name, (rows, columns) in shapes.items()
    }
    return weights, {name: 10.0 for name, (rows, _) in shapes.items() if rows > 1}


def model_seeds() -> list[bytes]:
    """A model file of the smallest size, complete but for its training."""
    with folder() as place:
        path = place / "model.bin"
        weights, scales = small_weights()
        student_files.write_model(path, SIZES, weights, scales)
        return [path.read_bytes()]


def model(data: bytes) -> None:
    """Read the items, the configuration and all weights, and build the graphs."""
    try:
        items = binary.read_items(data, "model.bin")
        for item in items.values():
            assert len(item.data) <= len(data)
        if configuration.ITEM not in items:
            return
        sizes = configuration.parse(bytes(items[configuration.ITEM].data))
        weights = Weights(items, sizes)
        network.encoder(weights, sizes)
        network.decoder(weights, sizes)
        network.output(weights, sizes)
    except ModelUnavailableError:
        return


def parsed_configuration(data: bytes) -> None:
    """Read a configuration alone."""
    try:
        sizes = configuration.parse(data)
    except ModelUnavailableError:
        return
    assert sizes.width % sizes.heads == 0


def configuration_seeds() -> list[bytes]:
    """The configuration of the smallest model."""
    items = binary.read_items(model_seeds()[0], "model.bin")
    return [bytes(items[configuration.ITEM].data)]


def lexicon(data: bytes) -> None:
    """Read a shortlist, as it is and with the checksum that belongs to it."""
    sums = struct.pack("<Q", shortlist._checksum(memoryview(data)[16:]))
    for content in (data, data[:8] + sums + data[16:]):
        try:
            found = shortlist.parse(content, "lex.bin", 15, 16)
        except ModelUnavailableError:
            continue
        assert found.first <= 16
        assert int(found.offsets[-1]) == len(found.words)


def lexicon_seeds() -> list[bytes]:
    """A shortlist for sixteen words."""
    with folder() as place:
        path = place / "lex.bin"
        student_files.write_shortlist(path, [[1, 2, 3 + word % 5] for word in range(16)])
        return [path.read_bytes()]


def packed(data: bytes) -> None:
    """Unpack a gzip file and find the files of a folder."""
    with folder() as place:
        path = place / "model.enru.intgemm8.bin.gz"
        path.write_bytes(data)
        (place / "vocab.enru.spm").write_bytes(data)
        try:
            files.find(place)
            files.read(path)
        except (InvalidFieldError, ModelUnavailableError):
            return


def packed_seeds() -> list[bytes]:
    """Files packed by gzip, one of two members."""
    return [compress(b"Marian " * 9), compress(b"a") + compress(b"b" * 50), zlib.compress(b"x")]


def installed(data: bytes) -> None:
    """Read the sizes and the shortlist of an installed student."""
    with folder() as place:
        (place / layout.LAYOUT_FILE).write_bytes(data)
        (place / layout.SHORTLIST_FILE).write_bytes(data)
        with suppress(ModelBrokenError):
            layout.Layout.load(place)
        # The constructor of the engine makes ModelBrokenError of every exception.
        with suppress(Exception):
            layout.load_shortlist(place / layout.SHORTLIST_FILE)


def installed_seeds() -> list[bytes]:
    """A valid file of sizes and a valid archive of arrays."""
    with folder() as place:
        layout.Layout(8, 1, 16, 16, 0.1, 0.1, joint=True, max_input_tokens=128).save(place)
        path = place / layout.SHORTLIST_FILE
        layout.save_shortlist(path, 2, np.arange(4, dtype="<u8"), np.arange(3, dtype="<u4"))
        return [(place / layout.LAYOUT_FILE).read_bytes(), path.read_bytes()]
