"""Catalog: built-in entries and the operator's catalog file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.engines.base import LanguageTokens, Task
from summsvc.models.catalog import Catalog, CatalogError, parse_pair

BUILT_IN = Catalog.load()


@pytest.mark.parametrize("id", list(BUILT_IN.entries))
def test_every_entry_is_complete(id: str) -> None:
    entry = BUILT_IN.entries[id]
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.repository)
    assert re.fullmatch(r"[0-9a-f]{40}", entry.revision), "a branch may change overnight"
    assert entry.size_bytes > 100_000_000
    assert entry.license.spdx_id or entry.license.note
    assert ("-NC-" in entry.license.spdx_id) == entry.license.non_commercial
    assert entry.title
    assert entry.architecture
    assert entry.reason
    assert entry.source == f"https://huggingface.co/{entry.repository}"


@pytest.mark.parametrize("id", list(BUILT_IN.entries))
def test_every_entry_is_documented(id: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "models.md").read_text("utf-8")
    entry = BUILT_IN.entries[id]
    assert f"`{id}`" in text
    assert entry.repository in text


def test_service_languages_have_models() -> None:
    translated = {
        pair
        for entry in BUILT_IN.entries.values()
        if entry.task is Task.TRANSLATION and not entry.license.non_commercial
        for pair in entry.pairs
    }
    assert {("en", "ru"), ("en", "lt"), ("ru", "en"), ("lt", "en"), ("ru", "lt")} <= translated
    summarized = {
        pair[0]
        for entry in BUILT_IN.entries.values()
        if entry.task is Task.SUMMARIZATION
        for pair in entry.pairs
    }
    assert {"en", "ru", "lt"} <= summarized


@pytest.mark.parametrize(
    ("id", "token"),
    [
        ("opus-en-ru", ">>rus<<"),
        ("nllb-600m", "rus_Cyrl"),
        ("m2m100-418m", "__ru__"),
        ("madlad-3b", "<2ru>"),
    ],
)
def test_language_tokens(id: str, token: str) -> None:
    assert BUILT_IN.entries[id].tokens["ru"] == token


def own(tmp_path: Path, text: str) -> Catalog:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return Catalog.load(path)


def test_operator_file_adds_models_and_overrides_fields(tmp_path: Path) -> None:
    catalog = own(
        tmp_path,
        "[ours]\ntask = 'translation'\npairs = ['en-lv']\n"
        "[opus-en-ru]\nrevision = 'main'\npreference = 1\n",
    )
    assert catalog.entries["ours"].pairs == (("en", "lv"),)
    changed, built_in = catalog.entries["opus-en-ru"], BUILT_IN.entries["opus-en-ru"]
    assert (changed.revision, changed.preference) == ("main", 1)
    assert changed.repository == built_in.repository
    assert len(catalog.entries) == len(BUILT_IN.entries) + 1


def test_pairs_default_to_all_token_languages(tmp_path: Path) -> None:
    catalog = own(
        tmp_path,
        "[ours]\ntask = 'translation'\nlanguage_tokens = 'source-and-target'\n"
        "tokens = { en = 'e', lv = 'l' }\n",
    )
    assert catalog.entries["ours"].pairs == (("en", "lv"), ("lv", "en"))
    assert catalog.entries["ours"].language_tokens is LanguageTokens.SOURCE_AND_TARGET


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "not TOML"),
        ("ours = 1", "not a table"),
        ("[ours]\npairs = ['en-lv']", "task"),
        ("[ours]\ntask = 'translation'", "pairs"),
        ("[ours]\ntask = 'translation'\npairs = []", "pairs"),
        ("[ours]\ntask = 'translation'\npairs = ['english']", "not a pair"),
        ("[ours]\ntask = 'poetry'\npairs = ['en-lv']", "task"),
        ("[ours]\ntask = 'translation'\npairs = ['en-lv']\nrepo = 'x'", "repo"),
        ("['../up']\ntask = 'translation'\npairs = ['en-lv']", "id"),
        ("[opus-en-ru]\ndecoding = { beam_sise = 2 }", "beam_sise"),
        ("[opus-en-ru]\npairs = ['en-ru', 'en-uk']", "'uk'"),
    ],
)
def test_errors_are_reported_with_their_location(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CatalogError) as caught:
        own(tmp_path, text)
    assert words in str(caught.value)
    assert "own.toml" in str(caught.value)


def test_unreadable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"absent\.toml"):
        Catalog.load(tmp_path / "absent.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(CatalogError, match=r"bytes\.toml"):
        Catalog.load(tmp_path / "bytes.toml")


LETTERS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)


@given(LETTERS, LETTERS)
def test_parse_pair(source: str, target: str) -> None:
    assert parse_pair(f"{source}-{target}") == (source, target)
    assert parse_pair(f"{source}-{target}".upper()) == (source, target)


@given(st.text())
def test_invalid_pairs_are_rejected(text: str) -> None:
    try:
        source, target = parse_pair(text)
    except ValueError:
        return
    assert f"{source}-{target}" == text.lower()
