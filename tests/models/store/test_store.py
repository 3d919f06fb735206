"""Store: adding, verifying and removing models, rejected inputs, and atomic writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from summsvc.engines.base import DecodingOptions, LanguageTokens, ModelSpec, Task
from summsvc.errors import InvalidFieldError, ModelBrokenError, ModelNotInstalledError
from summsvc.models.catalog import CatalogEntry, License
from summsvc.models.store.manifest import FileFacts
from summsvc.models.store.store import Store
from tests.models.folders import PAIRS, WEIGHTS, add, checkpoint, left_over


def test_model_lifecycle(store: Store, source: Path) -> None:
    manifest = store.add(source, "tiny", Task.TRANSLATION, PAIRS)
    assert store.installed() == [manifest] == [Store(store.root).get("tiny")]
    assert manifest.architecture == "marian"
    assert manifest.source == str(source)
    spec = store.spec("tiny")
    assert (spec.id, spec.pairs, spec.path) == ("tiny", (("en", "ru"),), store.root / "tiny")
    assert (spec.path / "model.safetensors").read_bytes() == WEIGHTS
    store.remove("tiny")
    assert store.installed() == []
    assert left_over(store) == []


def test_empty_or_missing_store(store: Store) -> None:
    assert store.installed() == []
    with pytest.raises(ModelNotInstalledError, match="summsvc models pull tiny"):
        store.spec("tiny")
    with pytest.raises(ModelNotInstalledError):
        store.verify("tiny")
    with pytest.raises(ModelNotInstalledError):
        store.remove("tiny")
    assert not store.root.exists()


def test_the_remains_of_an_interrupted_download_can_be_removed(store: Store) -> None:
    with store.pull_lock("tiny") as staging:
        (staging / "model.bin.part").write_bytes(WEIGHTS)
    store.remove("tiny")
    assert not staging.exists()
    with pytest.raises(ModelNotInstalledError):
        store.remove("tiny")


@pytest.mark.parametrize(
    "id", ["", "..", "../up", "a/b", ".hidden", "Upper", "a b", "a\n", "x" * 65, "ё", "a\0"]
)
def test_ids_with_path_characters_are_rejected(store: Store, source: Path, id: str) -> None:
    with pytest.raises(InvalidFieldError):
        add(store, source, id)
    assert store.get(id) is None
    with pytest.raises(ModelNotInstalledError):
        store.remove(id)
    assert source.is_dir()


def test_changed_byte_is_detected_and_the_model_rejected(store: Store, source: Path) -> None:
    add(store, source)
    weights = store.root / "tiny" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[7] ^= 1
    weights.write_bytes(data)
    assert store.verify("tiny") == ["model.safetensors has changed (SHA-256 differs)"]
    with pytest.raises(ModelBrokenError, match=r"model\.safetensors.*summsvc models add") as caught:
        store.spec("tiny")
    assert caught.value.metadata == {"model": "tiny"}


def test_a_model_removed_while_it_is_verified_is_not_installed(
    store: Store, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, source)
    read, hashed = FileFacts.of, list[str]()

    def remove_first(path: Path) -> FileFacts:
        hashed.append(path.name)
        if len(hashed) == 2:
            store.remove("tiny")
        return read(path)

    monkeypatch.setattr(FileFacts, "of", staticmethod(remove_first))
    with pytest.raises(ModelNotInstalledError):
        store.spec("tiny")
    assert len(hashed) == 2


def test_missing_short_and_extra_files_are_detected(store: Store, source: Path) -> None:
    add(store, source)
    (store.root / "tiny" / "source.spm").unlink()
    (store.root / "tiny" / "target.spm").write_bytes(b"t")
    (store.root / "tiny" / "evil.py").write_text("")
    assert store.verify("tiny") == [
        "source.spm is missing",
        "target.spm has 1 bytes instead of 13",
        "evil.py was not installed",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"id": "tiny"}', '{"id": "tiny", "pairs": [7]}', '{"pairs": 7}', "\0"],
)
def test_broken_manifest_is_reported_and_does_not_affect_other_models(
    store: Store, source: Path, text: str
) -> None:
    add(store, source)
    add(store, source, "other")
    (store.root / "tiny" / "manifest.json").write_text(text)
    assert [manifest.id for manifest in store.installed()] == ["other"]
    assert store.verify("tiny") == ["manifest.json is missing or cannot be read"]
    with pytest.raises(ModelBrokenError):
        store.spec("tiny")
    add(store, source)
    assert store.verify("tiny") == []


def test_manifest_of_a_later_version_or_another_model_is_ignored(
    store: Store, source: Path
) -> None:
    add(store, source)
    path = store.root / "tiny" / "manifest.json"
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | {"schema_version": 2}))
    assert store.get("tiny") is None
    path.write_text(json.dumps(facts | {"id": "other"}))
    assert store.get("tiny") is None


def test_changed_manifest_is_reloaded(store: Store, source: Path) -> None:
    add(store, source)
    before = store.get("tiny")
    assert store.get("tiny") is before
    Store(store.root).add(source, "tiny", Task.TRANSLATION, [("en", "lt")])
    after = store.get("tiny")
    assert after is not None
    assert after.pairs == (("en", "lt"),)


def test_refresh_returns_the_same_snapshot_until_a_change(store: Store, source: Path) -> None:
    assert store.snapshot.ids == ()
    writer = Store(store.root)
    add(writer, source)
    add(writer, source, "other")
    assert store.snapshot.ids == ()
    looked = store.refresh()
    assert looked is store.snapshot is store.refresh()
    assert looked.ids == ("other", "tiny") == tuple(looked.manifests)
    assert [each.id for each in looked.served[Task.TRANSLATION, ("en", "ru")]] == ["other", "tiny"]

    manifest = store.root / "tiny" / "manifest.json"
    text = manifest.read_text()
    manifest.write_text("{")
    spoiled = store.refresh()
    assert spoiled.ids == ("other", "tiny")
    assert list(spoiled.manifests) == ["other"]
    manifest.write_text(text)
    assert list(store.refresh().manifests) == ["other", "tiny"]

    writer.remove("other")
    assert store.refresh().ids == ("tiny",)
    assert store.refresh() is store.refresh()


def test_own_changes_update_the_snapshot(store: Store, source: Path) -> None:
    assert "tiny" not in store.snapshot.ids
    add(store, source)
    assert "tiny" in store.snapshot.ids
    store.remove("tiny")
    assert "tiny" not in store.snapshot.ids


def test_safetensors_are_preferred_and_code_is_ignored(store: Store, source: Path) -> None:
    (source / "pytorch_model.bin").write_bytes(b"pickle")
    (source / "modeling_custom.py").write_text("raise SystemExit")
    (source / "training_args.bin").write_bytes(b"pickle")
    (source / "nested").mkdir()
    (source / "nested" / "config.json").write_text("{}")
    add(store, source)
    names = {path.name for path in (store.root / "tiny").iterdir()}
    assert names == {
        "config.json",
        "manifest.json",
        "model.safetensors",
        "source.spm",
        "target.spm",
        "vocab.json",
    }


def test_symbolic_links_are_copied_as_files(store: Store, source: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    for path in source.iterdir():
        (linked / path.name).symlink_to(path)
    add(store, linked)
    assert not any(path.is_symlink() for path in (store.root / "tiny").iterdir())
    assert store.verify("tiny") == []


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "config.json"),
        (lambda folder: (folder / "config.json").write_text("{}"), "model_type"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
        (lambda folder: (folder / "vocab.json").write_text("{"), "vocab.json"),
    ],
)
def test_folders_without_a_model_are_rejected(
    store: Store, source: Path, break_it: object, words: str
) -> None:
    break_it(source)  # type: ignore[operator]
    with pytest.raises(InvalidFieldError, match=words):
        add(store, source)
    assert store.installed() == []


def test_pairs_must_match_the_task(store: Store, source: Path) -> None:
    with pytest.raises(InvalidFieldError, match="no language pair"):
        store.add(source, "tiny", Task.TRANSLATION)
    with pytest.raises(InvalidFieldError, match="en-en"):
        store.add(source, "tiny", Task.TRANSLATION, [("en", "en")])
    with pytest.raises(InvalidFieldError, match="en-en"):
        store.add(source, "tiny", Task.SUMMARIZATION, [("en", "ru")])


ENTRY = CatalogEntry(
    id="tiny",
    task=Task.TRANSLATION,
    architecture="marian",
    pairs=(("en", "ru"), ("en", "uk")),
    language_tokens=LanguageTokens.TARGET_PREFIX,
    tokens={"ru": ">>rus<<", "uk": ">>ukr<<"},
    license=License(spdx_id="CC-BY-4.0"),
    decoding=DecodingOptions(beam_size=6),
    preference=7,
)


def test_catalog_entry_completes_the_manifest(store: Store, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "multi", vocabulary=["</s>", ">>rus<<", ">>ukr<<", "a"])
    manifest = store.add(folder, "tiny", Task.TRANSLATION, entry=ENTRY)
    assert manifest.pairs == ENTRY.pairs
    assert manifest.language_tokens is LanguageTokens.TARGET_PREFIX
    assert manifest.tokens == ENTRY.tokens
    assert (manifest.decoding.beam_size, manifest.preference) == (6, 7)
    assert manifest.license.spdx_id == "CC-BY-4.0"


def test_entry_of_another_model_does_not_set_the_licence(store: Store, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "multi", vocabulary=["</s>", ">>rus<<", "a"])
    manifest = store.add(folder, "ours", Task.TRANSLATION, PAIRS, entry=ENTRY)
    assert manifest.tokens == {"ru": ">>rus<<"}
    assert manifest.decoding.beam_size == 6
    assert manifest.license == License()
    assert manifest.preference == 0


def test_single_target_model_needs_no_token(store: Store, source: Path) -> None:
    manifest = store.add(source, "tiny", Task.TRANSLATION, PAIRS, entry=ENTRY)
    assert manifest.language_tokens is LanguageTokens.NONE
    assert manifest.tokens == {}


def test_model_without_required_language_tokens_is_rejected(store: Store, tmp_path: Path) -> None:
    marian = checkpoint(tmp_path / "marian", vocabulary=["</s>", ">>deu<<", "a"])
    with pytest.raises(InvalidFieldError, match="--like"):
        store.add(marian, "ours", Task.TRANSLATION, PAIRS)
    with pytest.raises(InvalidFieldError, match="'uk'"):
        store.add(
            checkpoint(tmp_path / "one", vocabulary=["</s>", ">>rus<<"]),
            "tiny",
            Task.TRANSLATION,
            entry=ENTRY,
        )
    multilingual = checkpoint(tmp_path / "m2m", architecture="m2m_100")
    with pytest.raises(InvalidFieldError, match="--like"):
        store.add(multilingual, "ours", Task.TRANSLATION, PAIRS)


def test_catalog_id_rejects_another_task_or_architecture(store: Store, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "t5", architecture="t5")
    with pytest.raises(InvalidFieldError, match="t5"):
        store.add(folder, "tiny", Task.TRANSLATION, PAIRS, entry=ENTRY)
    with pytest.raises(InvalidFieldError, match="translation model"):
        store.add(folder, "tiny", Task.SUMMARIZATION, [("en", "en")], entry=ENTRY)


def test_converted_files_are_installed_and_recorded(store: Store, source: Path) -> None:
    def convert(begin: ModelSpec, end: Path) -> Mapping[str, str]:
        (end / "model.bin").write_bytes((begin.path / "model.safetensors").read_bytes()[::-1])
        return {"engine": "ctranslate2", "quantization": "int8"}

    manifest = store.add(source, "tiny", Task.TRANSLATION, PAIRS, convert=convert)
    assert set(manifest.files) == {"model.bin"}
    assert manifest.conversion == {"engine": "ctranslate2", "quantization": "int8"}
    assert store.verify("tiny") == []
