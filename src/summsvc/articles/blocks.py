"""Blocks (paragraphs, headings, list items) of an article, and the builder that parsers fill."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from summsvc.articles.characters import (
    SCAN_CHUNK,
    continues_line,
    has_alphanumeric,
    visible_runs,
)
from summsvc.articles.source_map import Mark, SourceMap, add_offsets
from summsvc.interruption import checked, checkpoint
from summsvc.types import Span


class BlockKind(Enum):
    """The kind of a block, as marked up in the source.

    PAGE_TITLE: the ``title`` element of an HTML page, which is not part of the visible text.
    CODE: preformatted text or a code block that is no prose; not part of the article's text.
    CAPTION: the text below an image or a table.
    """

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"
    PAGE_TITLE = "page title"
    CODE = "code"
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

    def moved(self, by: int) -> Block:
        """The block of a source that has ``by`` code points more before it."""
        its = self.source_map
        marks = [replace(mark, start=mark.start + by, end=mark.end + by) for mark in its.marks]
        starts, ends = ([at + by for at in offsets] for offsets in (its.starts, its.ends))
        return Block(SourceMap(its.text, starts, ends, marks), self.kind)


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
        self._keeps = False
        self._kept_start: int | None = None
        self._kept_from: int | None = None
        self._clear()

    def add_text(self, text: str, start: int, end: int) -> None:
        """Add the visible characters ``text`` of source [start, end).

        Either the text has as many characters as the source range, one from each code point, or
        it has fewer, all of which map to the whole range (a character reference). Invisible
        characters are left out.
        """
        if text and text.isascii():
            # No character of ASCII is invisible.
            self._add_visible(text, start, end)
            return
        before = self._text[-1][-1:] if self._text else ""
        known = before + text
        runs = list(visible_runs(known, len(before), len(known)))
        if [(len(before), len(known))] == runs:
            self._add_visible(text, start, end)
            return
        for begin, stop in checked(runs):
            run = known[begin:stop]
            if len(text) == end - start:
                shift = start - len(before)
                self._add_visible(run, begin + shift, stop + shift)
            else:
                self._add_visible(run, start, end)

    def _add_visible(self, text: str, start: int, end: int) -> None:
        if not text.isspace():
            self._end_broken_line(text)
            self._last = text
        if self._keeps and self._kept_from is None:
            self._kept_from = self._length
        self._text.append(text)
        self._length += len(text)
        if len(text) == end - start:
            add_offsets(self._starts, self._ends, [(start, end)])
        else:
            self._starts.extend([start] * len(text))
            self._ends.extend([end] * len(text))

    def _end_broken_line(self, text: str) -> None:
        """Before ``text`` is added: end the block of a line break unless a sentence continues."""
        if self._broken and not continues_line(self._last, text):
            self.end_block(self._broken_kind)
        self._broken = False

    def add_mark(self, start: int, end: int) -> None:
        """Add inline markup at source [start, end); inside a kept element it is part of that."""
        if not self._keeps:
            self._marks.append(Mark(self._length, start, end))

    def add_text_of_tag(self, text: str, start: int, end: int) -> None:
        """Add a character for which the source has the tag [start, end): a quotation mark, ^."""
        self._end_broken_line(text)
        if not self._keeps:
            self._marks.append(Mark(self._length, start, end, length=1))
        self.add_text(text, start, end)

    def begin_kept(self, start: int | None = None) -> None:
        """Begin an element whose text translations keep as it is.

        start: where it starts in the source, None to begin with its first visible character.
        """
        self._keeps, self._kept_start, self._kept_from = True, start, None

    def end_kept(self, end: int | None = None) -> None:
        """End that element. end: where it ends in the source, None: with its last character."""
        self._end_kept_run(end)
        self._keeps = False

    @property
    def keeps(self) -> bool:
        """Whether the text that is added belongs to a kept element."""
        return self._keeps

    @property
    def last_text(self) -> str:
        """The last text of the current block that is not white space; empty at its start."""
        return self._last if self._length else ""

    def _end_kept_run(self, end: int | None) -> None:
        """Make the kept text of this block one mark."""
        begin, start = self._kept_from, self._kept_start
        self._kept_from = self._kept_start = None
        if begin is None:
            if start is not None and end is not None:
                self._marks.append(Mark(self._length, start, end))
            return
        if start is not None:
            self._starts[begin] = start
        if end is not None:
            self._ends[-1] = end
        span = self._starts[begin], self._ends[-1]
        self._marks.append(Mark(begin, *span, length=self._length - begin, kept=True))

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
        """Close the current block; discard it when it has no letter or digit.

        An open kept element goes on in the next block.
        """
        if self._kept_from is not None:
            self._end_kept_run(None)
        if not self._text and not self._marks:
            self._broken = False
            return
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
