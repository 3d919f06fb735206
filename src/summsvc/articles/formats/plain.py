"""Plain-text parser: blocks from paragraphs, hard-wrapped or not, list items and short lines."""

from __future__ import annotations

import itertools
import re

from summsvc.articles.blocks import Block, BlockKind, release_list
from summsvc.articles.characters import continues_line, has_alphanumeric
from summsvc.articles.source_map import SourceMap
from summsvc.interruption import checked, checked_matches

_LINE_CONTENT = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_LIST_MARKER = re.compile(r"(?:[-*+•◦‣▪●–—]|\d{1,3}[.)]|\(?[a-zа-я]\))\s+(?=\S)")
_SENTENCE_END = frozenset(".!?…:;\"'”“’»)")

MAX_WRAP_COLUMN = 132
"""Widest column of hard-wrapped text; longer lines were not wrapped by hand or by a mail client."""

MIN_WRAP_COLUMN = 40
"""Narrowest column of hard-wrapped text; text whose longest line is shorter is not wrapped."""

_Line = tuple[int, int]


def parse(source: str) -> list[Block]:
    """Parse plain text into blocks, in order; lines without letters or digits are left out.

    A line feed inside a hard-wrapped paragraph is white space; any other line feed ends a
    block. A list marker is not part of its item.
    """
    paragraphs = _paragraphs(source)
    column = max((_wrap_column(source, lines) for lines in checked(paragraphs)), default=0)
    found: list[Block] = []
    for lines in checked(paragraphs):
        found += _blocks_of(source, lines, column)
        release_list(lines)
    release_list(paragraphs)
    return found


def _paragraphs(source: str) -> list[list[_Line]]:
    """The lines between blank lines, each without leading and trailing white space."""
    paragraphs: list[list[_Line]] = [[]]
    previous_end = 0
    for match in checked_matches(_LINE_CONTENT, source):
        gap = source[previous_end : match.start()].replace("\r\n", "\n")
        previous_end = match.end()
        line = match[0]
        start = match.start() + len(line) - len(line.lstrip())
        end = match.end() - (len(line) - len(line.rstrip()))
        item = _LIST_MARKER.match(source, start, end)
        blank = not has_alphanumeric(source[item.end() : end] if item else line)
        if paragraphs[-1] and (len(gap) > 1 or blank):
            paragraphs.append([])
        if not blank:
            paragraphs[-1].append((start, end))
    return paragraphs


def _wrap_column(source: str, lines: list[_Line]) -> int:
    """The column at which the lines were wrapped; 0 when they were not wrapped.

    A line break is explained by the column when the first word of the next line would not
    have fitted. Where all lines have similar lengths, such breaks also occur by chance, so at
    least one of them must be inside a sentence.
    """
    column = max((end - start for start, end in lines), default=0)
    if len(lines) == 1 or not MIN_WRAP_COLUMN <= column <= MAX_WRAP_COLUMN:
        return 0
    inside_sentence = any(
        _fills_column(source, line, following, column)
        and continues_line(source[slice(*line)], source[slice(*following)])
        for line, following in checked(itertools.pairwise(lines))
    )
    return column if inside_sentence else 0


def _fills_column(source: str, line: _Line, following: _Line, column: int) -> bool:
    """Whether the first word of the next line would not have fitted into the column."""
    word = source[slice(*following)].split(maxsplit=1)[0]
    return line[1] - line[0] + 1 + len(word) > column


def _blocks_of(source: str, lines: list[_Line], column: int) -> list[Block]:
    found: list[tuple[int, int, BlockKind]] = []
    column = _wrap_column(source, lines) or column
    joins = _sentence_joins(source, lines)
    for i, (start, end) in enumerate(checked(lines)):
        item = _LIST_MARKER.match(source, start, end)
        begin = item.end() if item else start
        kind = BlockKind.ITEM if item else BlockKind.PARAGRAPH
        if found and not item and (joins[i - 1] or _is_wrapped(source, lines, i, column)):
            begin, _, kind = found.pop()
        found.append((begin, end, kind))
    return [Block(SourceMap.plain(source, begin, end), kind) for begin, end, kind in checked(found)]


def _sentence_joins(source: str, lines: list[_Line]) -> list[bool]:
    """For each line, whether its sentence continues on the next line and is terminated there."""
    joins = [False] * len(lines)
    for i in checked(range(len(lines) - 2, -1, -1)):
        start, end = lines[i + 1]
        ends_well = joins[i + 1] or source[end - 1] in _SENTENCE_END
        joins[i] = ends_well and continues_line(source[slice(*lines[i])], source[start:end])
    return joins


def _is_wrapped(source: str, lines: list[_Line], i: int, column: int) -> bool:
    """Whether line ``i`` was separated from the line before only by hard wrapping."""
    start, end = lines[i - 1]
    return end - start <= column and _fills_column(source, lines[i - 1], lines[i], column)
