"""The Dockerfiles agree with the files of the project and with the script that builds the image."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILES = [ROOT / "Dockerfile", *sorted((ROOT / "deploy/docker").glob("*.Dockerfile"))]


def instructions(dockerfile: Path, name: str) -> list[str]:
    """Arguments of each instruction of a name."""
    text = dockerfile.read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", text, re.M)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_copied_files_exist_and_reach_the_build(dockerfile: Path) -> None:
    admitted = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    copied = [each for each in instructions(dockerfile, "COPY") if not each.startswith("--from=")]
    assert copied
    for each in copied:
        *sources, _ = each.replace("${WHEELS}", "deploy/docker/wheels").split()
        for source in sources:
            assert (ROOT / source).exists()
            assert any(source == name or source.startswith(f"{name}/") for name in admitted), source


def test_packages_are_installed_by_hash() -> None:
    (install,) = [run for run in instructions(DOCKERFILES[0], "RUN") if "server.txt" in run]
    commands = re.findall(r"pip (?:install|wheel) ([^&]*requirements[^&]*)", install)
    assert len(commands) == 2
    assert all("--require-hashes" in each for each in commands)
    for lock in ("build", "server"):
        text = (ROOT / f"requirements/{lock}.txt").read_text("utf-8")
        packages = re.findall(r"^[a-z].*(?:\n    --hash=.*)*", text.replace("\\\n", "\n"), re.M)
        assert packages
        assert all("==" in each and "--hash=sha256:" in each for each in packages)


def test_arguments_of_the_script_are_those_of_the_dockerfile() -> None:
    script = (ROOT / "scripts/container").read_text("utf-8")
    passed = set(re.findall(r"--build-arg ([A-Z_]+)=", script))
    known = {each.split("=")[0] for each in instructions(DOCKERFILES[0], "ARG")}
    assert {"BASE_IMAGE", "MODELS", "VERSION", "REVISION", "CREATED"} <= passed <= known
