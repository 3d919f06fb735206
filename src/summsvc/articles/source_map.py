"""SourceMap: visible text with the source offset of every character, and inline markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.types import Span


@dataclass(frozen=True, slots=True)
class Mark:
    """Inline markup: source [start, end), located before visible character ``at``.

    length: visible characters that the markup stands for: the quotation mark of a ``q`` tag, or
    the text of an element that translations keep as it is (kept).
    """

    at: int
    start: int
    end: int
    length: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Visible text, the source range of each of its characters, and inline markup.

    Character ``text[i]`` is source ``[starts[i], ends[i])``. The range is longer than one
    code point for a character reference and empty for a line break written as a tag. The first
    and the last character of a kept element include its tags.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    marks: Sequence[Mark] = ()

    @staticmethod
    def plain(source: str, start: int, end: int) -> SourceMap:
        """Map source [start, end) without markup; offsets are ranges and need no memory."""
        return SourceMap(source[start:end], range(start, end), range(start + 1, end + 1))

    def span(self, begin: int, end: int) -> Span:
        """Source span of the non-empty visible range [begin, end)."""
        return Span(self.starts[begin], self.ends[end - 1])
