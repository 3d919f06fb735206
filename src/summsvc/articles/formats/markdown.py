"""Markdown block parser: blocks of visible text with the source offset of every character.

Markdown libraries give line numbers of blocks and no positions within a line. This parser
recognises, line by line, the constructs of CommonMark (https://spec.commonmark.org/0.31.2/),
GFM tables and footnotes, and the definition lists and containers (":::") of Pandoc that articles
use; ``markdown_inline`` parses the content of a line.
"""

from __future__ import annotations

import re

from summsvc.articles.blocks import Block, BlockBuilder, BlockKind, release_list
from summsvc.articles.formats import html
from summsvc.articles.formats.markdown_inline import InlineParser, link_labels
from summsvc.interruption import checked, checkpoint

_LINE_WITH_END = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n|\Z)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+|(?=\r|\n|\Z))")
_CLOSING_HASHES = re.compile(r"(?<![ \t#])[ \t]+#+[ \t]*+(?=[\r\n]|\Z)")
_SETEXT = re.compile(r" {0,3}(?:=+|-+)[ \t]*+(?=[\r\n]|\Z)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*+){3,}+|(?:-[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)(?=[\r\n]|\Z)")
_QUOTE = re.compile(r"(?: {0,3}>[ \t]?)+")
_LIST_ITEM = re.compile(
    r"[ \t]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++(?:\[[ xX]\][ \t]+)?|\[\^[^\]\r\n]{1,100}\]:[ \t]*+)"
)
_DEFINITION = re.compile(r" {0,3}:[ \t]+(?=\S)")
_CONTAINER = re.compile(r" {0,3}:{3,}[^\r\n]*+(?=[\r\n]|\Z)")
_INDENTED = re.compile(r"(?: {4}|\t)")
_INDENTED_TWICE = re.compile(r"(?: {8}|\t\t)")
_DEFINITION_LINE = re.compile(r" {0,3}\[(?!\^)[^\]\r\n]{1,500}\]:[ \t]*\S+")
_TABLE_RULE = re.compile(
    r"[ \t]*+\|?+[ \t]*+:?-{2,}+:?[ \t]*+(?:\|[ \t]*+:?-{2,}+:?[ \t]*+)*+\|?[ \t]*+(?=[\r\n]|\Z)"
)
_CELL = re.compile(r"(?:\\[^\r\n]|[^|\\\r\n]|\\(?=[\r\n]|\Z))++")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(?:(?!---[ \t]*\r?$).*\n){0,500}---[ \t]*\r?$", re.M)
_IMAGE_LINE = re.compile(
    r"[ \t]*+\[?!\[[^\[\]\r\n]{0,1000}\](?:\([^()\r\n]{0,2000}\)|\[[^\[\]\r\n]{0,500}\])"
    r"(?:\]\([^()\r\n]{0,2000}\))?[ \t\\]*+(?=[\r\n]|\Z)"
)
_RAW_HTML = re.compile(r" {0,3}(?:<(?P<name>script|style|pre|textarea)(?=[\s>])|<!--)", re.I)


class _BlockParser:
    """Processes the lines of one article."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.builder = BlockBuilder()
        self._inline = InlineParser(source, self.builder, link_labels(source))
        self._kind = BlockKind.PARAGRAPH
        self._pending: list[tuple[int, int]] = []
        self._in_list = False
        self._in_table = False

    def parse(self) -> None:
        front = _FRONT_MATTER.match(self.source)
        at = front.end() if front else 0
        found = checked(_LINE_WITH_END.finditer(self.source, at))
        lines = [match.span() for match in found if match[0]]
        i = 0
        while i < len(lines):
            checkpoint()
            start, end = lines[i]
            line = self.source[start:end]
            if not line.strip():
                self._flush()
                self._in_table = False
            elif opening := _FENCE.match(line):
                self._interrupt(line)
                i = self._end_of_code(lines, i, opening[1])
                self._add_code(start, lines[i][1])
            elif opening := _RAW_HTML.match(line):
                self._interrupt(line)
                i = self._end_of_raw(lines, i, opening)
                if (opening["name"] or "").lower() == "pre":
                    self._add_preformatted(start, lines[i][1])
            elif self._pending and self._kind is not BlockKind.ITEM and _SETEXT.match(line):
                self._flush(BlockKind.HEADING)
            elif self._is_markup(line):
                self._interrupt(line)
            elif self._pending or not self._is_code(line):
                following = self.source[slice(*lines[i + 1])] if i + 1 < len(lines) else ""
                self._parse_line(start, end, following)
            else:
                last = self._end_of_indented(lines, i)
                self._add_code(start, lines[last][1])
                i = last
            i += 1
        self._flush()
        release_list(lines)

    def _interrupt(self, line: str) -> None:
        """End the block before a line without text; a line without indent also ends a list."""
        self._flush()
        self._in_list = self._in_list and line[0].isspace()

    def _is_markup(self, line: str) -> bool:
        self._in_table = self._in_table or ("|" in line and _TABLE_RULE.match(line) is not None)
        return bool(
            _RULE.match(line)
            or _DEFINITION_LINE.match(line)
            or _TABLE_RULE.match(line)
            or _CONTAINER.match(line)
        )

    def _is_code(self, line: str) -> bool:
        """Whether an indented line is code; within a list it continues the item."""
        if self._in_list:
            return _INDENTED_TWICE.match(line) is not None and not _LIST_ITEM.match(line)
        return _INDENTED.match(line) is not None

    def _end_of_code(self, lines: list[tuple[int, int]], i: int, fence: str) -> int:
        for j in checked(range(i + 1, len(lines))):
            line = self.source[slice(*lines[j])]
            closing = _FENCE.match(line)
            if closing and closing[1].startswith(fence) and not line[closing.end() :].strip():
                return j
        return len(lines) - 1

    def _end_of_indented(self, lines: list[tuple[int, int]], i: int) -> int:
        """The last line of indented code, which may have blank lines inside."""
        last = i
        for j in checked(range(i + 1, len(lines))):
            line = self.source[slice(*lines[j])]
            if line.strip():
                if not self._is_code(line):
                    break
                last = j
        return last

    def _add_code(self, start: int, end: int) -> None:
        self.builder.add_text(self.source[start:end], start, end)
        self.builder.end_block(BlockKind.CODE)

    def _add_preformatted(self, start: int, end: int) -> None:
        """Add the blocks of a ``pre`` element."""
        for block in checked(html.parse(self.source[start:end])):
            self.builder.blocks.append(block.moved(start))

    def _end_of_raw(self, lines: list[tuple[int, int]], i: int, opening: re.Match[str]) -> int:
        closing = f"</{opening['name']}>" if opening["name"] else "-->"
        for j in checked(range(i, len(lines))):
            if closing.lower() in self.source[slice(*lines[j])].lower():
                return j
        return len(lines) - 1

    def _parse_line(self, start: int, end: int, following: str) -> None:
        quote = _QUOTE.match(self.source, start, end)
        begin = quote.end() if quote else start
        if quote and not self.source[begin:end].strip():
            self._flush()
            return
        heading = _HEADING.match(self.source, begin, end)
        item = _LIST_ITEM.match(self.source, begin, end) or _DEFINITION.match(
            self.source, begin, end
        )
        self._in_list = bool(item) or (
            self._in_list and (self.source[start].isspace() or bool(self._pending))
        )
        if heading:
            self._flush()
            closing = _CLOSING_HASHES.search(self.source, heading.end(), end)
            self._pending = [(heading.end(), closing.start() if closing else end)]
            self._flush(BlockKind.HEADING)
        elif item:
            self._flush()
            self._kind = BlockKind.ITEM
            self._pending = [(item.end(), end)]
        elif self._is_row(self.source[begin:end].strip(), following):
            self._flush()
            for cell in checked(_CELL.finditer(self.source, begin, end)):
                self._pending = [cell.span()]
                self._flush(BlockKind.ITEM)
        elif _IMAGE_LINE.match(self.source, begin, end):
            # What describes an image is no part of the sentence around it, nor of a caption.
            self._flush()
            self._pending = [(begin, end)]
            self._flush(BlockKind.ITEM)
        else:
            self._pending.append((begin, end))

    def _is_row(self, line: str, following: str) -> bool:
        return "|" in line and (
            self._in_table or line.startswith("|") or _TABLE_RULE.match(following) is not None
        )

    def _flush(self, kind: BlockKind | None = None) -> None:
        """Convert the pending lines to a block."""
        kind = kind or self._kind
        stretches: list[tuple[int, int]] = []
        for start, end in checked(self._pending):
            if stretches and stretches[-1][1] == start:
                start, _ = stretches.pop()
            stretches.append((start, end))
        previous = None
        for start, end in stretches:
            if previous is not None:
                # The line feed belongs to the mark: a quote's marker stays at the line start.
                feed = previous
                while feed and self.source[feed - 1] in "\r\n":
                    feed -= 1
                self.builder.add_mark(feed, start)
            self._inline.parse(start, end, kind)
            previous = end
        self.builder.end_block(kind)
        self._inline.reset()
        self._pending = []
        self._kind = BlockKind.PARAGRAPH


def parse(source: str) -> list[Block]:
    """Parse Markdown into blocks, in order; blocks without letters or digits are left out.

    Code, link targets, front matter and rules are markup and kept unchanged.
    """
    parser = _BlockParser(source)
    parser.parse()
    return parser.builder.blocks
