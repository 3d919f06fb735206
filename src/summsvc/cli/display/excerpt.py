"""Excerpts: one line of a text with an underline below the place that a span names."""

from __future__ import annotations

from dataclasses import dataclass

from summsvc.cli.display.terminal import printable
from summsvc.types import Span

ELLIPSIS = "…"

CONTEXT_SHARE = 3
"""The text before the place gets at most one part in so many of the columns."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of one line of a text.

    line: number in the text, from 1. text: without control characters; clipped parts are
    replaced by "…". start, end: of the place within ``text``, in code points; end > start.
    more_lines: further lines of the place.
    """

    line: int
    text: str
    start: int
    end: int
    more_lines: int


def excerpt(text: str, span: Span, columns: int) -> Excerpt | None:
    """The first line of a place in a text.

    span: half-open, in code points of ``text``. columns: code points of the excerpt at most, at
    least 10. None if the span is not in the text, as when the text was changed after it was sent.
    """
    if not 0 <= span.start <= span.end <= len(text):
        return None
    begin = text.rfind("\n", 0, span.start) + 1
    stop = text.find("\n", span.start)
    stop = len(text) if stop < 0 else stop
    # printable() keeps the length of all but tabs, which become one space here.
    line = printable(text[begin:stop].rstrip("\r").replace("\t", " "))
    start = span.start - begin
    end = max(start + 1, min(span.end - begin, len(line)))
    more = text.count("\n", stop, span.end)
    first, last = _window(len(line), start, end, columns)
    shown = line[first:last]
    if first:
        shown = ELLIPSIS + shown[1:]
    if last < len(line):
        shown = shown[:-1] + ELLIPSIS
    number = text.count("\n", 0, span.start) + 1
    return Excerpt(number, shown, start - first, min(end, last) - first, more)


def _window(length: int, start: int, end: int, columns: int) -> tuple[int, int]:
    """The part of a line that is shown: the beginning of the place, and as much around it."""
    if length <= columns:
        return 0, max(length, end)
    if end <= columns - 1:
        return 0, columns
    first = max(0, start - columns // CONTEXT_SHARE)
    if end - first < columns:
        first = max(0, min(start - 1, end + columns // CONTEXT_SHARE - columns))
    first = min(first, max(0, length - columns))
    return first, min(length, first + columns)
