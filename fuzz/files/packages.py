"""Readers of folders and packages of models: Argos, safetensors, vocabularies, manifests."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

from fuzz.files.sandbox import folder
from summsvc.engines.base import ModelSpec, Task
from summsvc.engines.declared import Declared
from summsvc.engines.tokenizer import TokenFraming
from summsvc.errors import InvalidFieldError, ModelBrokenError, ModelUnavailableError
from summsvc.models.conversion import argos, checkpoint, convert, marian, vocabulary
from summsvc.models.store.manifest import MANIFEST_FILE
from summsvc.models.store.store import Store

CONFIG = {
    "model_type": "marian",
    "d_model": 4,
    "vocab_size": 6,
    "encoder_ffn_dim": 4,
    "decoder_ffn_dim": 4,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "max_position_embeddings": 8,
    "activation_function": "swish",
    "scale_embedding": True,
}
VOCABULARY = {"</s>": 0, "<unk>": 1, "a": 2, "b": 3, ">>rus<<": 4, "<pad>": 5}
METADATA = {"package_version": "1.0", "type": "translate", "from_code": "en", "to_code": "ru"}

CONFIGURATION_FILES = (*vocabulary.TOKENIZER_FILES, "config.json", "generation_config.json")

REFUSED = (InvalidFieldError, ModelUnavailableError)


def argos_package(data: bytes) -> None:
    """Unpack a package, read what is in it, and convert it."""
    with folder() as place:
        archive, unpacked, target = (
            place / name for name in ("a.argosmodel", "unpacked", "target")
        )
        archive.write_bytes(data)
        unpacked.mkdir()
        target.mkdir()
        with suppress(*REFUSED):
            argos.unpack(archive, unpacked)
            pair = argos.pair(unpacked)
            argos.convert(ModelSpec("a", Task.TRANSLATION, unpacked, "opennmt", (pair,)), target)
        for path in unpacked.rglob("*"):
            assert path.is_file()
            assert not path.is_symlink()
        assert sum(path.stat().st_size for path in unpacked.iterdir()) <= 16 * len(data)


def argos_seeds() -> list[bytes]:
    """A package that is packed, one that is not."""
    files = {
        "p/metadata.json": json.dumps(METADATA),
        "p/sentencepiece.model": "a model",
        "p/model/config.json": json.dumps({"bos_token": "<s>", "add_source_eos": True}),
        "p/model/model.bin": "weights",
        "p/model/shared_vocabulary.json": '["<s>", "</s>", "a"]',
        "p/README.md": "A model.",
        "p/stanza/en/x.pt": "not needed",
    }
    found: list[bytes] = []
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", kind) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content, kind)
        found.append(stream.getvalue())
    return found


def argos_metadata(data: bytes) -> None:
    """The two JSON files of an unpacked package, each from the same bytes."""
    with folder() as place:
        package, target = place / "package", place / "target"
        package.mkdir()
        target.mkdir()
        for name in ("metadata.json", "config.json"):
            (package / name).write_bytes(data)
        for name in ("sentencepiece.model", "model.bin", "shared_vocabulary.json"):
            (package / name).write_bytes(b"a")
        try:
            spec = ModelSpec("a", Task.TRANSLATION, package, "opennmt", (argos.pair(package),))
            argos.convert(spec, target)
        except REFUSED:
            return


def argos_metadata_seeds() -> list[bytes]:
    """Metadata that is a configuration too."""
    return [json.dumps({**METADATA, "bos_token": "<s>", "target_prefix": ""}).encode()]


def safetensors(data: bytes) -> None:
    """Read the weights of a Marian checkpoint."""
    with folder() as place:
        (place / "model.safetensors").write_bytes(data)
        (place / "vocab.json").write_text(json.dumps(VOCABULARY), "utf-8")
        try:
            marian.load_spec(place, Declared(CONFIG, "config.json"))
        except ModelUnavailableError:
            return


@cache
def marian_weights() -> bytes:
    """All tensors of a Marian model of the smallest size."""
    from safetensors.numpy import save

    tensors: dict[str, Any] = {"model.shared.weight": np.zeros((6, 4), np.float32)}
    for side in ("encoder", "decoder"):
        layer = f"model.{side}.layers.0"
        parts = ["self_attn", *(["encoder_attn"] if side == "decoder" else [])]
        for part in parts:
            for which in ("q_proj", "k_proj", "v_proj", "out_proj"):
                tensors[f"{layer}.{part}.{which}.weight"] = np.ones((4, 4), np.float32)
                tensors[f"{layer}.{part}.{which}.bias"] = np.ones(4, np.float32)
        for part in ("fc1", "fc2"):
            tensors[f"{layer}.{part}.weight"] = np.ones((4, 4), np.float32)
            tensors[f"{layer}.{part}.bias"] = np.ones(4, np.float32)
        for part in (*(f"{name}_layer_norm" for name in parts), "final_layer_norm"):
            tensors[f"{layer}.{part}.weight"] = np.ones(4, np.float32)
            tensors[f"{layer}.{part}.bias"] = np.ones(4, np.float32)
    return save(tensors)


def safetensors_seeds() -> list[bytes]:
    """All tensors of a model, and one tensor."""
    from safetensors.numpy import save

    return [marian_weights(), save({"a": np.zeros(2, np.float16)})]


def configuration(data: bytes) -> None:
    """Read a checkpoint whose JSON files, by their names, are the values of an object."""
    try:
        contents = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(contents, dict):
        return
    with folder() as place:
        (place / "model.safetensors").write_bytes(marian_weights())
        for name in CONFIGURATION_FILES:
            if name in contents:
                with suppress(ValueError, RecursionError):
                    (place / name).write_text(json.dumps(contents[name]), "utf-8")
        target = place / "target"
        target.mkdir()
        with suppress(*REFUSED):
            checkpoint.describe(place, "a", Task.TRANSLATION, [("en", "ru")])
        for mapping in convert.MAPPINGS.values():
            with suppress(ModelUnavailableError):
                config = Declared.load(place / "config.json")
                mapping.load_spec(place, config)
                mapping.write_tokenizer(place, target, config)


def configuration_seeds() -> list[bytes]:
    """The files of a Marian checkpoint, and those of the other architectures."""
    token = {"content": "</s>", "lstrip": False}
    tokenizer = {"model_max_length": 512, "eos_token": token, "additional_special_tokens": ["<x>"]}
    generation = {"decoder_start_token_id": 5, "forced_bos_token_id": 0}
    unigram = [["</s>", 0], ["<unk>", 0], ["a", -1.5], ["b", -2], ["<pad>", 0]]
    t5 = {
        "model_type": "t5",
        "d_model": 4,
        "d_kv": 2,
        "d_ff": 4,
        "num_layers": 1,
        "num_heads": 2,
        "vocab_size": 6,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
        "relative_attention_num_buckets": 8,
    }
    named = {"tokenizer_config.json": tokenizer, "generation_config.json": generation}
    return [
        json.dumps({**named, "config.json": config, **more}).encode()
        for config, more in (
            (CONFIG, {"vocab.json": VOCABULARY}),
            ({**CONFIG, "model_type": "bart"}, {"special_tokens_map.json": {"bos_token": "a"}}),
            (t5, {"tokenizer.json": {"model": {"type": "Unigram", "vocab": unigram}}}),
        )
    ]


def described(data: bytes) -> None:
    """Describe a folder whose JSON files all have the same bytes."""
    with folder() as place:
        (place / "model.safetensors").write_bytes(b"a")
        for name in (*vocabulary.TOKENIZER_FILES, "config.json"):
            (place / name).write_bytes(data)
        for architecture in ("marian", "m2m_100"):
            with suppress(InvalidFieldError):
                vocabulary.load_tokens(place, architecture)
        try:
            checkpoint.describe(place, "a", Task.TRANSLATION, [("en", "ru")])
        except InvalidFieldError:
            return


def described_seeds() -> list[bytes]:
    """JSON that is a configuration and a tokenizer's file of each form."""
    token = {"content": "<2ru>"}
    return [
        json.dumps({**CONFIG, **VOCABULARY}).encode(),
        json.dumps(
            {"model_type": "t5", "added_tokens": [token], "model": {"vocab": {"a": 1}}}
        ).encode(),
        json.dumps(
            {
                "model_type": "m2m_100",
                "added_tokens_decoder": {"5": token},
                "additional_special_tokens": ["__ru__", token],
                "model": {"vocab": [["a", -1.5], ["b", -2]]},
            }
        ).encode(),
    ]


def framing(data: bytes) -> None:
    """Read the token framing of an installed model."""
    with folder() as place:
        (place / "pieces.json").write_bytes(data)
        with suppress(ModelBrokenError):
            TokenFraming.load(place)


def framing_seeds() -> list[bytes]:
    """The framing of Marian's models."""
    with folder() as place:
        marian.token_framing(place, Declared(CONFIG, "config.json")).save(place)
        return [(place / "pieces.json").read_bytes()]


def manifest(data: bytes) -> None:
    """Read the manifest of an installed model and verify its files."""
    with folder() as place:
        model = place / "opus-en-ru"
        model.mkdir()
        (model / MANIFEST_FILE).write_bytes(data)
        (model / "config.json").write_bytes(b"{}")
        store = Store(place)
        found = store.get("opus-en-ru")
        store.refresh()
        if found is not None:
            store.verify("opus-en-ru")
            assert found.size_bytes >= 0
            assert 1 <= found.spec(model).decoding.beam_size <= 16
            assert found.engine
            str(found.license)


def manifest_seeds() -> list[bytes]:
    """The manifest of a translation model."""
    facts = {
        "schema_version": 1,
        "id": "opus-en-ru",
        "task": "translation",
        "architecture": "marian",
        "pairs": [["en", "ru"]],
        "language_tokens": "none",
        "tokens": {"ru": ">>rus<<"},
        "decoding": {"beam_size": 4, "length_penalty": 1.0},
        "license": {"spdx_id": "MPL-2.0", "note": "", "non_commercial": False},
        "conversion": {"engine": "ctranslate2"},
        "files": {
            "config.json": {
                "size": 2,
                "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            }
        },
    }
    return [json.dumps(facts, indent=1).encode()]
