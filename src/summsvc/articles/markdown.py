"""Blocks of Markdown, every visible character with its place in the source.

Markdown libraries give line numbers for blocks and no positions within them, so
the constructs of CommonMark (https://spec.commonmark.org/0.31.2/) and GFM tables
that articles use are recognised here, line by line.
"""

from __future__ import annotations

import html
import re

from summsvc.articles.view import Block, BlockBuilder, BlockKind

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+|(?=\r|\n|\Z))")
_CLOSING_HASHES = re.compile(r"[ \t]+#+[ \t]*(?=[\r\n]|\Z)")
_SETEXT = re.compile(r" {0,3}(?:=+|-+)[ \t]*(?=[\r\n]|\Z)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})(?=[\r\n]|\Z)")
_QUOTE = re.compile(r"(?: {0,3}>[ \t]?)+")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_INDENTED = re.compile(r"(?: {4}|\t)")
_DEFINITION = re.compile(r" {0,3}\[[^\]\r\n]{1,500}\]:[ \t]*\S+")
_TABLE_RULE = re.compile(
    r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*(?=[\r\n]|\Z)"
)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(?s:.{0,20000}?)\n---[ \t]*(?:\r?\n|\Z)")

_INLINE = re.compile(
    r"(?P<code>(?P<ticks>`{1,10})(?!`)(?>[^`]{1,5000}|`(?!(?P=ticks)))*?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<image>!\[)"
    r"|(?P<target>\](?:\([^()\r\n]{0,2000}(?:\([^()\r\n]{0,500}\)[^()\r\n]{0,500})?\)|\[[^\]\r\n]{0,500}\])?)"
    r"|(?P<link>\[)"
    r"|(?P<auto><(?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]{0,2000}|[^\s<>@]{1,64}@[^\s<>]{1,255})>)"
    r"|(?P<tag></?[a-zA-Z][^<>]{0,2000}>|<!--.{0,2000}?-->)"
    r"|(?P<ref>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)"
    r"|(?P<emphasis>(?<!\s)\*{1,3}|\*{1,3}(?!\s)|~~|(?<!\w)_{1,3}|_{1,3}(?!\w))"
    r"|(?P<text>[^`\\!\[\]<&*~_]+|.)",
    re.DOTALL,
)


class _Reader:
    """Walks the lines of one article."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.builder = BlockBuilder()
        self._kind = BlockKind.PARAGRAPH
        self._pending: list[tuple[int, int]] = []

    def read(self) -> None:
        lines = [match.span() for match in _LINE.finditer(self.source) if match[0]]
        front = _FRONT_MATTER.match(self.source)
        fence = ""
        blank_before = True
        for i, (start, end) in enumerate(lines):
            if front and start < front.end():
                continue
            line = self.source[start:end]
            opening = _FENCE.match(line)
            if fence:
                if opening and opening[1].startswith(fence) and not line[opening.end() :].strip():
                    fence = ""
                continue
            if not line.strip():
                self._flush()
            elif opening:
                self._flush()
                fence = opening[1]
            elif self._pending and self._kind is not BlockKind.ITEM and _SETEXT.match(line):
                self._flush(BlockKind.HEADING)
            elif _RULE.match(line) or _DEFINITION.match(line) or _TABLE_RULE.match(line):
                self._flush()
            elif blank_before and _INDENTED.match(line) and not _ITEM.match(line):
                self._flush()
                continue
            else:
                following = self.source[slice(*lines[i + 1])] if i + 1 < len(lines) else ""
                self._line(start, end, following)
            blank_before = not line.strip()
        self._flush()

    def _line(self, start: int, end: int, following: str) -> None:
        quote = _QUOTE.match(self.source, start, end)
        begin = quote.end() if quote else start
        if quote and not self.source[begin:end].strip():
            self._flush()
            return
        heading = _HEADING.match(self.source, begin, end)
        item = _ITEM.match(self.source, begin, end)
        if heading:
            self._flush()
            closing = _CLOSING_HASHES.search(self.source, heading.end(), end)
            self._pending = [(heading.end(), closing.start() if closing else end)]
            self._flush(BlockKind.HEADING)
        elif item:
            self._flush()
            self._kind = BlockKind.ITEM
            self._pending = [(item.end(), end)]
        elif "|" in self.source[begin:end].strip() and (
            self.source[begin:end].lstrip().startswith("|") or _TABLE_RULE.match(following)
        ):
            self._flush()
            for cell in re.finditer(r"(?:\\\||[^|\r\n])+", self.source[begin:end]):
                self._pending = [(begin + cell.start(), begin + cell.end())]
                self._flush(BlockKind.ITEM)
        else:
            self._pending.append((begin, end))

    def _flush(self, kind: BlockKind | None = None) -> None:
        """Turn the lines gathered so far into a block."""
        previous = None
        inside = 0
        for start, end in self._pending:
            if previous is not None and start > previous:
                # The line feed goes along, so that the marker keeps its place at a line's start.
                feed = (
                    previous
                    - len(self.source[previous - 2 : previous])
                    + len(self.source[previous - 2 : previous].rstrip("\r\n"))
                )
                self.builder.mark(feed, start)
            for match in _INLINE.finditer(self.source, start, end):
                inside = self._inline(match, inside)
            previous = end
        self.builder.end_block(kind or self._kind)
        self._pending = []
        self._kind = BlockKind.PARAGRAPH

    def _inline(self, match: re.Match[str], inside: int) -> int:
        """Add one inline construct; returns how many link texts are open."""
        start, end = match.span()
        if match["text"]:
            self.builder.visible(match[0], start, end)
        elif match["escape"]:
            self.builder.mark(start, start + 1)
            self.builder.visible(match[0][1], start + 1, end)
        elif match["ref"]:
            self.builder.visible(html.unescape(match[0]), start, end)
        elif match["link"] or match["image"]:
            if "]" in self.source[end : end + 2000]:
                self.builder.mark(start, end)
                return inside + 1
            self.builder.visible(match[0], start, end)
        elif match["target"] and not inside:
            self.builder.visible(match[0], start, end)
        else:
            self.builder.mark(start, end)
            return inside - 1 if match["target"] else inside
        return inside


def blocks(source: str) -> list[Block]:
    """Divide Markdown into blocks, in order, those without visible text left out.

    Code, link targets, front matter and rules are markup, kept as they are.
    """
    reader = _Reader(source)
    reader.read()
    return reader.builder.blocks
