"""Language files: what a file may say, and how a wrong one is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import snowballstemmer

from summsvc.articles.language import known_languages
from summsvc.config import Settings, SettingsError, load_settings
from summsvc.languages import registry
from summsvc.languages.defaults import SCRIPT_BY_LANGUAGE, STEMMER_BY_LANGUAGE
from summsvc.languages.language import Abbreviations, Language, Numerals
from summsvc.languages.registry import LanguageFileError, load, packaged
from summsvc.languages.stemming import stemmer, stems, stop_words
from summsvc.server import Server


@pytest.fixture(autouse=True)
def packaged_languages_afterwards() -> Iterator[None]:
    yield
    registry.reset()


def write(folder: Path, text: str, name: str = "lv.toml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


def test_the_packaged_languages() -> None:
    assert packaged().codes == ("en", "lt", "ru")
    assert registry.current() is packaged() is load()
    for language in packaged().all():
        assert language.script
        assert language.stemmer in snowballstemmer.algorithms()
        assert language.stop_words


def test_a_language_without_a_file_has_a_script_and_a_stemmer_but_no_rules() -> None:
    german = packaged().get("de")
    assert (german.script, german.stemmer) == ("LATIN", "german")
    assert german.names.capitalised_nouns
    assert german.abbreviations == Abbreviations()
    assert packaged().get("zh") == packaged().get("") == Language()


def test_what_is_known_without_a_file_is_of_known_languages() -> None:
    assert {*SCRIPT_BY_LANGUAGE, *STEMMER_BY_LANGUAGE} <= known_languages()
    assert not {*SCRIPT_BY_LANGUAGE, *STEMMER_BY_LANGUAGE} & {*packaged().codes}
    assert {*STEMMER_BY_LANGUAGE.values()} <= {*snowballstemmer.algorithms()}


def test_an_empty_file_is_a_language_without_rules(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, ""), known=known_languages())
    assert loaded.codes == ("en", "lt", "lv", "ru")
    assert loaded.get("lv") == packaged().get("lv")
    assert loaded.get("en") == packaged().get("en")


def test_a_file_keeps_what_is_known_of_its_language_unless_it_says_otherwise(
    tmp_path: Path,
) -> None:
    write(tmp_path, "[names]\nleast = 2", "de.toml")
    write(tmp_path, 'stemmer = ""\n[names]\ncapitalised_nouns = false', "lb.toml")
    loaded = load(tmp_path)
    german, other = loaded.get("de"), loaded.get("lb")
    assert (german.script, german.stemmer) == ("LATIN", "german")
    assert (german.names.least, german.names.capitalised_nouns) == (2, True)
    assert not other.names.capitalised_nouns


def test_a_file_replaces_the_packaged_one_of_its_language(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, 'stop_words = "the"', "en.toml"))
    assert loaded.get("en").stop_words == {"the"}
    assert loaded.get("en").numerals == Numerals()
    assert loaded.get("ru").abbreviations == packaged().get("ru").abbreviations


def test_other_files_of_the_folder_are_ignored(tmp_path: Path) -> None:
    assert load(write(tmp_path, "not TOML", "README.md")).codes == packaged().codes


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("script", "not TOML: Expected '=' after a key"),
        ('stopwords = "a"', "stopwords: there is no such key"),
        ("stop_words = 1", "stop_words: must be a string of words separated by white space"),
        ('stop_words = ["a"]', "stop_words: must be a string of words separated by white space"),
        ('stop_words = "Un"', "stop_words: 'Un' must be in lower case"),
        ('script = "latin"', "script: 'latin' is not one of ARABIC, "),
        ('stemmer = "latvian"', "stemmer: there is no Snowball stemmer 'latvian'"),
        ("numerals = 1", "numerals: "),
        ('[numerals]\nmonth = "a"', "numerals.month: there is no such key"),
        ('[numerals]\nmonths = "a b"', "numerals.months: has 2 beginnings, but a year has 12"),
        ('[numerals]\nvalues = [["two", "divi"]]', "numerals.values.0.0: input should be a valid"),
        ('[numerals]\nvalues = [[2, "a"], [-3, "b"]]', "numerals.values.1.0: input should be gre"),
        ("[numerals]\ndecades = ['\\d+']", "numerals.decades.0: '\\d+' has no group named 'cent"),
        ("[noise]\nlink = ['a', '(']", "noise.link.1: '(' is not a regular expression: missing )"),
        ("[noise]\nlink = 'a'", "noise.link: input should be a valid tuple"),
        ('[names]\nopeners_alone = "yes"', "names.openers_alone: input should be a valid boolean"),
        ('[names]\nletter_folds = { "ab" = "c" }', "names.letter_folds: 'ab' is not one letter"),
        ('[names]\nkin = ["a b", ""]', "names.kin.1: "),
        ('[clauses]\nafter_comma = "k*r"', "clauses.after_comma: 'k*r' may have '*' only after"),
        ('[clauses]\nwithout_comma = "un *"', "clauses.without_comma: '*' may have '*' only after"),
        ('[clauses]\nwithout_comma = "Un"', "clauses.without_comma: 'Un' must be in lower case"),
        ("calls_to_action = ['(']", "calls_to_action.0: '(' is not a regular expression: missing"),
        ('transliteration = { "dz" = "z" }', "transliteration: 'dz' is not one letter"),
        ('transliteration = { "Ž" = "z" }', "transliteration: 'Ž' must be in lower case"),
        ('transliteration = { "ž" = "ż" }', "transliteration: 'ż' must be in lower case, of the"),
        ("[lengths.en]\noffset = 1", "lengths.en.slope: field required"),
        ('[abbreviations]\nlatin_words_from = "xx"', "abbreviations.latin_words_from: language"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_key(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(LanguageFileError) as caught:
        load(write(tmp_path, text))
    assert str(caught.value).startswith(f"{tmp_path / 'lv.toml'}: {complaint}")


@pytest.mark.parametrize("name", ["common.toml", "latvian.toml", "LV.toml", "lv-LV.toml"])
def test_a_name_that_is_no_code_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LanguageFileError, match=f"{re.escape(name)}: the name must be an ISO 639"):
        load(write(tmp_path, "", name))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "lv.toml").write_bytes(b'script = "\xff"')
    with pytest.raises(LanguageFileError, match=r"lv\.toml: not UTF-8 at byte 10"):
        load(tmp_path)


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LanguageFileError, match="none: no such file or directory"):
        load(tmp_path / "none")


def test_a_setting_without_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lv.toml").touch()
    for path in (tmp_path / "none", tmp_path / "lv.toml"):
        with pytest.raises(SettingsError, match=r"languages_dir: no such folder: .* --languages-d"):
            load_settings(flags={"languages_dir": str(path)}, environ={})
    assert load_settings(environ={"SUMMSVC_LANGUAGES_DIR": ""}).languages_dir is None


def test_a_server_refuses_a_code_that_is_never_identified(tmp_path: Path) -> None:
    settings = Settings(languages_dir=write(tmp_path, "", "xx.toml"), model_dir=tmp_path)
    with pytest.raises(SettingsError, match=r"languages_dir: .*xx\.toml: 'xx' is not a code that"):
        Server(settings)


def test_a_server_refuses_a_wrong_file_with_its_key(tmp_path: Path) -> None:
    settings = Settings(languages_dir=write(tmp_path, "[numerals]\nscale = 1"), model_dir=tmp_path)
    with pytest.raises(SettingsError, match=r"languages_dir: .*lv\.toml: numerals\.scale: there"):
        Server(settings)
    assert registry.current() is packaged()


def test_stems_follow_the_current_registry(tmp_path: Path) -> None:
    assert stems("un runs", "lv") == ["un", "runs"]
    assert stemmer("lv") is None
    registry.use(load(write(tmp_path, 'stemmer = "english"\nstop_words = "un"')))
    assert stop_words("lv") == {"un"}
    assert stems("un runs", "lv") == ["run"]
    registry.reset()
    assert stems("un runs", "lv") == ["un", "runs"]


@pytest.mark.parametrize("value", ["[" * 5_000, "9" * 5_000], ids=["nested", "number"])
def test_a_value_beyond_a_limit_of_python_is_rejected(tmp_path: Path, value: str) -> None:
    (tmp_path / "lv.toml").write_text(f"a = {value}")
    with pytest.raises(LanguageFileError, match=r"lv\.toml"):
        load(tmp_path, known={"lv"})
