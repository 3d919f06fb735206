"""Settings: defaults, descriptions, groups and combinations that are rejected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from summsvc.config import SETTING_GROUPS, Settings, SettingsError, load_settings


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


def test_groups_start_at_existing_settings() -> None:
    assert set(SETTING_GROUPS) <= set(Settings.model_fields)
    assert next(iter(Settings.model_fields)) in SETTING_GROUPS


def test_every_setting_has_a_description() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
