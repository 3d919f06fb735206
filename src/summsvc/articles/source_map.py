"""SourceMap: visible text with the source offset of every character, and inline markup."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from summsvc.articles.characters import SCAN_CHUNK, visible_runs
from summsvc.interruption import checked, checkpoint
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
        """Map source [start, end) without markup, without invisible characters."""
        return SourceMap.joined(source, [(start, end)])

    @staticmethod
    def joined(source: str, ranges: Iterable[tuple[int, int]]) -> SourceMap:
        """Map source ranges, in order, without their invisible characters.

        The offsets of one range without such characters need no memory.
        """
        runs = [run for each in checked(ranges) for run in visible_runs(source, *each)]
        if len(runs) == 1:
            start, end = runs[0]
            return SourceMap(source[start:end], range(start, end), range(start + 1, end + 1))
        starts, ends = array("i"), array("i")
        add_offsets(starts, ends, runs)
        return SourceMap("".join(source[start:end] for start, end in runs), starts, ends)

    def span(self, begin: int, end: int) -> Span:
        """Source span of the non-empty visible range [begin, end)."""
        return Span(self.starts[begin], self.ends[end - 1])


def add_offsets(starts: array[int], ends: array[int], runs: Iterable[tuple[int, int]]) -> None:
    """Append the offsets of each character of the runs, in chunks with checkpoints."""
    for start, end in runs:
        if end - start <= SCAN_CHUNK:
            checkpoint()
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
            continue
        for at in checked(range(start, end, SCAN_CHUNK), 1):
            stop = min(at + SCAN_CHUNK, end)
            starts.extend(range(at, stop))
            ends.extend(range(at + 1, stop + 1))
