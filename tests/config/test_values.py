"""Values written as text, and what must exist."""

from __future__ import annotations

from typing import Any

from summsvc.config import load_settings


def test_lists_and_tables_are_the_same_from_everywhere(toml: Any) -> None:
    path = toml('preload = ["a", "b"]\ndefault_models = { en-ru = "a", en = "b" }')
    env = {"SUMMSVC_PRELOAD": " a, b ,", "SUMMSVC_DEFAULT_MODELS": "en-ru=a, en=b"}
    flags = {"preload": "a,b", "default_models": "en-ru=a,en=b"}
    for settings in (
        load_settings(path, environ={}),
        load_settings(environ=env),
        load_settings(flags=flags, environ={}),
    ):
        assert settings.preload == ["a", "b"]
        assert settings.default_models == {"en-ru": "a", "en": "b"}


def test_empty_stands_for_no_file_and_no_pivot() -> None:
    env = {"SUMMSVC_TLS_CERT": "", "SUMMSVC_TOKEN_FILE": "", "SUMMSVC_PIVOT_LANGUAGE": ""}
    settings = load_settings(environ=env)
    assert (settings.tls_cert, settings.token_file, settings.pivot_language) == (None, None, "")


def test_no_model_is_preloaded_when_told_none() -> None:
    assert load_settings(environ={"SUMMSVC_PRELOAD": "none"}).preload == []
    assert load_settings(environ={"SUMMSVC_PRELOAD": ""}).preload == []
