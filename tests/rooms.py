"""The table of rooms of ARCHITECTURE.md, and the imports of a source tree checked against it.

A room is a folder or a module below src/summsvc, named by its path there. A module or folder
that has a name of its own in the table belongs to that room, otherwise to the room of the
folder that it is in. The rows of the table run from the top of the architecture to the bottom.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "summsvc"


@dataclass(frozen=True)
class Room:
    """One row of the table.

    Attributes:
        members: Folders and modules (``.py``) that make up the room; the first is its name.
        may_import: Names of rooms that its modules may import; ``NAME/*`` stands for all lower
            rows whose path is NAME or lies in it.
    """

    members: tuple[str, ...]
    may_import: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.members[0]


def table(page: str) -> list[Room]:
    """Parse the rows of the table whose head is ``| Room | Holds | May import |``, in order."""
    _, _, rest = page.partition("| Room | Holds | May import |\n")
    rows = []
    for line in rest.splitlines()[1:]:
        if not line.startswith("|"):
            break
        _, members, _, may_import, _ = line.split("|")
        rows.append(Room(tuple(_names(members)), tuple(_names(may_import))))
    return rows


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def faults(rooms: list[Room], source: Path) -> list[str]:
    """Faults of the table, and imports of the package in ``source`` that it does not allow.

    Args:
        rooms: Rows of the table from top to bottom.
        source: Folder of the package, for example src/summsvc.
    """
    return [*_faults_of_table(rooms, source), *_faults_of_imports(rooms, source)]


def _faults_of_table(rooms: list[Room], source: Path) -> Iterator[str]:
    members = [member for room in rooms for member in room.members]
    for member in sorted({member for member in members if members.count(member) > 1}):
        yield f"{member} is in two rows of the table"
    for member in members:
        if not (source / member).exists():
            yield f"{member} is in the table and does not exist"
    for path in sorted([source, *source.rglob("*")]):
        is_room = path != source and any(found.stem != "__init__" for found in path.glob("*.py"))
        is_module = path.parent == source and path.suffix == ".py" and path.stem != "__init__"
        name = str(path.relative_to(source))
        if (is_room or is_module) and name not in members:
            yield f"{name} is missing from the table"
    for position, room in enumerate(rooms):
        below = {lower.name for lower in rooms[position + 1 :]}
        for target in sorted(_permitted(room, rooms) - below):
            yield f"{room.name} may not import {target}, which is no room below it"


def _faults_of_imports(rooms: list[Room], source: Path) -> Iterator[str]:
    may_import = {room.name: _permitted(room, rooms) for room in rooms}
    for path, target in imports(source):
        room, imported = room_of(path, rooms), room_of(target, rooms)
        if room is None or imported is None or room == imported:
            continue
        if imported not in may_import[room]:
            yield f"{path} imports {target}: {room} may not import {imported}"


def _permitted(room: Room, rooms: list[Room]) -> set[str]:
    """Names of the rooms that a row of the table allows ``room`` to import."""
    lower = rooms[rooms.index(room) + 1 :]
    permitted: set[str] = set()
    for name in room.may_import:
        folder = name.removesuffix("/*")
        if folder == name:
            permitted.add(name)
        else:
            permitted |= {low.name for low in lower if f"{low.name}/".startswith(f"{folder}/")}
    return permitted


def room_of(path: str, rooms: list[Room]) -> str | None:
    """The room that holds a module or folder: that of its longest prefix in the table."""
    parts = path.split("/")
    for length in range(len(parts), 0, -1):
        prefix = "/".join(parts[:length])
        for room in rooms:
            if prefix in room.members:
                return room.name
    return None


def imports(source: Path) -> Iterator[tuple[str, str]]:
    """Each import of a part of the package by a module of it, as two paths below ``source``.

    Generated code (v1) is left out, and so are names of the package's own ``__init__.py``.
    """
    for path in sorted(source.rglob("*.py")):
        importer = str(path.relative_to(source))
        if importer.startswith("v1/"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name in _imported(node):
                if target := _path(name, source):
                    yield importer, target


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _path(name: str, source: Path) -> str | None:
    """Module or folder that a dotted name is or lies in; None for other packages' names."""
    package, *parts = name.split(".")
    if package != PACKAGE:
        return None
    while parts:
        path = source.joinpath(*parts)
        if path.with_suffix(".py").is_file():
            return f"{'/'.join(parts)}.py"
        if path.is_dir():
            return "/".join(parts)
        parts.pop()
    return None


def cycle(source: Path, rooms: list[Room]) -> list[str]:
    """A cycle of rooms that import each other, in order; empty when there is none."""
    arrows: dict[str, set[str]] = {room.name: set() for room in rooms}
    for path, target in imports(source):
        room, imported = room_of(path, rooms), room_of(target, rooms)
        if room and imported and room != imported:
            arrows[room].add(imported)
    return _cycle(arrows)


def _cycle(arrows: Mapping[str, set[str]]) -> list[str]:
    done: set[str] = set()

    def visit(room: str, path: list[str]) -> list[str]:
        if room in path:
            return [*path[path.index(room) :], room]
        if room in done:
            return []
        for target in sorted(arrows[room]):
            if found := visit(target, [*path, room]):
                return found
        done.add(room)
        return []

    for room in sorted(arrows):
        if found := visit(room, []):
            return found
    return []
