"""``summsvc top`` against real servers, with and without metrics."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from summsvc.client import Client
from tests.cli.conftest import Summsvc
from tests.cli.pseudo_terminal import INTERRUPT, on_terminal
from tests.running import Running


@pytest.fixture
def busy(translating_server: Running) -> tuple[Summsvc, str]:
    """The command at a server that has answered a call, and the address of its metrics."""
    with Client(translating_server.address) as client:
        client.translate("The president met the mayor in Riga on Friday.", "ru")
    port = translating_server.server.metrics_port
    return Summsvc(translating_server.address), f"http://127.0.0.1:{port}/metrics"


def test_once_as_json(busy: tuple[Summsvc, str]) -> None:
    summsvc, url = busy
    done = summsvc("top", "--once", "--json", "--interval", "0.2", "--metrics", url)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    facts = json.loads(line)
    assert facts["metrics"] == "read"
    states = {model["id"]: model["state"] for model in facts["models"]}
    assert states["opus-en-ru"] == "ready"
    models = {model["model"]: model for model in facts["activity"]["models"]}
    assert models["opus-en-ru"]["queued_requests"] == 0
    assert facts["activity"]["memory_mb"] > 1
    methods = {method["method"] for method in facts["activity"]["methods"]}
    assert "Translate" in " ".join(methods)


def test_without_metrics_it_says_what_is_missing(summsvc: Summsvc) -> None:
    done = summsvc("top", "--once", "--interval", "0.1", "--metrics", "http://127.0.0.1:9/metrics")
    assert done.returncode == 0
    assert "the metrics are missing" in done.stdout
    assert "http://127.0.0.1:9/metrics cannot be read" in " ".join(done.stdout.split("\n"))
    assert "no model is installed" in done.stdout


@pytest.mark.parametrize("key", ["q", INTERRUPT])
def test_a_key_ends_the_live_screen(busy: tuple[Summsvc, str], key: str) -> None:
    summsvc, url = busy
    # The heading of methods is there as soon as two samples were taken.
    seen = on_terminal("top", "--metrics", url, env=summsvc.env, keys=key, after="METHOD")
    assert seen.code == (0 if key == "q" else 130)
    assert "\x1b[?1049h" in seen.raw
    assert seen.raw.rstrip().endswith("\x1b[?25h") or "\x1b[?1049l" in seen.raw
    assert "opus-en-ru" in seen.text


def test_a_pipe_needs_once_or_json(summsvc: Summsvc) -> None:
    done = summsvc("top")
    assert (done.returncode, done.stdout) == (2, "")
    assert "use --once or --json" in done.stderr


def test_no_server(summsvc: Summsvc) -> None:
    done = summsvc("top", "--once", "--server", "127.0.0.1:9")
    assert (done.returncode, done.stdout) == (3, "")


def test_the_live_screen_names_the_extra_that_it_needs(summsvc: Summsvc) -> None:
    code = (
        "import sys; sys.modules['rich'] = None; sys.modules['rich.console'] = None\n"
        "from unittest import mock\n"
        "from summsvc.cli import main\n"
        "sys.argv = ['summsvc', 'top']\n"
        "with mock.patch.object(sys.stdout, 'isatty', lambda: True): main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=summsvc.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'summsvc[cli]'" in done.stderr
