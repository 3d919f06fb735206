"""Settings that only the construction of the server can check."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.config import Settings, SettingsError
from summsvc.server import Server


async def test_the_pivot_language_is_one_that_is_known(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="pivot_language: 'English' is not a language code"):
        Server(Settings(model_dir=tmp_path, pivot_language="English"))


@pytest.mark.parametrize(("code", "pivot"), [("en-GB", "en"), ("RU", "ru"), ("", "")])
async def test_the_pivot_language_is_a_bcp_47_code(tmp_path: Path, code: str, pivot: str) -> None:
    server = Server(Settings(model_dir=tmp_path, pivot_language=code))
    assert server._routes._pivot == pivot
