"""What a reader sees of a stretch of source text, and where each character came from."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from summsvc.articles.article import Span


class BlockKind(Enum):
    """What the source says a block is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Mark:
    """Inline markup: source [start, end), standing before visible character ``at``."""

    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class View:
    """Visible text with the source position of each of its characters.

    Character ``text[i]`` is source ``[starts[i], ends[i])``; a character
    reference makes that longer than one code point.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    marks: tuple[Mark, ...] = ()

    @staticmethod
    def plain(source: str, start: int, end: int) -> View:
        """A stretch without markup; takes no memory per character but its own."""
        return View(source[start:end], range(start, end), range(start + 1, end + 1))

    def span(self, begin: int, end: int) -> Span:
        """Source span of the non-empty visible stretch [begin, end)."""
        return Span(self.starts[begin], self.ends[end - 1])


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading or list item."""

    view: View
    kind: BlockKind

    @property
    def text(self) -> str:
        """The visible text, white space folded."""
        return " ".join(self.view.text.split())


class BlockBuilder:
    """Collects visible characters and marks into blocks."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._clear()

    def visible(self, text: str, start: int, end: int) -> None:
        """Add the characters that source [start, end) shows.

        As many as the source has, one from each; or fewer, all from the whole
        (a character reference).
        """
        self._text.append(text)
        self._length += len(text)
        if len(text) == end - start:
            self._starts.extend(range(start, end))
            self._ends.extend(range(start + 1, end + 1))
        else:
            self._starts.extend([start] * len(text))
            self._ends.extend([end] * len(text))

    def mark(self, start: int, end: int) -> None:
        """Add inline markup."""
        self._marks.append(Mark(self._length, start, end))

    def end_block(self, kind: BlockKind) -> None:
        """Close the block being built; nothing happens when it shows nothing."""
        text = "".join(self._text)
        if text.strip():
            view = View(text, self._starts, self._ends, tuple(self._marks))
            self.blocks.append(Block(view, kind))
        self._clear()

    def _clear(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._starts = array("i")
        self._ends = array("i")
        self._marks: list[Mark] = []
