"""Parsing of setting values from text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from summsvc.config import SettingsError, load_settings
from summsvc.config.values import split_address


def test_lists_and_tables_are_equal_from_all_sources(toml: Callable[[str], Path]) -> None:
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


def test_empty_text_means_no_file_and_no_pivot() -> None:
    env = {"SUMMSVC_TLS_CERT": "", "SUMMSVC_TOKEN_FILE": "", "SUMMSVC_PIVOT_LANGUAGE": ""}
    settings = load_settings(environ=env)
    assert (settings.tls_cert, settings.token_file, settings.pivot_language) == (None, None, "")


def test_the_address_of_a_collector_has_a_scheme() -> None:
    assert load_settings(environ={"SUMMSVC_TRACING_ENDPOINT": ""}).tracing_endpoint == ""
    with pytest.raises(SettingsError, match="must begin with http"):
        load_settings(environ={"SUMMSVC_TRACING_ENDPOINT": "collector:4317"})


def test_none_and_empty_text_preload_no_model() -> None:
    assert load_settings(environ={"SUMMSVC_PRELOAD": "none"}).preload == []
    assert load_settings(environ={"SUMMSVC_PRELOAD": ""}).preload == []


def test_addresses_of_the_web_page() -> None:
    for text in ("", "127.0.0.1:8080", "localhost:0", "[::1]:8080", "news.example:65535"):
        assert load_settings(environ={"SUMMSVC_WEB": text}).web == text
    assert split_address("[2001:db8::7]:80") == ("2001:db8::7", 80)
    for text in ("8080", ":80", "localhost", "::1:80", "[::1]", "a:b", "a:65536", "a:-1", "[]:1"):
        with pytest.raises(SettingsError, match="web: "):
            load_settings(environ={"SUMMSVC_WEB": text})


def test_host_names_have_no_port() -> None:
    names = load_settings(environ={"SUMMSVC_WEB_HOSTS": "a.example, b"}).web_hosts
    assert names == ("a.example", "b")
    with pytest.raises(SettingsError, match="not a host name"):
        load_settings(environ={"SUMMSVC_WEB_HOSTS": "a.example:80"})
