"""Detection of hard-wrapped lines: which lines of plain text continue the line before them.

A program that wraps text at a column begins a new line where the next word does not fit. So in
wrapped text almost every line end inside a sentence is explained by the column; in verse, tables,
addresses and lists of names it is not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.characters import CLOSING_PUNCTUATION, continues_line
from summsvc.interruption import checked

MAX_WIDTH = 132
"""Widest column of hard-wrapped text; longer lines were not wrapped by hand or by a mail client."""

MIN_WIDTH = 40
"""Narrowest column that one line end inside a sentence proves."""

MIN_NARROW_WIDTH = 20
"""Narrowest column that several line ends inside sentences prove."""

VERSE_WIDTH = 50
"""Lines that are all shorter and fill no column may be verse: none continues another."""

TOLERANCE = 8
"""Code points that a line may lack to the column, where a sentence goes on after it."""

LONG_LINES = 0.2
"""Share of lines longer than the column that is too high for wrapped text."""

FILLED_LINES = 0.66
"""Share of line ends inside sentences that the column has to explain."""

_TERMINATORS = frozenset(".!?…。！？‽")
_ENDS_WELL = frozenset(".!?…:;\"'”’“»")
_BEFORE_SPEECH_TAG = frozenset(',!?…"”“»’')
_FIRST_WORD = re.compile(r"\S+")
_STOP_IN_LINE = re.compile(r"[^\W\d_]{4}[.!?…][\"'”’»“)]{0,2} +[\"'“„«(]?[^\W\d_a-zа-яё]")
_OPENING = "\"'„“«‹([{‘”"
_COLUMN_GAP = re.compile(r"\S(?: {3,}|\t)(?=\S)")
_NUMERIC_CELL = re.compile(r"(?: {3,}|\t)[-+$€£]?[\d.,:%]{1,20}\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with a letter or digit.

    start, end: source offsets of its text, without white space at either end and without quote
    marks. text: the source between them. indent: columns before the text. marker: code points of
    the list marker that the text begins with, or 0. after_page: a form feed stands before it.
    """

    start: int
    end: int
    text: str
    indent: int
    marker: int
    after_page: bool

    @property
    def width(self) -> int:
        """Columns up to the end of the text."""
        return self.indent + len(self.text)

    @property
    def is_open(self) -> bool:
        """Whether the line ends without a mark that may end a sentence."""
        return self.text.rstrip(CLOSING_PUNCTUATION)[-1:] not in _TERMINATORS

    @property
    def is_row(self) -> bool:
        """Whether the line has columns, as a row of a table."""
        if len(self.text) > MAX_WIDTH:
            return False
        gaps = len(_COLUMN_GAP.findall(self.text))
        return (
            gaps > 1
            or self.text.count("|") > 1
            or (gaps == 1 and _NUMERIC_CELL.search(self.text) is not None)
        )


def wrap_width(lines: Sequence[Line]) -> int:
    """The column at which the lines of a section were wrapped; 0 when they were not.

    It is derived from the line ends that are certainly inside a sentence: the next line begins
    in lower case.
    """
    pairs = [
        (line, following)
        for line, following in checked(list(itertools.pairwise(lines)))
        if not line.is_row
        and line.width <= MAX_WIDTH
        and (not following.marker or _is_speech_tag(line, following))
    ]
    inside = [
        (line, following)
        for line, following in checked(pairs)
        if following.marker or _continues(line, following)
    ]
    if not inside:
        return _width_of_capitals(lines, pairs)
    longest = max(line.width for line, _ in inside)
    limit = min(longest + TOLERANCE, MAX_WIDTH)
    width = max(line.width for line in lines if line.width <= limit and not line.is_row)
    if sum(line.width > width for line in lines if not line.is_row) > LONG_LINES * len(lines):
        return 0
    if width < MIN_WIDTH:
        return width if _proves_narrow(lines, inside, width) else 0
    if len(inside) > 1 and inside[0][0] is lines[0]:
        # The first line of a wire story lacks the dateline that stood before it.
        del inside[0]
    filled = sum(_fills(*pair, width - TOLERANCE // 2) for pair in checked(inside))
    return width if filled >= FILLED_LINES * len(inside) else 0


def _proves_narrow(lines: Sequence[Line], inside: Sequence[tuple[Line, Line]], width: int) -> bool:
    """Whether short lines are wrapped sentences rather than verse or a list in lower case.

    Lines of verse often end with a punctuation mark.
    """
    if width < MIN_NARROW_WIDTH or len(inside) < 2 or lines[-1].is_open:
        return False
    marked = sum(not line.text[-1].isalnum() for line, _ in checked(inside))
    return 2 * marked <= len(inside) and all(_fills(*pair, width) for pair in checked(inside))


def _width_of_capitals(lines: Sequence[Line], pairs: Sequence[tuple[Line, Line]]) -> int:
    """The column of text in which no line begins in lower case, or 0.

    Headlines, too, may fill a column by chance; but sentences do not end inside them.
    """
    width = max((line.width for line in lines), default=0)
    unfinished = [pair for pair in pairs if pair[0].is_open]
    if not unfinished or not MIN_WIDTH <= width <= MAX_WIDTH:
        return 0
    filled = all(_fills(*pair, width) for pair in checked(unfinished))
    stops = any(_STOP_IN_LINE.search(line.text) for pair in checked(unfinished) for line in pair)
    return width if filled and stops else 0


def paragraph_indent(lines: Sequence[Line]) -> int | None:
    """The indent of lines that continue a paragraph whose first line is indented; None: no such.

    The evidence is a line end inside a sentence before a line that is indented less.
    """
    plain = [line for line in lines if not line.marker]
    least = min((line.indent for line in plain), default=0)
    for line, following in itertools.pairwise(lines):
        if line.indent > least == following.indent and line.is_open and not line.marker:
            return None if following.marker or line.is_row else least
    return None


def continued_lines(lines: Sequence[Line], width: int, usual: int) -> list[bool]:
    """For each line of a section, whether it continues the line before it.

    A list marker at the start of a line that continues another is part of its text. width: the
    column of the section, or 0. usual: the column of the article's other sections, or 0.
    """
    base = paragraph_indent(lines) if width else None
    is_verse = not width and _is_verse(lines)
    markers = sum(bool(line.marker) for line in lines)
    hanging = _hanging(lines)
    result = [False] * len(lines)
    for i in checked(range(len(lines) - 1, 0, -1)):
        before, line = lines[i - 1], lines[i]
        if before.is_row or line.is_row:
            continue
        if line.marker:
            result[i] = bool(width) and _is_word(before, line, width, alone=markers == 1)
        elif base is not None and line.indent > base:
            continue
        elif width and line.text[0].islower():
            # Also after an abbreviation: "U.S." and "banks".
            result[i] = True
        elif _continues(before, line):
            ends_well = (i + 1 < len(lines) and result[i + 1]) or line.text[-1] in _ENDS_WELL
            fits = before.width <= usual and _fills(before, line, usual - TOLERANCE // 2)
            result[i] = hanging[i] or fits or (ends_well and not is_verse)
        elif line.after_page:
            continue
        elif hanging[i]:
            result[i] = True
        elif base is not None and (i == 1 or not before.is_open):
            result[i] = not _may_be_headline(before, line)
        elif width:
            begun = before.is_open and _STOP_IN_LINE.search(before.text) is not None
            result[i] = begun or _fills(before, line, width - TOLERANCE * before.is_open)
        elif before.width <= usual:
            result[i] = _fills(before, line, usual)
    return result


def _continues(line: Line, following: Line) -> bool:
    """Whether a sentence goes on in lower case, perhaps after an opening bracket."""
    return continues_line(line.text, following.text.lstrip(_OPENING))


def _fills(line: Line, following: Line, width: int) -> bool:
    """Whether the first word of the next line would not have fitted into the column."""
    word = _FIRST_WORD.match(following.text)
    return line.width + 1 + (word.end() if word else 0) > width


def _is_verse(lines: Sequence[Line]) -> bool:
    ends = [line.is_open for line, following in itertools.pairwise(lines) if not following.marker]
    return sum(ends) > 1 and all(line.width < VERSE_WIDTH for line in lines)


def _is_word(before: Line, line: Line, width: int, *, alone: bool) -> bool:
    """Whether what looks like a list marker was moved to the start of the line by wrapping."""
    if before.marker or not _fills(before, line, width - TOLERANCE // 2):
        return False
    if not before.is_open:
        return _is_speech_tag(before, line)
    if line.text[0].isalnum():
        return alone and before.text[-1] != ":"
    return _is_speech_tag(before, line) or (before.text[-1].isalnum() and _text_is_lower(line))


def _is_speech_tag(before: Line, line: Line) -> bool:
    """Whether a dash begins the author's words after a quotation: „…“, / – sakė jis."""
    return line.text[0] in "-–—" and _text_is_lower(line) and before.text[-1] in _BEFORE_SPEECH_TAG


def _text_is_lower(line: Line) -> bool:
    return line.text[line.marker : line.marker + 1].islower()


def _may_be_headline(first: Line, line: Line) -> bool:
    """Whether a first line in capitals stands above other text."""
    return first.text.upper() == first.text and line.text.upper() != line.text


def _hanging(lines: Sequence[Line]) -> list[bool]:
    """For each line, whether it is indented deeper than the list item that it belongs to."""
    result: list[bool] = []
    item: int | None = None
    for line in checked(lines):
        if line.marker:
            item = line.indent
        elif item is not None and line.indent <= item:
            item = None
        result.append(item is not None and not line.marker)
    return result
