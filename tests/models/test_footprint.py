"""The installed environments: their size, and that `server` can convert, serve and call.

Installs the project as its users do, so the test needs a package registry and a minute.
"""

from __future__ import annotations

import os
import subprocess
import time
import venv
from pathlib import Path

import pytest

from tests.checkpoints import marian, pairs

ROOT = Path(__file__).parents[2]
LIMITS_MB = {"": 60, "[server]": 500}
ABSENT = ("torch", "transformers")


@pytest.fixture(scope="module", params=LIMITS_MB)
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with only summsvc, an extra, and their dependencies."""
    return install(request.param, tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="module")
def server_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install("[server]", tmp_path_factory.mktemp("server"))


def install(extra: str, folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    pip = str(folder / "bin" / "pip")
    wanted = ["--quiet", "--constraint", "constraints.txt", f".{extra}"]
    subprocess.run([pip, "install", *wanted], cwd=ROOT, check=True)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_size(environment: Path, request: pytest.FixtureRequest) -> None:
    sizes: dict[str, int] = {}
    for path in environment.rglob("*"):
        if path.is_file() and not path.is_symlink():
            inside = path.relative_to(environment).parts
            package = inside[3] if inside[:1] == ("lib",) and len(inside) > 3 else inside[0]
            # Disk usage in whole blocks, as in a container image.
            sizes[package] = sizes.get(package, 0) + path.stat().st_blocks * 512
    # The image contains neither; an environment contains them before anything is installed.
    for tool in ("pip", "setuptools"):
        sizes.pop(tool)
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:12]
    total = sum(sizes.values()) / 1e6
    print(f"{total:.0f} MB:", ", ".join(f"{name} {size / 1e6:.0f}" for name, size in largest))
    extra = request.node.callspec.params["environment"]
    assert total < LIMITS_MB[extra]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_server_environment_converts_serves_and_translates(
    server_environment: Path, tmp_path: Path
) -> None:
    for name in ABSENT:
        found = subprocess.run(
            [server_environment / "bin" / "python", "-c", f"import {name}"],
            capture_output=True,
            check=False,
        )
        assert found.returncode != 0, f"{name} came along"
    environment = os.environ | {"SUMMSVC_MODEL_DIR": str(tmp_path / "models")}
    command = str(server_environment / "bin" / "summsvc")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [command, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("models", "add", str(marian("en-ru")), "--id", "opus-en-ru")
    run("models", "verify")
    known, expected = pairs("en-ru")[1]
    (tmp_path / "article.txt").write_text(known)
    serve = [command, "serve", "--port", "0", "--metrics-port", "-1", "--preload", "all"]
    with subprocess.Popen(
        serve, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().removeprefix("listening on ").strip()
            until = time.monotonic() + 60
            while True:
                asked = [command, "health", "--service", "summsvc.v1.TranslationService"]
                if not subprocess.run(
                    [*asked, "--server", address], capture_output=True, check=False
                ).returncode:
                    break
                assert time.monotonic() < until, "the model never became ready"
            text = run(
                "translate", str(tmp_path / "article.txt"), "--to", "ru", "--from", "en",
                "--server", address,
            )  # fmt: skip
        finally:
            server.terminate()
    assert expected in text
    assert server.returncode == 0
