"""Every architecture, installed as an operator would."""

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
    """A store with every family's checkpoint, under the family's name."""
    # Two at a time, where there are two cores; of no effect when they are there.
    command = [sys.executable, "-m", "tests.checkpoints", *FAMILIES]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True)
    store = Store(tmp_path_factory.mktemp("architectures") / "store")
    for name in FAMILIES:
        install(store, name)
    return store
