"""Blocks of plain text: paragraphs, hard-wrapped or not, lists, short lines."""

from __future__ import annotations

import itertools
import re

from summsvc.articles.view import Block, BlockKind, View

_LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_ITEM = re.compile(r"\s*(?:[-*•‣▪–—]|\d{1,3}[.)])\s+\S")

MAX_WRAP_COLUMN = 132
"""Lines longer than this were not wrapped by hand or by a mail program."""

MIN_WRAP_COLUMN = 40
"""Nor were lines whose longest is shorter than this."""


def blocks(source: str, start: int = 0, end: int | None = None) -> list[Block]:
    """Divide ``source[start:end]`` into blocks, in order, empty ones left out.

    A line feed inside a hard-wrapped paragraph is white space; anywhere else it
    ends a block.
    """
    end = len(source) if end is None else end
    found: list[Block] = []
    paragraph: list[tuple[int, int]] = []
    previous_end = start
    for match in _LINE.finditer(source, start, end):
        blank_line = source.count("\n", previous_end, match.start()) > 1 or (
            source.count("\r", previous_end, match.start())
            > max(1, source.count("\r\n", previous_end, match.start()))
        )
        previous_end = match.end()
        line = _stripped(source, *match.span())
        if blank_line or line is None:
            found += _paragraph(source, paragraph)
            paragraph = []
        if line is not None:
            paragraph.append(line)
    return found + _paragraph(source, paragraph)


def _stripped(source: str, start: int, end: int) -> tuple[int, int] | None:
    line = source[start:end]
    if not line.strip():
        return None
    return start + len(line) - len(line.lstrip()), end - (len(line) - len(line.rstrip()))


def _paragraph(source: str, lines: list[tuple[int, int]]) -> list[Block]:
    found: list[Block] = []
    wrapped = _is_wrapped(source, lines)
    for start, end in lines:
        is_item = _ITEM.match(source, start, end) is not None
        if wrapped and found and not is_item:
            first = found.pop()
            start = first.view.starts[0]
            is_item = first.kind is BlockKind.ITEM
        kind = BlockKind.ITEM if is_item else BlockKind.PARAGRAPH
        found.append(Block(View.plain(source, start, end), kind))
    return found


def _is_wrapped(source: str, lines: list[tuple[int, int]]) -> bool:
    """Whether the lines were broken to fit a column.

    A break is explained by the column when the next line's first word would not
    have fitted. One such break may be chance, unless the text goes on in lower
    case; two are not.
    """
    column = max((end - start for start, end in lines), default=0)
    if not MIN_WRAP_COLUMN <= column <= MAX_WRAP_COLUMN:
        return False
    explained = 0
    for (start, end), (following, following_end) in itertools.pairwise(lines):
        word = source[following:following_end].split(maxsplit=1)[0]
        if end - start + 1 + len(word) <= column or _ITEM.match(source, following, following_end):
            continue
        explained += 2 if word[0].islower() else 1
    return explained >= 2
