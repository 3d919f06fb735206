"""Plain-text parser: blocks from paragraphs, hard-wrapped or not, list items and short lines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from summsvc.articles.blocks import Block, BlockKind, release_list
from summsvc.articles.characters import has_alphanumeric
from summsvc.articles.formats.hyphens import Hyphenation
from summsvc.articles.formats.wrapping import Line, continued_lines, wrap_width
from summsvc.articles.source_map import SourceMap
from summsvc.interruption import checked, checked_matches

_LINE_CONTENT = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_LIST_MARKER = re.compile(r"(?:[-*+•◦‣▪●–—]|\d{1,3}[.)]|\(?[a-zа-я]\))\s+(?=\S)")
_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+(?=[ \t]|[^\s>]|\Z)")
_MARGIN = re.compile(r"[ \t]*+")

TAB_COLUMNS = 4

_Ranges = list[tuple[int, int]]


def parse(source: str) -> list[Block]:
    """Parse plain text into blocks, in order; lines without letters or digits are left out.

    A line feed inside a hard-wrapped paragraph is white space; any other line feed ends a
    block. List markers and the quote marks of mail (">") are not part of a block.
    """
    sections = _sections(source)
    widths = [wrap_width(lines) for lines in checked(sections)]
    usual = wrap_width(list(itertools.chain.from_iterable(checked(sections)))) or max(widths)
    continued = [
        continued_lines(lines, width, usual)
        for lines, width in checked(list(zip(sections, widths, strict=True)))
    ]
    hyphens = Hyphenation.of(source, sections, continued)
    found: list[Block] = []
    for lines, continues in checked(list(zip(sections, continued, strict=True))):
        found += _blocks_of(source, lines, continues, hyphens)
        release_list(lines)
    release_list(sections)
    return found


def _sections(source: str) -> list[list[Line]]:
    """The lines between blank lines, each of one depth of quotation."""
    sections: list[list[Line]] = [[]]
    previous_end = depth = 0
    for match in checked_matches(_LINE_CONTENT, source):
        gap = source[previous_end : match.start()].replace("\r\n", "\n")
        previous_end = match.end()
        line, quotes = _line(source, match, after_page="\f" in gap)
        is_text = has_alphanumeric(line.text[line.marker :])
        # A form feed beside a line feed stands for no blank line.
        breaks = len(gap.replace("\f", "") if "\n" in gap else gap)
        if sections[-1] and (breaks > 1 or not is_text or quotes != depth):
            sections.append([])
        if is_text:
            sections[-1].append(line)
            depth = quotes
    return sections


def _line(source: str, match: re.Match[str], *, after_page: bool) -> tuple[Line, int]:
    """The line of a match, and its number of quote marks."""
    begin = match.start()
    quote = _QUOTE.match(source, begin, match.end())
    quotes = quote[0].count(">") if quote else 0
    begin = quote.end() if quote else begin
    text = source[begin : match.end()]
    start = begin + len(text) - len(text.lstrip())
    end = max(start, begin + len(text.rstrip()))
    margin = _MARGIN.match(source, begin, start)
    indent = len(margin[0].expandtabs(TAB_COLUMNS)) if margin else 0
    item = _LIST_MARKER.match(source, start, end)
    marker = item.end() - start if item else 0
    return Line(start, end, source[start:end], indent, marker, after_page), quotes


def _blocks_of(
    source: str, lines: Sequence[Line], continues: Sequence[bool], hyphens: Hyphenation
) -> Iterator[Block]:
    """Yield the blocks of a section."""
    ranges: _Ranges = []
    kind = BlockKind.PARAGRAPH
    for i, line in enumerate(checked(lines)):
        if not continues[i]:
            if ranges:
                yield Block(SourceMap.joined(source, ranges), kind)
            ranges = [(line.start + line.marker, line.end)]
            kind = BlockKind.ITEM if line.marker else BlockKind.PARAGRAPH
            continue
        start, end = ranges.pop()
        if hyphens.joins(lines[i - 1], line):
            ranges += [(start, end - hyphens.drops(lines[i - 1], line)), (line.start, line.end)]
        elif ">" in source[end : line.start]:
            ranges += [(start, _after_line_end(source, end)), (line.start, line.end)]
        else:
            ranges.append((start, line.end))
    if ranges:
        yield Block(SourceMap.joined(source, ranges), kind)


def _after_line_end(source: str, end: int) -> int:
    """The offset after the white space that follows a line's text, one code point at least."""
    return next(
        (at for at in range(end + 1, len(source)) if source[at] in "\r\n>"),
        len(source),
    )
