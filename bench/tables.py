"""Markdown tables of results, and their places in pages of docs/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def table(head: str, lines: Iterable[Sequence[str]]) -> str:
    """Make a table. head: the titles of its columns, separated by ``|``."""
    ruler = "|" + "---|" * len(head.split("|"))
    return "\n".join([f"| {head} |", ruler, *(f"| {' | '.join(line)} |" for line in lines)])


def replace_tables(page: Path, mark: str, named: Mapping[str, str]) -> None:
    """Replace each table of a page, between ``<!-- MARK NAME -->`` and ``<!-- end -->``.

    Raises ValueError when the page has no place for one; the page is not changed then.
    """
    text = page.read_text("utf-8")
    for name, content in named.items():
        begin, end = f"<!-- {mark} {name} -->\n", "<!-- end -->"
        before, begun, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not begun or not ended:
            raise ValueError(f"{page} has no place for the table {name!r}")
        text = f"{before}{begin}{content}\n{end}{after}"
    page.write_text(text, "utf-8")
