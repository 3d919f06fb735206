"""The ``summsvc models`` commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from summsvc.cli.models import models
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from tests.models.folders import checkpoint

AS_IT_IS = ("--engine", "transformers")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return checkpoint(tmp_path / "source")


def run(store: Store, *arguments: str | Path) -> Result:
    runner = CliRunner(env={"SUMMSVC_MODEL_DIR": str(store.root), "SUMMSVC_CATALOG_FILE": None})
    return runner.invoke(models, [str(each) for each in arguments])


def test_catalog_model_is_added_by_id_only(store: Store, source: Path) -> None:
    done = run(store, "add", source, "--id", "opus-en-ru", *AS_IT_IS)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "opus-en-ru: installed for transformers" in done.stdout
    manifest = store.get("opus-en-ru")
    assert manifest is not None
    assert manifest.pairs == (("en", "ru"),)
    assert run(store, "verify").stdout == "opus-en-ru: as installed\n"
    assert run(store, "remove", "opus-en-ru").stdout == "opus-en-ru: removed\n"
    assert store.ids() == []


def test_other_models_need_task_and_pairs(store: Store, source: Path) -> None:
    assert run(store, "add", source, "--id", "ours", *AS_IT_IS).exit_code == 2
    untold = run(store, "add", source, "--id", "ours", "--task", "translation", *AS_IT_IS)
    assert untold.exit_code == 1
    assert "name at least one, such as en-ru" in untold.stderr
    pairs = ("--pair", "en-lv", "--pair", "lv-en")
    done = run(store, "add", source, "--id", "ours", "--task", "translation", *pairs, *AS_IT_IS)
    assert done.exit_code == 0
    manifest = store.get("ours")
    assert manifest is not None
    assert manifest.pairs == (("en", "lv"), ("lv", "en"))


def test_like_option(store: Store, tmp_path: Path) -> None:
    languages = ("eng_Latn", "rus_Cyrl", "lit_Latn")
    folder = checkpoint(tmp_path / "m2m", architecture="m2m_100", special=languages)
    ours = ("add", folder, "--id", "ours", *AS_IT_IS)
    refused = run(store, *ours, "--task", "translation", "--pair", "en-ru")
    assert refused.exit_code == 1
    assert "--like" in refused.stderr
    assert run(store, *ours, "--like", "nllb-600m").exit_code == 0
    manifest = store.get("ours")
    assert manifest is not None
    assert manifest.tokens["lt"] == "lit_Latn"
    assert not manifest.license.non_commercial
    assert run(store, *ours, "--like", "nonsense").exit_code == 2


@pytest.mark.parametrize("pair", ["english", "en-", "-ru", "en_ru", "en-ru-lt", "e1-ru"])
def test_malformed_pairs_are_usage_errors(store: Store, source: Path, pair: str) -> None:
    done = run(store, "add", source, "--id", "opus-en-ru", "--pair", pair)
    assert done.exit_code == 2
    assert "not a pair such as en-ru" in done.stderr


def test_invalid_weights_are_not_converted(store: Store, source: Path) -> None:
    done = run(store, "add", source, "--id", "opus-en-ru", "--engine", "ctranslate2")
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert store.ids() == []


def test_list_shows_catalog_and_store(store: Store, source: Path) -> None:
    run(store, "add", source, "--id", "opus-en-ru", *AS_IT_IS)
    run(store, "add", source, "--id", "ours", "--like", "opus-en-lt", *AS_IT_IS)
    rows = [json.loads(line) for line in run(store, "list", "--json").stdout.splitlines()]
    assert [row["id"] for row in rows] == sorted([*Catalog.load().entries, "ours"])
    states = {row["id"]: (row["state"], row["engine"]) for row in rows}
    assert states["opus-en-ru"] == ("installed", "transformers")
    assert states["nllb-600m"] == ("not installed", "")
    files = {row["id"]: row["files"] for row in rows}
    assert files["nllb-600m"] == []
    assert files["firefox-en-ru-tiny"][1] == {
        "url": "https://media.githubusercontent.com/media/mozilla/firefox-translations-models/"
        "e7957fc407441a5e3e35bbcbf9d60d9b35764618/models/tiny/enru/vocab.enru.spm.gz",
        "size": 419_005,
        "sha256": "5230936c4a69514c263778cb3eb1bd429fcd182ea9300aae48415212c41abeb8",
    }
    assert run(store, "list", "--installed", "--ids").stdout == "opus-en-ru\nours\n"
    text = run(store, "list").stdout
    assert "NOT FOR COMMERCIAL USE" in next(
        line for line in text.splitlines() if line.startswith("nllb-600m")
    )


def test_changed_and_broken_models_are_reported(store: Store, source: Path) -> None:
    for id in ("changed", "broken"):
        run(store, "add", source, "--id", id, "--like", "opus-en-lt", *AS_IT_IS)
    (store.root / "changed" / "vocab.json").write_text("{}")
    (store.root / "broken" / "manifest.json").write_text("")
    done = run(store, "verify")
    assert done.exit_code == 1
    assert "changed: vocab.json has 2 bytes instead of" in done.stderr
    assert "broken: manifest.json is missing or cannot be read" in done.stderr
    assert "broken: broken; `summsvc models verify broken`" in run(store, "list").stderr
    assert run(store, "remove", "broken").exit_code == 0


@pytest.mark.parametrize("command", ["verify", "remove"])
def test_unknown_ids(store: Store, command: str) -> None:
    done = run(store, command, "../up")
    assert done.exit_code == 1
    assert "not installed" in done.stderr


def test_invalid_catalog_file_is_reported(store: Store, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[ours]\n")
    done = run(store, "--catalog-file", tmp_path / "own.toml", "list")
    assert done.exit_code == 1
    assert "own.toml: [ours] task" in done.stderr
