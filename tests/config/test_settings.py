"""Settings: defaults, descriptions, groups and combinations that are rejected."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from summsvc.config import SETTING_GROUPS, Settings, SettingsError, load_settings
from summsvc.v1 import model_service_pb2


def load(**flags: Any) -> Settings:
    return load_settings(flags=flags, environ={})


def test_incompatible_tls_settings_are_rejected(tmp_path: Path) -> None:
    pem = tmp_path / "a.pem"
    pem.touch()
    with pytest.raises(SettingsError, match="tls_cert and tls_key go together"):
        load(tls_cert=str(pem))
    with pytest.raises(SettingsError, match="tls_client_ca needs"):
        load(tls_client_ca=str(pem))
    assert load(tls_cert=str(pem), tls_key=str(pem), tls_client_ca=str(pem)).tls_key == pem


def test_model_dir_follows_the_xdg_base_directories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert load().model_dir == Path("/data/summsvc/models")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert load().model_dir == Path("/home/someone/.local/share/summsvc/models")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1


def test_every_setting_is_in_one_group() -> None:
    grouped = [name for group in SETTING_GROUPS.values() for name in group.model_fields]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == set(Settings.model_fields)


def test_every_setting_has_a_description() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_limits_fit_the_fields_of_get_server_info() -> None:
    fields = model_service_pb2.Limits.DESCRIPTOR.fields
    assert len(fields) > 10
    for field in fields:
        if field.name in Settings.model_fields and field.cpp_type != field.CPPTYPE_DOUBLE:
            most = 2**31 - 1 if field.type == field.TYPE_INT32 else 2**63 - 1
            assert getattr(load(**{field.name: most}), field.name) == most
            with pytest.raises(SettingsError, match=field.name):
                load(**{field.name: most + 1})


def test_a_drain_has_a_limit() -> None:
    with pytest.raises(SettingsError, match="drain_s"):
        load(drain_s=1e10)


def test_a_file_is_no_model_store(tmp_path: Path) -> None:
    file = tmp_path / "models"
    file.touch()
    with pytest.raises(SettingsError, match="model_dir: not a folder"):
        load(model_dir=str(file))
    assert load(model_dir=str(tmp_path / "none yet")).model_dir == tmp_path / "none yet"


def test_deeply_nested_toml_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("port = " + "[" * 5_000)
    with pytest.raises(SettingsError, match=re.escape(str(file))):
        load_settings(file, {}, environ={})
