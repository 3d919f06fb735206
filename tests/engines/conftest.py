"""A store with every architecture, installed with the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.quality.agreement import install
from summsvc.models.store.store import Store
from tests.checkpoints import FAMILIES


@pytest.fixture(scope="session")
def architectures(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with every family's checkpoint, with the family's name as id."""
    # Build two at a time on two cores; returns at once when the checkpoints are cached.
    command = [sys.executable, "-m", "tests.checkpoints", *FAMILIES]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True)
    store = Store(tmp_path_factory.mktemp("architectures") / "store")
    for name in FAMILIES:
        install(store, name)
    return store
