"""Preformatted text: prose in lines, or code."""

from __future__ import annotations

import re

from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.characters import SCAN_CHUNK
from summsvc.articles.formats import plain
from summsvc.articles.source_map import Mark, SourceMap
from summsvc.interruption import checked

MIN_WORDS_PER_LINE = 3
"""Words per line of prose, on average."""

MAX_SYMBOLS = 0.02
"""Share of prose, without white space, that symbols of code may be."""

MIN_LETTERS = 0.75
"""Share of prose, without white space, that is letters."""

MAX_COLUMNS = 0.3
"""Share of the lines of prose that may have columns."""

_SYMBOLS = re.compile(r"[{}<>=;|\\\\^~`$#@_\[\]+]|//|::|\(\)|--\w")
_LETTER = re.compile(r"[^\W\d_]")
_SPACE = re.compile(r"\s")
_COLUMNS = re.compile(r"\S(?: {3,}|\t+ *)\S")
_SENTENCE_END = re.compile(r"[^\W\d_]{2,}[.!?…][\"'”’»)]*(?:\s|\Z)")
_VERSE_LINE = re.compile(r"\s*[\"'„“«]*[^\W\d_a-z]")


_CODE_TAG = re.compile(
    r"<pre\b[^>]*\b(?:class|data-lang\w*)\s*=\s*[\"']?[^\"'>]*(?:lang|code|highlight|brush|prettyprint)"
    r"|<pre\b[^>]*\btranslate\s*=\s*[\"']?no\b"
    r"|<pre\b[^>]*>\s{0,20}<(?:code|samp|kbd)\b",
    re.IGNORECASE,
)
"""The tags of preformatted text that its author marked as code."""

MAX_CODE_TAG = 200
"""Code points after a ``pre`` tag in which a tag for code is looked for."""


def is_marked_as_code(source: str, start: int, end: int) -> bool:
    """Whether the author marked a ``pre`` element as code. start, end: of its tag."""
    return _CODE_TAG.match(source[start : end + MAX_CODE_TAG]) is not None


def is_prose(text: str) -> bool:
    """Whether preformatted text is prose: words in sentences, or lines of verse.

    Decided by the first ``SCAN_CHUNK`` code points.
    """
    text = text[:SCAN_CHUNK]
    lines = [line for line in text.splitlines() if line.strip()]
    inked = len(_SPACE.sub("", text))
    if not lines or len(text.split()) < MIN_WORDS_PER_LINE * len(lines):
        return False
    if len(_SYMBOLS.findall(text)) > MAX_SYMBOLS * inked:
        return False
    if len(_LETTER.findall(text)) < MIN_LETTERS * inked:
        return False
    if sum(bool(_COLUMNS.search(line.strip())) for line in lines) > MAX_COLUMNS * len(lines):
        return False
    verse = sum(bool(_VERSE_LINE.match(line)) for line in lines) > len(lines) / 2
    return verse or _SENTENCE_END.search(text) is not None


def divide(blocks: list[Block], first: int, *, is_code: bool) -> None:
    """Replace the blocks from ``first`` on, which are preformatted text, by their own blocks."""
    preformatted = blocks[first:]
    del blocks[first:]
    for block in checked(preformatted):
        blocks += _blocks_of(block, is_code=is_code)


def _blocks_of(block: Block, *, is_code: bool) -> list[Block]:
    """The blocks of preformatted text: its paragraphs if it is prose, else one block of code."""
    source_map = block.source_map
    if is_code or not is_prose(source_map.text):
        return [Block(source_map, BlockKind.CODE)]
    found: list[Block] = []
    marks = list(source_map.marks)
    at = 0
    for each in checked(plain.parse(source_map.text)):
        begin, end = each.source_map.starts[0], each.source_map.ends[-1]
        if at and marks[at - 1].at + marks[at - 1].length > begin:
            at -= 1
        while at < len(marks) and marks[at].at + marks[at].length < begin:
            at += 1
        own: list[Mark] = []
        while at < len(marks) and marks[at].at < end:
            own.append(_moved(marks[at], begin, end))
            at += 1
        starts, ends = source_map.starts[begin:end], source_map.ends[begin:end]
        found.append(Block(SourceMap(source_map.text[begin:end], starts, ends, own), each.kind))
    return found


def _moved(mark: Mark, begin: int, end: int) -> Mark:
    """A mark of a text as one of the part [begin, end) of that text."""
    at = max(mark.at, begin)
    length = min(mark.at + mark.length, end) - at if mark.length else 0
    return Mark(at - begin, mark.start, mark.end, length, mark.kept)
