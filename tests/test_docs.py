"""Documentation matches the code: metrics, errors, dependencies, file names, generated pages."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

import summsvc
from summsvc.errors import SummsvcError
from summsvc.server.supervisor.metrics import SupervisorMetrics
from summsvc.types import WarningType
from tests.running import Running

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"


def test_every_metric_is_documented_and_every_documented_one_exists(server: Running) -> None:
    documented = set(
        re.findall(r"^\| (summsvc_\w+) \|", (REFERENCE / "metrics.md").read_text(), re.M)
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server.metrics_port}/metrics") as answer:
        page = answer.read().decode()
    names = set(re.findall(r"^# HELP (summsvc_\w+) ", page, re.M))
    parent = CollectorRegistry()
    SupervisorMetrics(parent, processes=2)
    names |= set(re.findall(r"^# HELP (summsvc_\w+) ", generate_latest(parent).decode(), re.M))
    assert {name for name in names if not name.endswith("_created")} == documented


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    documented_extras = ("server", "cli", "otel", "web", "torch", "evaluate")
    wanted = [
        *project["dependencies"],
        *(each for extra in documented_extras for each in extras[extra]),
    ]
    wanted = [each for each in wanted if not each.startswith("summsvc[")]
    table = re.findall(r"^\|([^|]+)\|", (REFERENCE / "dependencies.md").read_text(), re.M)
    documented = set(re.findall(r"[a-z][a-z0-9-]+", " ".join(table)))
    assert {re.split(r"[<>=]", each)[0] for each in wanted} <= documented


def test_every_reason_of_an_error_is_documented() -> None:
    def tree(kind: type[SummsvcError]) -> set[str]:
        below = kind.__subclasses__()
        return set().union(*(tree(each) for each in below)) if below else {kind.reason}

    documented = (REFERENCE / "errors.md").read_text()
    assert [
        reason for reason in sorted(tree(SummsvcError)) if reason and reason not in documented
    ] == []


def test_every_kind_of_warning_is_documented_and_every_documented_one_exists() -> None:
    _, warnings = (REFERENCE / "errors.md").read_text().split("## Warnings")
    documented = re.findall(r"^\| ([A-Z_]+) \|", warnings, re.M)
    assert sorted(documented) == sorted(kind.name for kind in WarningType)


def test_generated_pages_and_the_example_of_the_readme_are_those_of_the_code() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "gen_docs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version_is_written_once_and_has_its_place_in_the_changelog() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    version = project["tool"]["setuptools"]["dynamic"]["version"]
    assert version == {"attr": "summsvc.__version__"}
    released = re.findall(r"^## \[(\d.*?)\] - \d{4}-\d\d-\d\d$", changelog(), re.M)
    assert released[0] == summsvc.__version__
    assert changelog().index("## [Unreleased]") < changelog().index(f"## [{released[0]}]")


SOURCE = re.compile(r"(?<![\w/.-])[\w-]+(?:/[\w.-]+)*\.(?:py|toml|proto|js)\b(?!-)")
"""Names of files as docs write them, from the root or from src/summsvc."""

FOLDER = re.compile(r"(?<![\w/.-])(?:src|tests|scripts|bench|docs|seeds|deploy)/[\w./-]*\w")
EXAMPLES = {
    "first.py",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "name.proto",
}
"""Files that a reader of the documentation writes or takes from another project."""


def written_pages() -> list[Path]:
    """Pages that are written by hand."""
    generated = {REFERENCE / "cli.md", REFERENCE / "settings.md"}
    pages = {ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md")}
    return sorted((pages | {*(ROOT / "docs").rglob("*.md")}) - generated)


@pytest.mark.parametrize("page", written_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_source_files_that_docs_name_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = {*SOURCE.findall(text), *FOLDER.findall(text)} - EXAMPLES
    places = (ROOT, ROOT / "proto", ROOT / "src" / "summsvc")
    missing = [name for name in named if not any((place / name).exists() for place in places)]
    assert sorted(name for name in missing if not is_of_reader(name)) == []


def is_of_reader(name: str) -> bool:
    """Whether a name is that of a TOML file that readers write, in no folder of the project."""
    folder, _, _ = name.rpartition("/")
    folders = (ROOT / folder, ROOT / "src" / "summsvc" / folder)
    return name.endswith(".toml") and not (folder and any(place.is_dir() for place in folders))


@pytest.mark.parametrize("page", written_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_benchmarks_that_docs_name_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = re.findall(r"scripts/bench ([a-z]\w*)", text)
    there = subprocess.run([ROOT / "scripts" / "bench"], capture_output=True, text=True, check=True)
    assert set(named) <= set(re.findall(r"^  (\w+) ", there.stdout, re.M))
    for module in re.findall(r"python -m (bench[.\w]*\w)", text):
        path = ROOT.joinpath(*module.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), module


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text("utf-8")
