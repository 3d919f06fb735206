"""Imports follow the table of rooms in ARCHITECTURE.md, and only the server imports gRPC."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import summsvc
from tests.rooms import cycle, faults, table

ROOT = Path(summsvc.__file__).parent
LAYERS = ["server", "tasks", "scheduling", "models", "engines", "articles", "languages"]
WIRE = {"server", "client", "cli", "ray", "v1"}
HEAVY = {"torch", "transformers", "ctranslate2", "sentencepiece"}
ROOMS = table((Path(__file__).parents[1] / "ARCHITECTURE.md").read_text("utf-8"))

SMALL_TABLE = """
| Room | Holds | May import |
|---|---|---|
| `top` | x | `low`, `base.py` |
| `low`, `top/inner.py` | x | `low/*`, `base.py` |
| `low/sub` | x | |
| `base.py` | x | |
"""


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


@pytest.mark.parametrize("layer", LAYERS)
def test_no_room_imports_a_layer_above_it(layer: str) -> None:
    above = set(LAYERS[: LAYERS.index(layer)]) | {"client", "cli", "ray"}
    files = [path for room, path in modules() if room == layer]
    assert files
    for path in files:
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "summsvc" and len(parts) > 1:
                assert parts[1] not in above, f"{path} imports {name}"


def test_evaluation_imports_only_text_rooms_and_only_the_command_line_imports_it() -> None:
    """Evaluation works on texts; the command line passes it the responses of a server."""
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


def test_tracing_libraries_are_imported_only_when_tracing_is_on() -> None:
    for _, path in modules():
        if path != ROOT / "server" / "runtime" / "otel.py":
            for name in imported(path, top_level_only=True):
                assert name.split(".")[0] != "opentelemetry", f"{path} imports {name}"
                assert name != "summsvc.server.runtime.otel", path


def test_importing_the_server_loads_no_model_library() -> None:
    code = "import sys, summsvc.server; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_imports_follow_the_table_of_rooms() -> None:
    assert len(ROOMS) > 20
    assert faults(ROOMS, ROOT) == []


def test_rooms_have_no_import_cycle() -> None:
    assert cycle(ROOT, ROOMS) == []


def small_package(folder: Path, **modules: str) -> Path:
    """A package whose modules are named with two underscores for each slash."""
    sources = {"top__a": "", "top__inner": "", "low__a": "", "low__sub__a": "", "base": ""}
    for name, code in (sources | modules).items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return folder


def test_the_table_permits_imports_of_the_rooms_it_names(tmp_path: Path) -> None:
    source = small_package(
        tmp_path,
        top__a="from summsvc.top.inner import x\nimport summsvc.base\nimport json",
        top__inner="from summsvc.low import a",
        low__a="from summsvc.low.sub.a import x",
    )
    assert faults(table(SMALL_TABLE), source) == []
    assert cycle(source, table(SMALL_TABLE)) == []


@pytest.mark.parametrize(
    ("module", "code", "fault"),
    [
        ("new__a", "", "new is missing from the table"),
        ("low__sub__deep__a", "", "low/sub/deep is missing from the table"),
        ("new", "", "new.py is missing from the table"),
        ("low__a", "import summsvc.top.a", "low/a.py imports top/a.py: low may not import top"),
        ("top__inner", "import summsvc.top.a", "top/inner.py imports top/a.py: low may not"),
        ("top__a", "from summsvc.low import sub", "top/a.py imports low/sub: top may not"),
        ("base", "def f():\n    import summsvc.low.a", "base.py imports low/a.py: base.py may not"),
    ],
)
def test_a_fault_of_the_tree_is_found(tmp_path: Path, module: str, code: str, fault: str) -> None:
    source = small_package(tmp_path, **{module: code})
    (found,) = faults(table(SMALL_TABLE), source)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| `gone` | x | |", "gone is in the table and does not exist"),
        ("| `low` | x | |", "low is in two rows of the table"),
        ("| `low/sub/a.py` | x | `top` |", "low/sub/a.py may not import top"),
    ],
)
def test_a_fault_of_the_table_is_found(tmp_path: Path, row: str, fault: str) -> None:
    found = faults(table(f"{SMALL_TABLE.rstrip()}\n{row}\n"), small_package(tmp_path))
    assert [text for text in found if text.startswith(fault)]


def test_a_cycle_of_rooms_is_found(tmp_path: Path) -> None:
    source = small_package(
        tmp_path,
        top__a="import summsvc.low.a",
        low__a="import summsvc.base",
        base="import summsvc.top.a",
    )
    assert cycle(source, table(SMALL_TABLE)) == ["base.py", "top", "low", "base.py"]
