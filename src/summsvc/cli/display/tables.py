"""Tables of models, routes, versions and limits that fit the width of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from summsvc.cli.display.terminal import printable

if TYPE_CHECKING:
    from rich.table import Table

MAX_PAIRS = 6
"""Language pairs that are shown of one model; further ones are counted."""

_SHORT_STATES = {"not installed": "-"}

_STATE_STYLES = {
    "ready": "green",
    "installed": "green",
    "loading": "yellow",
    "failed": "red",
    "not installed": "dim",
}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model as a row of a table.

    size: with its unit. restricted: whether the licence forbids commercial use. problem: why the
    model cannot be used, or "".
    """

    id: str
    state: str
    task: str
    size: str
    license: str
    restricted: bool
    pairs: Sequence[tuple[str, str]]
    problem: str = ""


def models(rows: Iterable[ModelRow]) -> Table:
    """The table of models by task; licences and pairs get the columns that the others leave."""
    from rich.text import Text

    table = _table("Model", "State", "Size", "Licence", "Pairs")
    table.columns[2].justify = "right"
    for column in table.columns[:3]:
        column.no_wrap = True
    table.columns[3].ratio, table.columns[4].ratio = 3, 2
    for task, members in groupby(sorted(rows, key=_task), _task):
        table.add_row(Text(task, "italic cyan"))
        for row in members:
            license = Text(printable(row.license), "red" if row.restricted else "")
            pairs = Text(short_pairs(row.pairs))
            if row.problem:
                pairs.append(f"\n{printable(row.problem)}", "red")
            state = Text(_SHORT_STATES.get(row.state, row.state), _STATE_STYLES.get(row.state, ""))
            table.add_row(Text(row.id, "bold"), state, row.size, license, pairs)
    return table


def _task(row: ModelRow) -> str:
    return row.task


def routes(rows: Iterable[tuple[str, Sequence[str], bool]]) -> Table:
    """The table of routes: language pair, models, and whether they are installed."""
    from rich.text import Text

    table = _table("Route", "Models", "Installed")
    table.columns[1].ratio = 1
    for pair, names, installed in rows:
        state = Text("yes", "green") if installed else Text("no", "dim")
        table.add_row(pair, " then ".join(names), state)
    return table


def facts(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and values, the values aligned on the right if all are numbers."""
    rows = list(rows)
    table = _table(title, "")
    if all(value.replace(",", "").replace(".", "").isdigit() for _, value in rows):
        table.columns[1].justify = "right"
    for name, value in rows:
        table.add_row(name, printable(value))
    return table


def short_pairs(pairs: Sequence[tuple[str, str]]) -> str:
    """The first language pairs, and how many more there are."""
    shown = " ".join("-".join(pair) for pair in pairs[:MAX_PAIRS])
    return f"{shown} and {len(pairs) - MAX_PAIRS:,} more" if len(pairs) > MAX_PAIRS else shown


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
