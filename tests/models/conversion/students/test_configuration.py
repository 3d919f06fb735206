"""Which student models are supported, and how the others are refused."""

from __future__ import annotations

import re

import pytest

from summsvc.errors import ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion.students.configuration import Configuration, parse

TEXT = """
dec-cell: ssru
dec-depth: 4
dim-emb: 384
dim-vocabs:
  - 32000
  - 32000
enc-depth: 6
input-types:
  []
tied-embeddings: false
tied-embeddings-all: true
transformer-decoder-autoreg: rnn
transformer-dim-ffn: 1536
transformer-ffn-activation: relu
transformer-ffn-depth: 2
transformer-guided-alignment-layer: last
transformer-heads: 8
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-preprocess: ""
type: transformer
version: v1.9.56; 2021-02-11 10:45:02 +0100
"""


def changed(setting: str, value: str) -> bytes:
    text, count = re.subn(
        rf"^{setting}:(.*\n(?:  .*\n)*)", f"{setting}: {value}\n", TEXT, flags=re.M
    )
    return (text if count else f"{TEXT}{setting}: {value}\n").encode()


def test_sizes_of_a_joint_vocabulary() -> None:
    assert parse(TEXT.encode() + b"\0") == Configuration(
        source_words=32000,
        target_words=32000,
        width=384,
        inner=1536,
        heads=8,
        encoder_layers=6,
        decoder_layers=4,
        source_embeddings="Wemb",
        target_embeddings="Wemb",
        alignment_layer=3,
    )


def test_sizes_of_split_vocabularies() -> None:
    text = TEXT.replace("- 32000\n  - 32000", "- 16000\n  - 24000")
    text = text.replace("embeddings: false", "embeddings: true").replace("all: true", "all: false")
    sizes = parse(text.encode())
    assert (sizes.source_words, sizes.target_words) == (16000, 24000)
    assert (sizes.source_embeddings, sizes.target_embeddings) == ("encoder_Wemb", "decoder_Wemb")


def test_the_alignment_layer_counts_from_one() -> None:
    assert parse(changed("transformer-guided-alignment-layer", "2")).alignment_layer == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("type", "s2s"),
        ("dec-cell", "gru"),
        ("transformer-decoder-autoreg", "self-attention"),
        ("transformer-preprocess", "n"),
        ("transformer-postprocess", "da"),
        ("transformer-ffn-activation", "swish"),
        ("transformer-ffn-depth", "3"),
        ("transformer-train-position-embeddings", "true"),
        ("transformer-tied-layers", "[1, 1]"),
        ("input-types", "[sequence, class]"),
        ("layer-normalization", "true"),
        ("transformer-pool", "true"),
        ("output-omit-bias", "true"),
    ],
)
def test_an_unsupported_part_is_refused_by_its_name(setting: str, value: str) -> None:
    with pytest.raises(ModelUnavailableError, match=f"^the student has {setting}: "):
        parse(changed(setting, value))


def test_an_undeclared_activation_is_refused() -> None:
    text = TEXT.replace("transformer-ffn-activation: relu\n", "")
    with pytest.raises(ModelUnavailableError, match="not declared"):
        parse(text.encode())


def test_an_output_matrix_of_its_own_is_refused() -> None:
    with pytest.raises(ModelUnavailableError, match="output matrix of its own"):
        parse(changed("tied-embeddings-all", "false"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed("dim-emb", "0"), "dim-emb is 0, not a number from 1"),
        (changed("dim-emb", "yes"), "dim-emb is True"),
        (changed("dim-emb", "380"), "not divisible by 8 heads"),
        (changed("enc-depth", "9999"), "enc-depth is 9999"),
        (changed("dim-vocabs", "[32000]"), "dim-vocabs"),
        (changed("dim-vocabs", "[32000, 31000]"), "different sizes"),
        (changed("transformer-guided-alignment-layer", "5"), "not a number from 1 to 4"),
        (b"[1, 2]", "not a mapping"),
        (b"a: [", "not YAML"),
        (b"\xff\xfe", "not YAML"),
        (b"a: !!python/object/apply:os.getcwd []", "not YAML"),
        (b"[" * 50_000, "not YAML"),
        (b"a: !!timestamp b", "not YAML"),
        (b"a: !!int ''", "not YAML"),
        (b"a: !!bool b", "not YAML"),
        (b"a: &a [b]\nc: [*a, *a]", "an alias"),
        pytest.param(changed("dim-emb", "0x" + "f" * 9_000), "thousands of digits", id="number"),
        (changed("transformer-guided-alignment-layer", "²"), "layer is '²', not a number"),
        (b"a: " + b"b" * 200_000, "more than 100000 bytes"),
    ],
)  # fmt: skip
def test_a_damaged_configuration_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(ModelBrokenError, match=message):
        parse(text)
