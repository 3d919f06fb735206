"""Blocks (paragraphs, headings, list items) of an article, and the builder that parsers fill."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from enum import Enum
from typing import Any

from summsvc.articles.characters import SCAN_CHUNK, continues_line, has_alphanumeric
from summsvc.articles.source_map import Mark, SourceMap
from summsvc.interruption import checked, checkpoint
from summsvc.types import Span


class BlockKind(Enum):
    """The kind of a block, as marked up in the source.

    PAGE_TITLE: the ``title`` element of an HTML page, which is not part of the visible text.
    CAPTION: the text below an image or a table.
    """

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"
    PAGE_TITLE = "page title"
    CAPTION = "caption"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading or list item with at least one letter or digit."""

    source_map: SourceMap
    kind: BlockKind

    @property
    def text(self) -> str:
        """The visible text with each run of white space replaced by one space."""
        return " ".join(self.source_map.text.split())

    @property
    def span(self) -> Span:
        """Source span from the first to the last visible character."""
        text = self.source_map.text
        return self.source_map.span(len(text) - len(text.lstrip()), len(text.rstrip()))


def release_list(objects: list[Any]) -> None:
    """Empty a list in chunks, with a cancellation checkpoint between chunks.

    The caller must hold the only reference. Releasing a long list in one call would hold the
    GIL for too long.
    """
    while len(objects) > SCAN_CHUNK:
        checkpoint()
        del objects[-SCAN_CHUNK:]
    objects.clear()


def release_blocks(blocks: list[Block]) -> None:
    """Empty a list of blocks, after the marks of each block."""
    for block in checked(blocks):
        if isinstance(block.source_map.marks, list):
            release_list(block.source_map.marks)
    release_list(blocks)


class BlockBuilder:
    """Collects visible characters and markup from a parser and divides them into blocks."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._broken = False
        self._broken_kind = BlockKind.PARAGRAPH
        self._last = ""
        self._clear()

    def add_text(self, text: str, start: int, end: int) -> None:
        """Add the visible characters ``text`` of source [start, end).

        Either the text has as many characters as the source range, one from each code point, or
        it has fewer, all of which map to the whole range (a character reference).
        """
        if not text.isspace():
            if self._broken and not continues_line(self._last, text):
                self.end_block(self._broken_kind)
            self._broken, self._last = False, text
        self._text.append(text)
        self._length += len(text)
        if len(text) == end - start:
            for at in checked(range(start, end, SCAN_CHUNK), 1):
                stop = min(at + SCAN_CHUNK, end)
                self._starts.extend(range(at, stop))
                self._ends.extend(range(at + 1, stop + 1))
        else:
            self._starts.extend([start] * len(text))
            self._ends.extend([end] * len(text))

    def add_mark(self, start: int, end: int) -> None:
        """Add inline markup at source [start, end)."""
        self._marks.append(Mark(self._length, start, end))

    def add_line_break(self, start: int, end: int, kind: BlockKind) -> None:
        """Add a line break at source [start, end).

        It ends a block of ``kind`` unless a sentence continues on the next line.
        """
        if self._broken:
            self.end_block(kind)
        elif self._text:
            self.add_text("\n", start, start)
            self.add_mark(start, end)
            self._broken, self._broken_kind = True, kind

    def end_block(self, kind: BlockKind) -> None:
        """Close the current block; discard it when it has no letter or digit."""
        text = "".join(self._text)
        if has_alphanumeric(text):
            source_map = SourceMap(text, self._starts, self._ends, self._marks)
            self.blocks.append(Block(source_map, kind))
        self._clear()

    def _clear(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._starts = array("i")
        self._ends = array("i")
        self._marks: list[Mark] = []
        self._broken = False
