"""Catalog: built-in entries and the operator's catalog file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.engines.base import LanguageTokens, Task
from summsvc.models.catalog import Catalog, CatalogEntry, CatalogError, parse_pair

BUILT_IN = Catalog.load()


FROM_HUB = [id for id, entry in BUILT_IN.entries.items() if not entry.files]
PUBLISHED = [id for id, entry in BUILT_IN.entries.items() if entry.files]


@pytest.mark.parametrize("id", FROM_HUB)
def test_every_entry_of_the_hub_is_complete(id: str) -> None:
    entry = BUILT_IN.entries[id]
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.repository)
    assert entry.size_bytes > 100_000_000
    assert entry.source == f"https://huggingface.co/{entry.repository}"


STUDENTS = {
    "firefox-en-lt": ("base-memory", "enlt"),
    "firefox-en-lt-tiny": ("tiny", "enlt"),
    "firefox-en-ru": ("base-memory", "enru"),
    "firefox-en-ru-base": ("base", "enru"),
    "firefox-en-ru-tiny": ("tiny", "enru"),
    "firefox-lt-en-tiny": ("tiny", "lten"),
    "firefox-ru-en-tiny": ("tiny", "ruen"),
}


def test_all_students_are_known() -> None:
    assert list(STUDENTS) == PUBLISHED


@pytest.mark.parametrize("id", PUBLISHED)
def test_every_published_entry_is_pinned(id: str) -> None:
    entry = BUILT_IN.entries[id]
    kind, pair = STUDENTS[id]
    assert entry.base_url == (
        "https://media.githubusercontent.com/media/mozilla/firefox-translations-models/"
        f"{entry.revision}/models/{kind}/{pair}"
    )
    assert entry.newest[0] == kind
    assert "".join(entry.pairs[0]) == pair
    assert [file.name for file in entry.files] == [
        f"model.{pair}.intgemm.alphas.bin.gz",
        f"vocab.{pair}.spm.gz",
        f"lex.50.50.{pair}.s2t.bin.gz",
    ]
    model = entry.files[0]
    assert model.size < model.unpacked_size < 2 * model.size
    assert re.fullmatch(r"[0-9a-f]{64}", model.unpacked_sha256)
    assert entry.size_bytes == sum(file.size for file in entry.files)
    assert len({file.sha256 for file in entry.files}) == 3
    assert entry.license.spdx_id == "MPL-2.0"
    assert entry.license.text.startswith("Mozilla Public License Version 2.0")
    assert {score.metric for score in entry.scores} == {"BLEU", "COMET"}


def test_default_models() -> None:
    def ordered(pair: tuple[str, str]) -> list[str]:
        able = [
            entry
            for entry in BUILT_IN.entries.values()
            if entry.task is Task.TRANSLATION and pair in entry.pairs
        ]
        return [entry.id for entry in sorted(able, key=lambda entry: -entry.preference)][:4]

    assert ordered(("en", "ru"))[:3] == ["firefox-en-ru", "firefox-en-ru-base", "opus-en-ru"]
    assert ordered(("en", "lt"))[:3] == ["firefox-en-lt", "opus-en-lt", "firefox-en-lt-tiny"]
    assert ordered(("ru", "en"))[:2] == ["opus-ru-en", "firefox-ru-en-tiny"]
    assert ordered(("lt", "en"))[:2] == ["opus-lt-en", "firefox-lt-en-tiny"]


@pytest.mark.parametrize("id", list(BUILT_IN.entries))
def test_every_entry_is_complete(id: str) -> None:
    entry = BUILT_IN.entries[id]
    assert re.fullmatch(r"[0-9a-f]{40}", entry.revision), "a branch may change overnight"
    assert entry.license.spdx_id or entry.license.note
    assert ("-NC-" in entry.license.spdx_id) == entry.license.non_commercial
    assert entry.title
    assert entry.architecture
    assert entry.reason
    assert entry.revision in entry.source or entry.repository in entry.source


@pytest.mark.parametrize("id", list(BUILT_IN.entries))
def test_every_entry_is_documented(id: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "models.md").read_text("utf-8")
    entry = BUILT_IN.entries[id]
    assert f"`{id}`" in text
    assert entry.repository in text
    assert entry.base_url.rpartition("/models/")[2] in text


def size(entry: CatalogEntry) -> str:
    if entry.size_bytes >= 1e9:
        return f"{entry.size_bytes / 1e9:.1f} GB"
    return f"{entry.size_bytes / 1e6:.{0 if entry.size_bytes >= 1e8 else 1}f} MB"


def quality(entry: CatalogEntry, test_set: str) -> str:
    """The cell with the scores on a test set; of several pairs, each with its name."""
    cells = []
    for pair in entry.pairs:
        name = f"{test_set} {'-'.join(pair)}"
        values = {each.metric: each.value for each in entry.scores if each.test_set == name}
        if values:
            cell = f"{values['BLEU']:.1f}"
            cell += f" / {values['COMET']:.3f}" if "COMET" in values else ""
            cells.append(f"{'-'.join(pair)} {cell}" if len(entry.pairs) > 1 else cell)
    return ", ".join(cells)


def test_the_table_of_translation_models_is_that_of_the_catalog() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "models.md").read_text("utf-8")
    table = text.partition("## Which model")[2].partition("\n\nThe **default**")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[4:]]
    best = {
        pair: max(
            (entry for entry in BUILT_IN.entries.values() if pair in entry.pairs),
            key=lambda entry: entry.preference,
        ).id
        for pair in [("en", "ru"), ("en", "lt"), ("ru", "en"), ("lt", "en")]
    }
    expected = {}
    for id, entry in BUILT_IN.entries.items():
        if entry.task is Task.TRANSLATION:
            pairs = ", ".join(" to ".join(pair) for pair in entry.pairs)
            restricted = ", **not for commercial use**" if entry.license.non_commercial else ""
            expected[f"`{id}`"] = [
                "en, ru, lt" if len(entry.pairs) > 1 else pairs,
                "default" if id in best.values() else "",
                size(entry),
                quality(entry, "flores101-devtest"),
                quality(entry, "newstest2019"),
                entry.license.spdx_id + restricted,
            ]
    # The column before the licence is the speed, which is measured here.
    assert {row[0]: [*row[1:6], row[7]] for row in rows} == expected


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
        pytest.param(f"a = {'9' * 5_000}", "not TOML", id="number"),
        ("ours = 1", "not a table"),
        ("[ours]\npairs = ['en-lv']", "task"),
        ("[ours]\ntask = 'translation'", "pairs"),
        ("[ours]\ntask = 'translation'\npairs = []", "pairs"),
        ("[ours]\ntask = 'translation'\npairs = ['english']", "not a pair"),
        ("[ours]\ntask = 'translation'\npairs = 3", "not a list of pairs"),
        ("[ours]\ntask = 'translation'\npairs = [3]", "pairs"),
        ("[ours]\ntask = 'translation'\ntokens = 3", "pairs"),
        ("[ours]\ntask = 'poetry'\npairs = ['en-lv']", "task"),
        ("[ours]\ntask = 'translation'\npairs = ['en-lv']\nrepo = 'x'", "repo"),
        ("['../up']\ntask = 'translation'\npairs = ['en-lv']", "id"),
        ("[opus-en-ru]\ndecoding = { beam_sise = 2 }", "beam_sise"),
        ("[opus-en-ru]\npairs = ['en-ru', 'en-uk']", "'uk'"),
        ("[opus-en-ru]\nbase_url = 'https://a/b'", "exclude each other"),
        ("[firefox-en-ru]\nbase_url = ''", "belong together"),
        ("[firefox-en-ru]\nfiles = []", "belong together"),
        ("[firefox-en-ru]\nbase_url = 'ftp://a/b'", "base_url"),
        ("[firefox-en-ru]\nfiles = 3", "files"),
        ("[firefox-en-ru]\nfiles = [3]", "files"),
        ("[firefox-en-ru]\nfiles = [{ name = '../a', size = 1, sha256 = '' }]", "name"),
        ("[firefox-en-ru]\nfiles = [{ name = 'a', size = 1 }]", "size and sha256 of a"),
        (
            f"[firefox-en-ru]\nfiles = [{{ name = 'a', size = 1, sha256 = '{'0' * 64}' }}, "
            f"{{ name = 'a.gz', size = 1, sha256 = '{'0' * 64}' }}]",
            "a name twice",
        ),
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
