"""Language registry: loads the language files, and holds the current registry of the process.

The packaged files are always loaded. A server may add a folder of further files
(setting ``languages_dir``); a file there replaces the packaged file of the same
language as a whole.
"""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Container, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import snowballstemmer
from pydantic import TypeAdapter, ValidationError

from summsvc.languages.defaults import CAPITALISED_NOUNS, SCRIPT_BY_LANGUAGE, STEMMER_BY_LANGUAGE
from summsvc.languages.language import Language, Names
from summsvc.languages.noise import Noise

COMMON = "common"
"""Name of the packaged file of noise patterns that belong to no language."""

_CODE = re.compile("[a-z]{2,3}")
_ADAPTER = TypeAdapter(Language)


class LanguageFileError(Exception):
    """A language file that cannot be used; the message has the file, the key and the reason."""


class Registry:
    """Languages by ISO 639 code. Immutable, so threads may share it.

    Equality and hash are by identity: caches of compiled rules use it as a key.
    """

    def __init__(self, languages: Mapping[str, Language], common_noise: Noise) -> None:
        self._languages = dict(sorted(languages.items()))
        self._common_noise = common_noise
        self._without_file = {
            code: Language(**_defaults(code))
            for code in {*SCRIPT_BY_LANGUAGE, *STEMMER_BY_LANGUAGE, *CAPITALISED_NOUNS}
            if code not in languages
        }
        self._unknown = Language()

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the languages that have a file, sorted."""
        return tuple(self._languages)

    def get(self, code: str) -> Language:
        """The rules of a language; for one without a file, what ``defaults`` knows about it."""
        return self._languages.get(code) or self._without_file.get(code) or self._unknown

    def all(self) -> Iterator[Language]:
        """The languages that have a file, sorted by code."""
        return iter(self._languages.values())

    def noise(self) -> Iterator[Noise]:
        """The noise patterns of all languages, and those that belong to no language."""
        yield self._common_noise
        for language in self._languages.values():
            yield language.noise


def load(folder: Path | None = None, *, known: Container[str] | None = None) -> Registry:
    """Load the packaged files and those of a folder, one ``<code>.toml`` per language.

    known: codes that language identification knows; a file for another code would
    never apply, so it is an error. None: all codes are accepted. Raises
    LanguageFileError.
    """
    if folder is None:
        return packaged()
    languages = dict(_packaged_languages())
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as error:
        raise LanguageFileError(f"{folder}: {(error.strerror or str(error)).lower()}") from None
    for path in paths:
        if not _CODE.fullmatch(path.stem):
            raise LanguageFileError(f"{path}: the name must be an ISO 639 code, such as lv.toml")
        if known is not None and path.stem not in known:
            raise LanguageFileError(
                f"{path}: '{path.stem}' is not a code that language identification knows"
            )
        languages[path.stem] = _parse(_text(path), str(path), path.stem)
    for path in paths:
        other = languages[path.stem].abbreviations.latin_words_from
        if other and other not in languages:
            raise LanguageFileError(
                f"{path}: abbreviations.latin_words_from: language '{other}' has no file"
            )
    return Registry(languages, _packaged_noise())


def packaged() -> Registry:
    """The languages of this package; always the same object."""
    with _lock:
        return _packaged()


def current() -> Registry:
    """The registry that this process uses: the packaged languages until ``use`` is called."""
    global _current
    if _current is None:
        _current = packaged()
    return _current


def use(registry: Registry) -> None:
    """Make a registry the current one. Called once, before the server reads any text."""
    global _current
    _current = registry


def reset() -> None:
    """Return to the packaged languages. For tests."""
    global _current
    _current = None


_current: Registry | None = None
_lock = threading.RLock()


@cache
def _packaged() -> Registry:
    return Registry(_packaged_languages(), _packaged_noise())


@cache
def _packaged_languages() -> Mapping[str, Language]:
    return {
        name.removesuffix(".toml"): _parse(text, name, name.removesuffix(".toml"))
        for name, text in _packaged_texts()
        if name != f"{COMMON}.toml"
    }


@cache
def _packaged_noise() -> Noise:
    text = dict(_packaged_texts())[f"{COMMON}.toml"]
    return _parse(text, f"{COMMON}.toml", "").noise


def _packaged_texts() -> Iterator[tuple[str, str]]:
    for entry in files("summsvc.languages").iterdir():
        if entry.name.endswith(".toml"):
            yield entry.name, entry.read_text("utf-8")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise LanguageFileError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        raise LanguageFileError(f"{path}: not UTF-8 at byte {error.start}") from None


def _parse(text: str, where: str, code: str) -> Language:
    try:
        tables = tomllib.loads(text)
    # Deep nesting ends in RecursionError, a number of thousands of digits in ValueError.
    except (ValueError, RecursionError) as error:
        raise LanguageFileError(f"{where}: not TOML: {error}") from None
    defaults = _defaults(code)
    names = tables.get("names", {})
    if isinstance(names, dict) and isinstance(defaults.get("names"), Names):
        tables["names"] = {"capitalised_nouns": True, **names}
    try:
        language = _ADAPTER.validate_python({**defaults, **tables})
    except ValidationError as error:
        first = error.errors()[0]
        raise LanguageFileError(f"{where}: {_reason(first)}") from None
    if language.stemmer and language.stemmer not in snowballstemmer.algorithms():
        raise LanguageFileError(
            f"{where}: stemmer: there is no Snowball stemmer '{language.stemmer}'"
        )
    return language


def _defaults(code: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "script": SCRIPT_BY_LANGUAGE.get(code, ""),
        "stemmer": STEMMER_BY_LANGUAGE.get(code, ""),
    }
    if code in CAPITALISED_NOUNS:
        found["names"] = Names(capitalised_nouns=True)
    return found


def _reason(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "unexpected_keyword_argument":
        return f"{key}: there is no such key"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{key}: {message[:1].lower()}{message[1:]}"
