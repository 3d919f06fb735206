"""The base installation: the clients and the commands that call a server, and nothing more."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.base_environment import distributions
from tests.running import Running

COMMAND = "import tests.base_environment as base; base.restrict(); "
ARTICLE = "The president met the mayor in Riga on Friday. The talks will continue."


def python(code: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Execute code in a process that finds only the packages of the base installation."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND + code, *arguments],
        input=text,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def summsvc(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return python("from summsvc.cli import main; main()", *arguments, text=text)


def test_the_base_requires_few_packages() -> None:
    assert distributions("summsvc") == {
        "anyio",
        "click",
        "googleapis-common-protos",
        "grpcio",
        "grpcio-health-checking",
        "grpcio-status",
        "h11",
        "httpcore2",
        "httpx2",
        "idna",
        "protobuf",
        "summsvc",
        "truststore",
        "typing-extensions",
    }


@pytest.mark.parametrize("module", ["pydantic", "numpy", "ctranslate2"])
def test_other_packages_are_not_found(module: str) -> None:
    assert f"No module named '{module}'" in python(f"import {module}").stderr


def test_the_client_calls_a_server(bare_server: Running) -> None:
    code = (
        "import sys; from summsvc.client import Client\n"
        "with Client(sys.argv[1]) as client:\n"
        "    print(client.summarize(sys.argv[2], max_sentences=1).text)"
    )
    done = python(code, bare_server.address, ARTICLE)
    assert done.stdout.strip() == "The president met the mayor in Riga on Friday.", done.stderr


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["summarize", "-", "--sentences", "1"], "The president met the mayor in Riga on Friday."),
        (["health"], "SERVING"),
        (["info"], "Article formats"),
        (["--help"], "Summarize articles."),
    ],
)
def test_the_commands_that_call_a_server(
    bare_server: Running, command: list[str], expected: str
) -> None:
    address = ["--server", bare_server.address] if command != ["--help"] else []
    done = summsvc(*command, *address, text=ARTICLE)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["serve"], "server"),
        (["serve", "--help"], "server"),
        (["models", "list"], "server"),
        (["evaluate", "summaries", "x.jsonl"], "evaluate"),
    ],
)
def test_a_command_that_needs_an_extra_names_it(command: list[str], extra: str) -> None:
    done = summsvc(*command)
    assert done.returncode == 1
    assert f"pip install 'summsvc[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
