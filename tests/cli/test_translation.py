"""End-to-end translation with the command line: models add, verify, serve, translate."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkpoints import marian, student
from tests.checkpoints.article import ARTICLE
from tests.conftest import SEED

SUMMSVC = str(Path(sys.executable).parent / "summsvc")


def summsvc(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SUMMSVC, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module", params=["ctranslate2", "transformers", "onnxruntime"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of a server whose models were added for one engine."""
    store = str(tmp_path_factory.mktemp("store"))
    for language in ("ru", "lt"):
        options = ["--id", f"opus-en-{language}", "--engine", request.param]
        folder = marian(f"en-{language}")
        if request.param == "onnxruntime":
            options = ["--id", f"student-en-{language}", "--task", "translation"]
            folder = student(f"en-{language}")
        added = summsvc("models", "add", str(folder), *options, SUMMSVC_MODEL_DIR=store)
        assert added.returncode == 0, added.stderr
    verified = summsvc("models", "verify", SUMMSVC_MODEL_DIR=store)
    assert verified.returncode == 0, verified.stderr
    server = subprocess.Popen(
        [SUMMSVC, "serve", "--port", "0", "--metrics-port", "-1", "--preload", "all",
         "--model-dir", store],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    line = server.stdout.readline()
    assert line.startswith("listening on ")
    yield line.removeprefix("listening on ").strip()
    server.send_signal(signal.SIGTERM)
    _, log = server.communicate(timeout=60)
    assert server.returncode == 0
    assert SEED.read_text()[600:640] not in log
    assert '"engine failed"' not in log


@pytest.mark.parametrize(("language", "column"), [("ru", 1), ("lt", 2)])
@pytest.mark.parametrize("stream", [[], ["--stream"]])
def test_the_seed_is_translated(served: str, language: str, column: int, stream: list[str]) -> None:
    done = summsvc("translate", str(SEED), "--to", language, "--server", served, *stream)
    assert done.returncode == 0, done.stderr
    known = [row[column] for row in ARTICLE]
    said = sum(sentence in done.stdout for sentence in known)
    assert said >= 0.95 * len(known)


def test_json_names_the_engine(served: str) -> None:
    done = summsvc("translate", str(SEED), "--to", "lt", "--server", served, "--json")
    reply = json.loads(done.stdout)
    assert reply["models"][0]["engine"] in ("ctranslate2", "transformers", "onnxruntime")
    assert reply["language"]["code"] == "en"
