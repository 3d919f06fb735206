"""``summsvc models pull`` on a terminal and as JSON, from a hub on this machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, environment
from tests.cli.pseudo_terminal import on_terminal
from tests.models.folders import checkpoint
from tests.models.hub import COMMIT, serving

PULL = ("models", "pull", "tiny", "gone", "--engine", "transformers")


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables of a command whose catalog has one small model."""
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(
        "[tiny]\ntask = 'translation'\ntitle = 'A tiny model'\nrepository = 'acme/tiny'\n"
        f"revision = '{COMMIT}'\npairs = ['en-ru']\nsize_bytes = 2_000_000\n"
    )
    with serving(checkpoint(tmp_path / "hub")) as hub:
        kept = {name: text for name, text in environment().items() if not name.startswith("HF_")}
        yield kept | {
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(tmp_path / "hf"),
            "SUMMSVC_MODEL_DIR": str(tmp_path / "store"),
            "SUMMSVC_CATALOG_FILE": str(catalog),
        }


def test_a_pull_shows_what_it_does(env: dict[str, str]) -> None:
    seen = on_terminal(*PULL, env=env, columns=120)
    assert seen.code == 1
    assert "tiny (1 of 2): A tiny model, about 2.0 MB" in seen.text
    assert "100%" in seen.text
    assert "tiny: converting and checking" in seen.text
    assert "tiny: installed for transformers" in seen.text
    # What is installed already is not converted again.
    again = on_terminal(*PULL, env=env, columns=120)
    assert "converting" not in again.text


def test_a_pull_as_json_has_a_line_per_model(env: dict[str, str]) -> None:
    done = subprocess.run(
        [COMMAND, *PULL, "--json"], env=env, capture_output=True, text=True, check=False
    )
    tiny, gone = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert (tiny["id"], tiny["state"], tiny["revision"]) == ("tiny", "installed", COMMIT)
    assert gone == {"id": "gone", "error": done.stderr.splitlines()[-1]}
    assert "A tiny model" in done.stderr
