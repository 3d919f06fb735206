"""scripts/demo, with and without its translation models."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.checkpoints import marian
from tests.checkpoints.article import ARTICLE
from tests.models.hub import COMMIT
from tests.models.hub import serving as serving_hub
from tests.models.published import files_in_toml, packed_student
from tests.models.web import serving as serving_web

ROOT = Path(__file__).parents[1]


NOWHERE = "http://127.0.0.1:9"


def demo(model_dir: Path, *flags: str, **changes: str) -> str:
    environment = {
        **os.environ,
        "SUMMSVC_MODEL_DIR": str(model_dir),
        "SUMMSVC_VENV": str(Path(sys.prefix)),
        # Nothing is fetched in a test; the messages must be those of servers out of reach.
        "SUMMSVC_MODEL_MIRROR": NOWHERE,
        "HF_HUB_OFFLINE": "1",
        **changes,
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
    for words in (
        "Pulling the student firefox-en-ru (about 25 MB)",
        "about 23.8 MB",
        "MPL-2.0",
        f"{NOWHERE} cannot be reached",
        "Pulling opus-en-ru from the model hub instead (about 480 MB)",
        "about 484 MB",
        "CC-BY-4.0",
        "HF_HUB_OFFLINE is set",
        "No model into 'ru' could be installed",
        "summsvc models pull firefox-en-ru",
    ):
        assert words in printed
    assert ARTICLE[1][0] in printed


def test_it_pulls_the_students(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.toml"
    with serving_web() as web, catalog.open("w") as file:
        for pair in ("en-ru", "en-lt"):
            packed = packed_student(pair)
            base = f"https://files.example/{pair}"
            file.write(f"[firefox-{pair}]\nbase_url = '{base}'\nfiles = {files_in_toml(packed)}\n")
            for name, content in packed.items():
                web.put(f"{base}/{name}", content)
        file.close()
        printed = demo(
            tmp_path / "store",
            SUMMSVC_MODEL_MIRROR=web.endpoint,
            SUMMSVC_CATALOG_FILE=str(catalog),
        )
    assert "firefox-en-ru: installed for onnxruntime" in printed
    assert "firefox-en-lt: installed for onnxruntime" in printed
    assert "opus" not in printed
    assert "by firefox-en-ru" in printed
    assert "by firefox-en-lt" in printed


def test_it_falls_back_to_the_model_hub(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(f"[opus-en-ru]\nrepository = 'acme/tiny'\nrevision = '{COMMIT}'\n")
    with serving_hub(marian("en-ru")) as hub:
        printed = demo(
            tmp_path / "store",
            HF_ENDPOINT=hub.endpoint,
            HF_HUB_OFFLINE="",
            HF_HOME=str(tmp_path / "hf"),
            SUMMSVC_CATALOG_FILE=str(catalog),
        )
    assert f"{NOWHERE} cannot be reached" in printed
    assert "opus-en-ru: installed for ctranslate2" in printed
    assert ARTICLE[1][1] in printed


def test_no_pull_does_not_try(tmp_path: Path) -> None:
    printed = demo(tmp_path, "--no-pull")
    assert "Installing" not in printed
    assert ARTICLE[1][0] in printed
