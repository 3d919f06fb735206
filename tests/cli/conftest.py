"""Fixtures: the installed command, a real server without models, and a fake server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.fake import FakeServer

COMMAND = str(Path(sys.executable).parent / "summsvc")
SEED = next((Path(__file__).parents[2] / "seeds").glob("*.txt"))


def environment(**changes: str) -> dict[str, str]:
    """Environment of this process without those that change output, plus changes."""
    wishes = ("SUMMSVC_", "NO_COLOR", "FORCE_COLOR", "TERM")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(wishes)}
    return kept | changes


class Summsvc:
    """Runs ``summsvc`` against one server."""

    def __init__(self, server: str) -> None:
        self.env = environment(SUMMSVC_SERVER=server)

    def __call__(
        self, *args: str | Path, stdin: bytes = b"", **env: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, *map(str, args)],
            input=stdin,
            capture_output=True,
            env=self.env | env,
            timeout=60,
            check=False,
        )
        out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    def start(self, *args: str | Path, **more: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([COMMAND, *map(str, args)], env=self.env, **more)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real server without models."""
    store = tmp_path_factory.mktemp("store")
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", "0", "--metrics-port", "-1", "--model-dir", str(store)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    listening = re.fullmatch(r"listening on (\S+:\d+)\n", process.stdout.readline())
    assert listening
    yield listening[1]
    process.terminate()
    assert process.wait(60) == 0
    process.stdout.close()


@pytest.fixture
def summsvc(server: str) -> Summsvc:
    return Summsvc(server)


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def at_fake(fake: FakeServer) -> Summsvc:
    return Summsvc(fake.address)
