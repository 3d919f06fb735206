"""The house's one rule: imports point downwards, and only the wire knows gRPC."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import summsvc

ROOT = Path(summsvc.__file__).parent
FLOORS = ["server", "tasks", "scheduling", "models", "engines", "articles", "languages"]
WIRE = {"server", "client", "cli", "v1"}
HEAVY = {"torch", "transformers", "ctranslate2", "sentencepiece"}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        room = path.relative_to(ROOT).parts[0]
        if room != "v1":
            yield room.removesuffix(".py"), path


def imported(path: Path, *, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("floor", FLOORS)
def test_no_room_imports_from_a_floor_above_it(floor: str) -> None:
    above = set(FLOORS[: FLOORS.index(floor)]) | {"client", "cli"}
    files = [path for room, path in modules() if room == floor]
    assert files
    for path in files:
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "summsvc" and len(parts) > 1:
                assert parts[1] not in above, f"{path} imports {name}"


def test_evaluation_stands_beside_the_floors() -> None:
    """It knows texts only; the command line brings it what a server said."""
    for room, path in modules():
        for name in imported(path):
            if room == "evaluation" and name.startswith("summsvc."):
                assert name.split(".")[1] in {
                    "evaluation",
                    "engines",
                    "articles",
                    "languages",
                    "types",
                }, path
            if name.startswith("summsvc.evaluation"):
                assert room in {"evaluation", "cli"}, f"{path} imports {name}"


def test_nothing_below_the_server_imports_grpc() -> None:
    for room, path in modules():
        if room not in WIRE:
            for name in imported(path):
                assert name.split(".")[0] not in {"grpc", "grpc_status", "grpc_health"}, path
                assert not name.startswith(("summsvc.v1", "google.rpc")), path


def test_model_libraries_are_imported_only_when_a_model_is_used() -> None:
    for _, path in modules():
        for name in imported(path, top_level_only=True):
            assert name.split(".")[0] not in HEAVY, f"{path} imports {name} at import time"


def test_importing_the_server_loads_no_model_library() -> None:
    code = "import sys, summsvc.server; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())
