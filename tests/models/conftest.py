"""An empty store, and a hub-layout folder to add to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from summsvc.models.store.store import Store
from tests.models.folders import checkpoint


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return checkpoint(tmp_path / "source")
