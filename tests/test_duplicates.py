"""No ten lines of code are repeated in src: shared code belongs in one function."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import summsvc

ROOT = Path(summsvc.__file__).parent
RUN = 10
"""Lines of code in the shortest run that counts as a duplicate."""


class Line(NamedTuple):
    """A line of code without its indentation, and where it is."""

    text: str
    place: str


def code(name: str, source: str) -> list[Line]:
    """The lines of code of a module, white space normalized.

    Without blank lines, comments, docstrings and imports, which no function can share.
    """
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and (
            is_docstring or isinstance(node, ast.Import | ast.ImportFrom)
        ):
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(map(" ".join, map(str.split, source.splitlines())), 1)
    return [
        Line(text, f"{name}:{number}")
        for number, text in lines
        if text and text[0] != "#" and number not in skipped
    ]


def duplicates(files: Iterable[list[Line]]) -> Iterator[str]:
    """The first lines of each pair of equal runs of ``RUN`` lines, within or between files.

    Runs of one file that overlap do not count, and a longer run is reported once.
    """
    files = list(files)
    first: dict[tuple[str, ...], tuple[int, int]] = {}
    for number, lines in enumerate(files):
        matched = -2
        for start in range(len(lines) - RUN + 1):
            run = tuple(line.text for line in lines[start : start + RUN])
            other, at = first.setdefault(run, (number, start))
            if other != number or start >= at + RUN:
                if start != matched + 1:
                    yield f"{files[other][at].place} and {lines[start].place}: {run[0]}"
                matched = start


def sources() -> Iterator[list[Line]]:
    """The code of every module that is not generated."""
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT)
        if name.parts[0] != "v1" and not name.stem.endswith("_pb2"):
            yield code(str(name), path.read_text("utf-8"))


def test_no_ten_lines_are_repeated() -> None:
    assert list(duplicates(sources())) == []


def test_a_planted_pair_is_found() -> None:
    body = [f"value = work({number})" for number in range(RUN)]
    one = "\n".join(["def one():", *(f"    {line}" for line in body)])
    other = "\n\n".join(["class Other:", "    # A comment.", *(f"    {line}" for line in body)])
    found = duplicates([code("one.py", one), code("other.py", other)])
    assert list(found) == ["one.py:2 and other.py:5: value = work(0)"]
    assert list(duplicates([code("both.py", f"{one}\n{other}")])) == [
        "both.py:2 and both.py:16: value = work(0)"
    ]
    shorter = one.rpartition("\n")[0]
    assert list(duplicates([code("one.py", shorter), code("other.py", other)])) == []


def test_a_longer_run_is_reported_once() -> None:
    lines = "\n".join(f"work({number})" for number in range(3 * RUN))
    assert len(list(duplicates([code("one.py", lines), code("other.py", lines)]))) == 1


def test_a_run_that_overlaps_itself_is_no_duplicate() -> None:
    assert list(duplicates([code("list.py", "work()\n" * (2 * RUN - 1))])) == []
    assert len(list(duplicates([code("list.py", "work()\n" * (2 * RUN))]))) == 1


def test_imports_and_docstrings_are_ignored() -> None:
    source = "\n".join(["def work():", '    """', *"abcdefghijkl", '    """', "import this"])
    assert [line.text for line in code("one.py", source)] == ["def work():"]
