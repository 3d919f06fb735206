"""Loading of settings: precedence of sources, and errors with setting and source."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.config import ENV_PREFIX, Settings, SettingsError, load_settings

WriteToml: TypeAlias = Callable[[str], Path]


def test_flag_overrides_environment_overrides_file_overrides_default(toml: WriteToml) -> None:
    path = toml("port = 1\nthreads = 1\nworkers = 1")
    env = {"SUMMSVC_PORT": "2", "SUMMSVC_THREADS": "2"}
    settings = load_settings(path, {"port": "3"}, env)
    assert (settings.port, settings.threads, settings.workers) == (3, 2, 1)
    assert settings.drain_s == 25


def test_an_overridden_value_is_not_validated(toml: WriteToml) -> None:
    assert load_settings(toml('port = "no"'), {}, {"SUMMSVC_PORT": "7"}).port == 7


def test_the_default_environment_is_os_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMSVC_PORT", "1234")
    assert load_settings().port == 1234
    assert Settings().port == 50051


def test_variables_of_the_client_are_ignored() -> None:
    env = {"SUMMSVC_SERVER": "a:1", "SUMMSVC_TOKEN": "t", "SUMMSVC_VENV": "x", "HOST": "y"}
    assert load_settings(environ=env) == load_settings(environ={})


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"PORT": "70000"}, "port: .*65535.*70000.* \\(from SUMMSVC_PORT\\)"),
        ({"PORT": "many"}, "port: .*integer.*'many' \\(from SUMMSVC_PORT\\)"),
        ({"LOG_LEVEL": "loud"}, "log_level: .*'warning'.*'loud'"),
        ({"DRAIN_S": "nan"}, "drain_s: .*finite"),
        ({"DRAIN_S": "inf"}, "drain_s: .*finite"),
        ({"DRAIN_S": "-1"}, "drain_s: "),
        ({"REFLECTION": "perhaps"}, "reflection: .*boolean"),
        ({"DEFAULT_MODELS": "en-ru"}, "default_models: 'en-ru' is not of the form"),
        ({"DEFAULT_MODELS": "en=a,en=b"}, "default_models: 'en' is given twice"),
        ({"TOKEN_FILE": "/no/where"}, "token_file: no such file: /no/where"),
        ({"HOST": ""}, "host: must not be empty"),
        pytest.param(
            {"DEFAULT_MODELS": "\udcff"},
            "default_models: not valid UTF-8 \\(from SUMMSVC_DEFAULT",
            id="bytes",
        ),
        ({"MODEL_DIR": ""}, "model_dir: must not be empty"),
    ],
)
def test_an_invalid_value_is_reported_with_setting_and_source(
    env: dict[str, str], expected: str
) -> None:
    with pytest.raises(SettingsError, match=expected):
        load_settings(environ={ENV_PREFIX + key: value for key, value in env.items()})


def test_all_invalid_settings_are_reported_at_once_with_their_sources(toml: WriteToml) -> None:
    path = toml("threads = 0")
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {"port": "x"}, {"SUMMSVC_WORKERS": "-1"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert any(line.startswith("port") and "(from --port)" in line for line in lines)
    assert any(line.startswith("workers") and "(from SUMMSVC_WORKERS)" in line for line in lines)
    assert any(line.startswith("threads") and f"(from {path})" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prot = 1", "no setting 'prot'; did you mean port"),
        ("zzz = 1", "no setting 'zzz'; docs/reference/settings.md lists all settings"),
        ("[server]\nport = 1", "no setting 'server'"),
        ("port = ", "not TOML: "),
        ("port = 1\nport = 2", "not TOML: "),
        pytest.param(f"port = {'9' * 5_000}", "not TOML: ", id="number"),
    ],
)
def test_an_invalid_file_is_named_in_the_error(toml: WriteToml, text: str, expected: str) -> None:
    path = toml(text)
    with pytest.raises(SettingsError, match=f"{path.name}: .*{expected}"):
        load_settings(path, environ={})


def test_an_unreadable_file_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.toml: no such file"):
        load_settings(tmp_path / "gone.toml", environ={})
    (tmp_path / "latin.toml").write_bytes(b'host = "\xe9"')
    with pytest.raises(SettingsError, match=r"latin\.toml: not UTF-8 at byte 8"):
        load_settings(tmp_path / "latin.toml", environ={})


@given(st.dictionaries(st.sampled_from(sorted(Settings.model_fields)), st.text()))
def test_any_text_gives_settings_or_a_settings_error(values: dict[str, str]) -> None:
    env = {ENV_PREFIX + name.upper(): text for name, text in values.items()}
    with suppress(SettingsError):
        load_settings(environ=env)
