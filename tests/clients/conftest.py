"""Servers for clients of other languages, and the tools that these need."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import google.rpc
import pytest

from summsvc.config import Settings
from tests.checkpoints import pairs
from tests.running import Running, running
from tests.server.authority import Authority
from tests.test_readme import ROOT, example

PAGE = "docs/how-to/clients.md"
GOOGLEAPIS = Path(next(iter(google.rpc.__path__))).parents[1]
SENTENCE, TRANSLATION = pairs("en-ru")[1]
"""A sentence of the trained model, and its translation."""


def require(*tools: str | Path) -> None:
    """Skip the test unless the tools are installed; scripts/clients requires them."""
    missing = [each for each in tools if shutil.which(each) is None and not Path(each).exists()]
    if missing and "SUMMSVC_CLIENTS" in os.environ:
        pytest.fail(f"not installed: {missing}")
    if missing:
        pytest.skip(f"scripts/clients installs {missing}")


def run(
    *command: str | Path,
    cwd: Path = ROOT,
    code: int = 0,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command that exits with a code; return its output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Secure:
    """A server with TLS that asks for a token. ca: file of the authority that clients trust."""

    address: str
    ca: Path
    token: str


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("secure")
    authority, token = Authority(folder / "authority"), "0123456789abcdef"
    identity = authority.sign("server")
    (folder / "tokens.txt").write_text(f"{token}\n")
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=folder / "models",
        tls_cert=identity.cert,
        tls_key=identity.key,
        token_file=folder / "tokens.txt",
    )
    with running(settings) as server:
        yield Secure(f"localhost:{server.server.port}", authority.cert, token)


@pytest.fixture(scope="session")
def plain_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """A server with TLS and without tokens."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder / "authority")
    identity = authority.sign("server")
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=folder / "models",
        tls_cert=identity.cert,
        tls_key=identity.key,
    )
    with running(settings) as server:
        yield Secure(f"localhost:{server.server.port}", authority.cert, "")


@pytest.fixture
def service_config(tmp_path: Path) -> Path:
    """The service config as the page shows it, in a file."""
    file = tmp_path / "service_config.json"
    file.write_text(example(PAGE, "json", "retryPolicy"), "utf-8")
    return file


def cancelled_streams(server: Running) -> float:
    """Calls of StreamTranslate that have ended with CANCELLED, as the server counts them."""
    method = "/summsvc.v1.TranslationService/StreamTranslate"
    prefix = f'summsvc_calls_total{{code="CANCELLED",method="{method}"}} '
    url = f"http://127.0.0.1:{server.server.metrics_port}/metrics"
    with urllib.request.urlopen(url) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.removeprefix(prefix)) for line in lines if line.startswith(prefix))
