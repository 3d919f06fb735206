"""scripts/demo, with and without its translation models."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.checkpoints.article import ARTICLE

ROOT = Path(__file__).parents[1]


def demo(model_dir: Path, *flags: str) -> str:
    environment = {
        **os.environ,
        "SUMMSVC_MODEL_DIR": str(model_dir),
        "SUMMSVC_VENV": str(Path(sys.prefix)),
        # Nothing is fetched in a test; the message must be that of a hub out of reach.
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [str(ROOT / "scripts/demo"), *flags],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_with_models_it_prints_summary_and_both_translations(model_dir: Path) -> None:
    printed = demo(model_dir)
    assert ARTICLE[1][0] in printed
    assert "Language: en" in printed
    assert ARTICLE[1][1] in printed
    assert ARTICLE[1][2] in printed


def test_without_models_it_says_what_is_missing_and_goes_on(tmp_path: Path) -> None:
    printed = demo(tmp_path)
    assert "about 484 MB" in printed
    assert "CC-BY-4.0" in printed
    assert "cannot be reached" in printed
    assert ARTICLE[1][0] in printed
    assert "summsvc models pull opus-en-ru" in printed


def test_no_pull_does_not_try(tmp_path: Path) -> None:
    printed = demo(tmp_path, "--no-pull")
    assert "Installing" not in printed
    assert ARTICLE[1][0] in printed
