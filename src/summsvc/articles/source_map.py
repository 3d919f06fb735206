"""What a reader sees of a stretch of source text, and where each character came from."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from summsvc.interruption import checked, checkpoint
from summsvc.types import Span

STEP = 4_000
"""Code points, or so, that one call of C code is given. It holds the interpreter's lock
until it has ended, and the event loop waits."""

UNFINISHED = frozenset(",;-–—")
"""Line ends after which a sentence goes on."""


class BlockKind(Enum):
    """What the source says a block is.

    PAGE_TITLE: an HTML page's ``title``, shown beside the text and not in it.
    """

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"
    PAGE_TITLE = "page title"


@dataclass(frozen=True, slots=True)
class Mark:
    """Inline markup: source [start, end), standing before visible character ``at``."""

    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Visible text with the source position of each of its characters.

    Character ``text[i]`` is source ``[starts[i], ends[i])``: longer than one
    code point for a character reference, empty for a line break that is a tag.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    marks: Sequence[Mark] = ()

    @staticmethod
    def plain(source: str, start: int, end: int) -> SourceMap:
        """A stretch without markup; takes no memory per character but its own."""
        return SourceMap(source[start:end], range(start, end), range(start + 1, end + 1))

    def span(self, begin: int, end: int) -> Span:
        """Source span of the non-empty visible stretch [begin, end)."""
        return Span(self.starts[begin], self.ends[end - 1])


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading or list item; has at least one letter or digit."""

    source_map: SourceMap
    kind: BlockKind

    @property
    def text(self) -> str:
        """The visible text, white space folded."""
        return " ".join(self.source_map.text.split())

    @property
    def span(self) -> Span:
        """From the first to the last visible character."""
        text = self.source_map.text
        return self.source_map.span(len(text) - len(text.lstrip()), len(text.rstrip()))


def let_go(objects: list[Any]) -> None:
    """Empty a list a step at a time; it is nobody else's, and all at once takes long."""
    while objects:
        checkpoint()
        del objects[-STEP:]


def let_go_of_blocks(blocks: list[Block]) -> None:
    """Empty a list of blocks, the marks of long ones first."""
    for block in checked(blocks):
        if isinstance(block.source_map.marks, list):
            let_go(block.source_map.marks)
    let_go(blocks)


def says_something(text: str) -> bool:
    """Whether there is a letter or a digit; a text without any is a separator."""
    if len(text) <= STEP:
        return any(map(str.isalnum, text))
    return any(says_something(text[at : at + STEP]) for at in checked(range(0, len(text), STEP), 1))


def goes_on(before: str, after: str) -> bool:
    """Whether a sentence goes on over the line break between two texts.

    It does when the second begins in lower case and the first did not end.
    """
    last, first = before.rstrip()[-1:], after.lstrip()[:1]
    return first.islower() and (last.isalnum() or last in UNFINISHED)


class BlockBuilder:
    """Collects visible characters and marks into blocks."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._broken = False
        self._broken_kind = BlockKind.PARAGRAPH
        self._last = ""
        self._clear()

    def visible(self, text: str, start: int, end: int) -> None:
        """Add the characters that source [start, end) shows.

        As many as the source has, one from each; or fewer, all from the whole
        (a character reference).
        """
        if not text.isspace():
            if self._broken and not goes_on(self._last, text):
                self.end_block(self._broken_kind)
            self._broken, self._last = False, text
        self._text.append(text)
        self._length += len(text)
        if len(text) == end - start:
            for at in checked(range(start, end, STEP), 1):
                stop = min(at + STEP, end)
                self._starts.extend(range(at, stop))
                self._ends.extend(range(at + 1, stop + 1))
        else:
            self._starts.extend([start] * len(text))
            self._ends.extend([end] * len(text))

    def mark(self, start: int, end: int) -> None:
        """Add inline markup."""
        self._marks.append(Mark(self._length, start, end))

    def line_break(self, start: int, end: int, kind: BlockKind) -> None:
        """Add a line break; it ends a block of ``kind`` unless a sentence goes on over it."""
        if self._broken:
            self.end_block(kind)
        elif self._text:
            self.visible("\n", start, start)
            self.mark(start, end)
            self._broken, self._broken_kind = True, kind

    def end_block(self, kind: BlockKind) -> None:
        """Close the block being built; nothing happens when it says nothing."""
        text = "".join(self._text)
        if says_something(text):
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
