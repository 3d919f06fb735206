"""Warnings of one article, grouped by kind, with their places shown in the text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from summsvc.cli.display.excerpt import excerpt
from summsvc.cli.display.terminal import printable
from summsvc.client import Warning
from summsvc.types import Article, Field, Span, WarningType

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

MAX_SHOWN = 5
"""Warnings of one kind that are shown; further ones are counted."""

INFORMATION = frozenset(
    (
        WarningType.BOILERPLATE_REMOVED,
        WarningType.PAGE_FURNITURE_REMOVED,
        WarningType.CODE_REMOVED,
        WarningType.SEGMENT_SPLIT,
        WarningType.RETRIED,
        WarningType.PIVOT,
        WarningType.ENCODING_REPAIRED,
    )
)
"""Kinds that say what was done; all others say that the result may be wrong."""


def print_warnings(
    console: Console, warnings: Iterable[Warning], article: Article | None, summary: str = ""
) -> None:
    """Print warnings in groups: those that say that the result may be wrong come last.

    article: as sent; None shows no places in it. summary: text that ``output_span`` refers to.
    """
    groups: defaultdict[WarningType | None, list[Warning]] = defaultdict(list)
    for warning in warnings:
        groups[warning.type].append(warning)
    for kind, members in sorted(groups.items(), key=lambda group: group[0] not in INFORMATION):
        for line in _group(kind, members, article, summary, console.width):
            console.print(line, soft_wrap=False)


def _group(
    kind: WarningType | None,
    members: Sequence[Warning],
    article: Article | None,
    summary: str,
    width: int,
) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    style = "cyan" if kind in INFORMATION else "yellow"
    name = kind.name if kind else "WARNING"
    count = f" ({len(members)})" if len(members) > 1 else ""
    yield Text.assemble((name, f"bold {style}"), (count, style))
    for warning in members[:MAX_SHOWN]:
        message = Text(printable(" ".join(warning.message.split())))
        yield Padding(message, (0, 0, 0, 2), expand=False)
        yield from _place(warning, article, summary, width, style)
    if len(members) > MAX_SHOWN:
        yield Text(f"  and {len(members) - MAX_SHOWN:,} more", "dim")


def _place(
    warning: Warning, article: Article | None, summary: str, width: int, style: str
) -> Iterator[RenderableType]:
    from rich.cells import cell_len
    from rich.text import Text

    found = _text_of(warning, article, summary)
    if found is None:
        return
    what, text, span = found
    shown = excerpt(text, span, width - len(what) - 12)
    if shown is None:
        return
    margin = f"  {what}:{shown.line} "
    line = Text.assemble((f"{margin}│ ", "dim"), shown.text)
    line.truncate(width, overflow="ellipsis")
    yield line
    before = cell_len(shown.text[: shown.start])
    length = max(1, cell_len(shown.text[shown.start : shown.end]))
    length = min(length, max(1, width - len(margin) - 2 - before))
    more = f" and {shown.more_lines:,} more lines" if shown.more_lines else ""
    underline = Text.assemble(
        (" " * len(margin) + "│ ", "dim"), " " * before, ("^" * length, style), (more, "dim")
    )
    underline.truncate(width)
    yield underline


def _text_of(
    warning: Warning, article: Article | None, summary: str
) -> tuple[str, str, Span] | None:
    """Name and content of the text that a warning refers to, and the place in it."""
    if warning.field is not None and warning.span is not None and article is not None:
        text = article.title if warning.field is Field.TITLE else article.body
        return warning.field.value, text, warning.span
    if warning.output_span is not None and summary:
        return "summary", summary, warning.output_span
    return None
