"""The lock files agree with pyproject.toml and constraints.txt, and every licence is allowed."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts.licenses import ALLOWED, is_allowed, license_of, normalized

ROOT = Path(__file__).parents[1]
LOCKS = {
    "server": ("server", "otel"),
    "dev": ("dev", "server", "cli", "otel", "web", "ray", "evaluate", "torch"),
    "audit": ("audit",),
}
UNLOCKED = {"torch"}
"""Its file depends on the processor and the GPU; constraints.txt has its version."""

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def pins(text: str) -> dict[str, set[str]]:
    """Locked versions by package; several if they depend on the platform."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M):
        found.setdefault(normalized(name), set()).add(version)
    return found


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")


CONSTRAINTS = pins((ROOT / "constraints.txt").read_text("utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_locked_in_a_version_that_it_allows(name: str) -> None:
    project, locked = PROJECT["project"], pins(lock(name))
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(each for extra in LOCKS[name] for each in extras[extra])]
    requirements = [Requirement(each) for each in wanted if not each.startswith("summsvc[")]
    for each in requirements:
        if each.name in UNLOCKED:
            continue
        versions = locked.get(normalized(each.name), set())
        assert versions, f"{each.name} is not locked"
        assert all(version in each.specifier for version in versions), each


def test_the_build_backend_is_locked() -> None:
    locked = pins(lock("build"))
    requirements = [Requirement(each) for each in PROJECT["build-system"]["requires"]]
    assert all(version in each.specifier for each in requirements for version in locked[each.name])


@pytest.mark.parametrize("name", [*LOCKS, "build"])
def test_every_locked_version_has_hashes_and_is_that_of_the_constraints(name: str) -> None:
    text = lock(name)
    for block in re.split(r"\n(?=[a-z])", text.partition("\n")[2]):
        assert "--hash=sha256:" in block, block.splitlines()[0]
        assert re.match(r"[\w.-]+==\S+", block), block.splitlines()[0]
    assert "://" not in text
    differing = {
        package: versions
        for package, versions in pins(text).items()
        if versions != CONSTRAINTS.get(package)
    }
    assert differing == {}


def test_every_licence_of_the_server_is_allowed_and_documented() -> None:
    page = (ROOT / "docs" / "reference" / "dependencies.md").read_text("utf-8")
    documented = dict(
        re.findall(r"^\| ([a-z0-9-]+) \| ([\w.-]+(?: (?:AND|OR) [\w.-]+)*) \|$", page, re.M)
    )
    stated: dict[str, str] = {}
    for name in pins(lock("server")):
        try:
            stated[name] = license_of(distribution(name))
        except PackageNotFoundError:
            continue  # A package of another platform.
    assert {name: text for name, text in stated.items() if not is_allowed(text)} == {}
    assert {name: documented.get(name) for name in stated} == stated


def test_an_expression_is_allowed_when_one_choice_has_only_allowed_ids() -> None:
    assert is_allowed("MIT AND BSD-3-Clause")
    assert is_allowed("GPL-3.0-only OR MIT")
    assert not is_allowed("MIT AND GPL-3.0-only")
    assert not is_allowed("")
    assert "GPL-3.0-only" not in ALLOWED
