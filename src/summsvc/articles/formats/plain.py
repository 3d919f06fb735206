"""Blocks of plain text: paragraphs, hard-wrapped or not, lists, short lines."""

from __future__ import annotations

import itertools
import re

from summsvc.articles.source_map import Block, BlockKind, SourceMap, goes_on, let_go, says_something
from summsvc.interruption import checked

_LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_ITEM = re.compile(r"(?:[-*+•◦‣▪●–—]|\d{1,3}[.)]|\(?[a-zа-я]\))\s+(?=\S)")
_ENDED = frozenset(".!?…:;\"'”“’»)")

MAX_WRAP_COLUMN = 132
"""Lines longer than this were not wrapped by hand or by a mail program."""

MIN_WRAP_COLUMN = 40
"""Nor were lines whose longest is shorter than this."""

_Line = tuple[int, int]


def blocks(source: str) -> list[Block]:
    """Divide plain text into blocks, in order; lines that say nothing are left out.

    A line feed inside a hard-wrapped paragraph is white space; anywhere else it
    ends a block. A list marker is no part of its item.
    """
    paragraphs = _paragraphs(source)
    column = max((_column(source, lines) for lines in checked(paragraphs)), default=0)
    found: list[Block] = []
    for lines in checked(paragraphs):
        found += _blocks_of(source, lines, column)
        let_go(lines)
    let_go(paragraphs)
    return found


def _paragraphs(source: str) -> list[list[_Line]]:
    """The lines of each stretch between blank lines, without outer white space."""
    paragraphs: list[list[_Line]] = [[]]
    previous_end = 0
    for match in checked(_LINE.finditer(source)):
        gap = source[previous_end : match.start()].replace("\r\n", "\n")
        previous_end = match.end()
        line = match[0]
        start = match.start() + len(line) - len(line.lstrip())
        end = match.end() - (len(line) - len(line.rstrip()))
        item = _ITEM.match(source, start, end)
        blank = not says_something(source[item.end() : end] if item else line)
        if paragraphs[-1] and (len(gap) > 1 or blank):
            paragraphs.append([])
        if not blank:
            paragraphs[-1].append((start, end))
    return paragraphs


def _column(source: str, lines: list[_Line]) -> int:
    """The column at which the lines were wrapped, 0 when they were not.

    A break is explained by the column when the next line's first word would not
    have fitted. Chance explains such breaks too where lines are about as long
    as each other, so one of them has to be inside a sentence.
    """
    column = max((end - start for start, end in lines), default=0)
    if not MIN_WRAP_COLUMN <= column <= MAX_WRAP_COLUMN:
        return 0
    inside_sentence = any(
        _is_full(source, line, following, column)
        and goes_on(source[slice(*line)], source[slice(*following)])
        for line, following in checked(itertools.pairwise(lines))
    )
    return column if inside_sentence else 0


def _is_full(source: str, line: _Line, following: _Line, column: int) -> bool:
    """Whether the next line's first word would not have fitted the column."""
    word = source[slice(*following)].split(maxsplit=1)[0]
    return line[1] - line[0] + 1 + len(word) > column


def _blocks_of(source: str, lines: list[_Line], column: int) -> list[Block]:
    found: list[tuple[int, int, BlockKind]] = []
    column = _column(source, lines) or column
    joins = _in_sentence(source, lines)
    for i, (start, end) in enumerate(checked(lines)):
        item = _ITEM.match(source, start, end)
        begin = item.end() if item else start
        kind = BlockKind.ITEM if item else BlockKind.PARAGRAPH
        if found and not item and (joins[i - 1] or _is_wrap(source, lines, i, column)):
            begin, _, kind = found.pop()
        found.append((begin, end, kind))
    return [Block(SourceMap.plain(source, begin, end), kind) for begin, end, kind in checked(found)]


def _in_sentence(source: str, lines: list[_Line]) -> list[bool]:
    """For each line whether its sentence goes on in the next line, and ends as one."""
    joins = [False] * len(lines)
    for i in checked(range(len(lines) - 2, -1, -1)):
        start, end = lines[i + 1]
        ends_well = joins[i + 1] or source[end - 1] in _ENDED
        joins[i] = ends_well and goes_on(source[slice(*lines[i])], source[start:end])
    return joins


def _is_wrap(source: str, lines: list[_Line], i: int, column: int) -> bool:
    """Whether line ``i`` only begins where the column ended the line before."""
    start, end = lines[i - 1]
    return end - start <= column and _is_full(source, lines[i - 1], lines[i], column)
