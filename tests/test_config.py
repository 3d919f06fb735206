"""Settings from files, environment and flags."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.config import ENV_PREFIX, GROUPS, Settings, SettingsError, load_settings


def load(**flags: Any) -> Settings:
    return load_settings(flags=flags, environ={})


@pytest.fixture
def toml(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "summsvc.toml"
        path.write_text(text)
        return path

    return write


def test_flag_beats_environment_beats_file_beats_default(toml: Any) -> None:
    path = toml("port = 1\nthreads = 1\nworkers = 1")
    env = {"SUMMSVC_PORT": "2", "SUMMSVC_THREADS": "2"}
    settings = load_settings(path, {"port": "3"}, env)
    assert (settings.port, settings.threads, settings.workers) == (3, 2, 1)
    assert settings.drain_s == 25


def test_a_setting_that_is_overridden_is_not_looked_at(toml: Any) -> None:
    assert load_settings(toml('port = "no"'), {}, {"SUMMSVC_PORT": "7"}).port == 7


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


def test_the_environment_is_the_process_own_unless_given(monkeypatch: Any) -> None:
    monkeypatch.setenv("SUMMSVC_PORT", "1234")
    assert load_settings().port == 1234
    assert Settings().port == 50051


def test_variables_of_the_client_are_left_alone() -> None:
    env = {"SUMMSVC_SERVER": "a:1", "SUMMSVC_TOKEN": "t", "SUMMSVC_VENV": "x", "HOST": "y"}
    assert load_settings(environ=env) == load_settings(environ={})


@pytest.mark.parametrize(
    ("env", "complaint"),
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
        ({"MODEL_DIR": ""}, "model_dir: must not be empty"),
    ],
)
def test_a_bad_value_is_named_with_its_setting_and_source(
    env: dict[str, str], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_settings(environ={ENV_PREFIX + key: value for key, value in env.items()})


def test_every_culprit_is_named_at_once_with_its_own_source(toml: Any) -> None:
    path = toml("threads = 0")
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {"port": "x"}, {"SUMMSVC_WORKERS": "-1"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert any(line.startswith("port") and "(from --port)" in line for line in lines)
    assert any(line.startswith("workers") and "(from SUMMSVC_WORKERS)" in line for line in lines)
    assert any(line.startswith("threads") and f"(from {path})" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prot = 1", "no setting 'prot'; did you mean port"),
        ("zzz = 1", "no setting 'zzz'; docs/settings.md lists them"),
        ("[server]\nport = 1", "no setting 'server'"),
        ("port = ", "not TOML: "),
        ("port = 1\nport = 2", "not TOML: "),
    ],
)
def test_a_file_that_is_wrong_is_named(toml: Any, text: str, complaint: str) -> None:
    path = toml(text)
    with pytest.raises(SettingsError, match=f"{path.name}: .*{complaint}"):
        load_settings(path, environ={})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.toml: no such file"):
        load_settings(tmp_path / "gone.toml", environ={})
    (tmp_path / "latin.toml").write_bytes(b'host = "\xe9"')
    with pytest.raises(SettingsError, match=r"latin\.toml: not UTF-8 at byte 8"):
        load_settings(tmp_path / "latin.toml", environ={})


def test_empty_stands_for_no_file_and_no_pivot() -> None:
    env = {"SUMMSVC_TLS_CERT": "", "SUMMSVC_TOKEN_FILE": "", "SUMMSVC_PIVOT_LANGUAGE": ""}
    settings = load_settings(environ=env)
    assert (settings.tls_cert, settings.token_file, settings.pivot_language) == (None, None, "")


def test_tls_settings_that_do_not_fit_together(tmp_path: Path) -> None:
    pem = tmp_path / "a.pem"
    pem.touch()
    with pytest.raises(SettingsError, match="tls_cert and tls_key go together"):
        load(tls_cert=str(pem))
    with pytest.raises(SettingsError, match="tls_client_ca needs"):
        load(tls_client_ca=str(pem))
    assert load(tls_cert=str(pem), tls_key=str(pem), tls_client_ca=str(pem)).tls_key == pem


def test_the_store_follows_the_base_directories(monkeypatch: Any) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert load().model_dir == Path("/data/summsvc/models")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert load().model_dir == Path("/home/someone/.local/share/summsvc/models")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1


def test_groups_begin_at_settings_that_exist() -> None:
    assert set(GROUPS) <= set(Settings.model_fields)
    assert next(iter(Settings.model_fields)) in GROUPS


def test_every_setting_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@given(st.dictionaries(st.sampled_from(sorted(Settings.model_fields)), st.text()))
def test_any_text_gives_settings_or_a_settings_error(values: dict[str, str]) -> None:
    env = {ENV_PREFIX + name.upper(): text for name, text in values.items()}
    with suppress(SettingsError):
        load_settings(environ=env)
