"""The examples of the README are run as they stand, but for the server's address."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import google.rpc
import pytest

from tests.running import Running

ROOT = Path(__file__).parents[1]
SENTENCE = "The president met the mayor in Riga on Friday."


def example(language: str, containing: str) -> str:
    """The one fenced block of that language that contains a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return str(found)


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python(bare_server: Running) -> None:
    code = example("python", "Client(").replace("localhost:50051", bare_server.address)
    printed = run([sys.executable, "-W", "error", "-c", code])
    assert printed.startswith(SENTENCE)
    assert "Span(start=0, end=46)" in printed


def test_grpcurl(bare_server: Running) -> None:
    command = example("sh", "grpcurl").replace("localhost:50051", bare_server.address)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    assert f'"summary": "{SENTENCE}"' in run(["bash", "-c", command], PATH=path)


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node.js and npm")
def test_javascript(bare_server: Running) -> None:
    # Packages are looked up from the folder of the script, so it lies beside them.
    folder = ROOT / ".cache" / "node"
    if not (folder / "node_modules").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        packages = ["@grpc/grpc-js@1", "@grpc/proto-loader@0"]
        run(["npm", "install", "--silent", "--no-audit", "--prefix", str(folder), *packages])
    script = folder / "example.js"
    script.write_text(example("js", "grpc-js").replace("localhost:50051", bare_server.address))
    googleapis = str(Path(next(iter(google.rpc.__path__))).parents[1])
    assert run(["node", str(script)], GOOGLEAPIS=googleapis).strip() == SENTENCE


@pytest.mark.parametrize("command", ["scripts/demo", "scripts/test"])
def test_the_two_commands_exist(command: str) -> None:
    assert command in (ROOT / "README.md").read_text()
    assert os.access(ROOT / command, os.X_OK)


def test_links_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
