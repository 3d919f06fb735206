"""A model is not installed when its tokenizer lacks the required language tokens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from summsvc.engines.base import LanguageTokens, Task
from summsvc.errors import InvalidFieldError
from summsvc.models.catalog import Catalog, CatalogEntry
from summsvc.models.conversion import vocabulary
from summsvc.models.store.store import Store
from tests.checkpoints import FAMILIES
from tests.checkpoints import checkpoint as trained
from tests.models.folders import add, checkpoint
from tests.models.hub import COMMIT, serving

TRANSLATION = Task.TRANSLATION


def entry(id: str) -> CatalogEntry:
    found = Catalog.load().get(id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("id", "special", "said"),
    [
        (
            "nllb-600m",
            ["eng_Latn", "rus_Latn", "lit_Latn"],
            "the token 'rus_Cyrl' for the language 'ru'",
        ),
        ("nllb-600m", ["__en__", "__ru__", "__lt__"], "similar tokens: none"),
        ("m2m100-418m", ["__en__", "__ru__"], "similar tokens: __en__, __ru__"),
        ("madlad-3b", ["<2en>", "<2ru>", "<2lv>"], "the token '<2lt>' for the language 'lt'"),
    ],
)
def test_tokenizer_without_a_required_token_is_rejected(
    store: Store, tmp_path: Path, id: str, special: Sequence[str], said: str
) -> None:
    model = entry(id)
    folder = checkpoint(tmp_path / "folder", architecture=model.architecture, special=special)
    with pytest.raises(InvalidFieldError, match=said) as caught:
        store.add(folder, id, TRANSLATION, entry=model)
    assert caught.value.field == "directory"
    assert store.ids() == []


def test_marian_tokens_come_from_the_vocabulary_only(store: Store, tmp_path: Path) -> None:
    model = entry("opus-en-ru")
    others = ["</s>", "<unk>", ">>bel<<", ">>ukr<<", "<pad>"]
    folder = checkpoint(tmp_path / "folder", vocabulary=others, special=[">>rus<<"])
    with pytest.raises(
        InvalidFieldError, match=r">>rus<<.*similar tokens: >>bel<<, >>ukr<<"
    ) as caught:
        store.add(folder, "opus-en-ru", TRANSLATION, entry=model)
    assert caught.value.metadata == {"language": "ru", "token": ">>rus<<"}


def test_only_tokens_of_the_requested_pairs_are_required(store: Store, tmp_path: Path) -> None:
    model = entry("nllb-600m")
    folder = checkpoint(
        tmp_path / "folder", architecture="m2m_100", special=["eng_Latn", "rus_Cyrl"]
    )
    manifest = store.add(folder, "ours", TRANSLATION, [("en", "ru")], entry=model)
    assert manifest.language_tokens is LanguageTokens.SOURCE_AND_TARGET
    assert manifest.tokens == {"en": "eng_Latn", "ru": "rus_Cyrl"}


def test_pulled_model_is_validated(store: Store, tmp_path: Path) -> None:
    """Runs in a subprocess, since huggingface_hub reads its variables when it is imported."""
    folder = checkpoint(tmp_path / "hub", architecture="m2m_100", special=["__en__", "__ru__"])
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(
        f"[m2m100-418m]\nrepository = 'acme/tiny'\nrevision = '{COMMIT}'\nsize_bytes = 2_000_000\n"
    )
    code = "from summsvc.cli import main; main()"
    arguments = ["models", "pull", "m2m100-418m", "--engine", "transformers"]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    with serving(folder) as hub:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=inherited
            | {
                "HF_ENDPOINT": hub.endpoint,
                "HF_HOME": str(tmp_path / "hf"),
                "SUMMSVC_MODEL_DIR": str(store.root),
                "SUMMSVC_CATALOG_FILE": str(catalog),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert "the token '__lt__' for the language 'lt'" in done.stderr
    assert "similar tokens: __en__, __ru__" in done.stderr
    assert store.ids() == []


@pytest.mark.parametrize("name", ["m2m100", "mbart50"])
def test_built_in_tokens_of_the_tokenizer_class_are_accepted(
    store: Store, tmp_path: Path, name: str
) -> None:
    family = FAMILIES[name]
    folder = tmp_path / "folder"
    shutil.copytree(trained(name), folder)
    (folder / "special_tokens_map.json").unlink()
    (folder / "tokenizer.json").unlink(missing_ok=True)
    kept = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))["tokenizer_class"]
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kept}))
    assert not vocabulary.load_tokens(folder, "m2m_100") & set(family.tokens.values())
    model = entry("m2m100-418m").model_copy(
        update={"tokens": family.tokens, "architecture": family.config["model_type"]}
    )
    manifest = store.add(folder, "ours", TRANSLATION, entry=model)
    assert manifest.tokens == family.tokens
    wrong = model.model_copy(update={"tokens": {**family.tokens, "ru": "<2ru>"}})
    with pytest.raises(InvalidFieldError, match="the token '<2ru>' for the language 'ru'"):
        store.add(folder, "other", TRANSLATION, entry=wrong)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocab.json", {"<2ru>": 0}),
        ("added_tokens.json", {"<2ru>": 700}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"7": {"content": "<2ru>"}}}),
        ("tokenizer_config.json", {"extra_special_tokens": ["<2ru>"]}),
        ("special_tokens_map.json", {"additional_special_tokens": [{"content": "<2ru>"}]}),
        ("tokenizer.json", {"model": {"vocab": [["<2ru>", -3.5]]}}),
        ("tokenizer.json", {"model": {"vocab": {"<2ru>": 3}}}),
        ("tokenizer.json", {"model": {"vocab": {}}, "added_tokens": [{"content": "<2ru>"}]}),
    ],
)
def test_token_locations(tmp_path: Path, name: str, content: object) -> None:
    (tmp_path / name).write_text(json.dumps(content))
    assert vocabulary.load_tokens(tmp_path, "t5") == {"<2ru>"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vocab.json", "{"),
        ("tokenizer.json", "[]"),
        ("tokenizer.json", "{}"),
        ("tokenizer_config.json", "3"),
        pytest.param("tokenizer_config.json", "[" * 50_000, id="nested"),
        ("special_tokens_map.json", '{"additional_special_tokens": [7]}'),
        ("spiece.model", "no model"),
    ],
)
def test_invalid_tokenizer_files_are_reported(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidFieldError, match=name):
        vocabulary.load_tokens(tmp_path, "t5")


PARTS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (json.dumps({"weight_map": dict(zip("ab", PARTS, strict=True))}), f"has no {PARTS[1]}"),
        (json.dumps({"weight_map": {"a": PARTS[0], "b": "../model.bin"}}), r"has no \.\./model"),
        (json.dumps({"weight_map": {"a": 1}}), "has no 1"),
        ("{}", "has no weight_map"),
        ("[", "is no JSON file"),
    ],
)
def test_weights_without_a_part_are_not_installed(
    store: Store, tmp_path: Path, index: str, said: str
) -> None:
    folder = checkpoint(tmp_path / "folder", weights=PARTS[0])
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(InvalidFieldError, match=said) as caught:
        add(store, folder)
    assert caught.value.field == "directory"
    assert store.ids() == []


def test_weights_with_all_parts_are_installed(store: Store, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "folder", weights=PARTS[0])
    (folder / PARTS[1]).write_bytes(b"more of them")
    index = {"weight_map": dict(zip("ab", PARTS, strict=True))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    add(store, folder)
    assert store.ids() == ["tiny"]
    assert store.verify("tiny") == []
