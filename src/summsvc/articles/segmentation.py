"""Division of blocks into segments: sentences, headings and fragments with inline markup."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

from summsvc.articles import sentences
from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.characters import extends_character, has_alphanumeric
from summsvc.articles.document import InlineMark, Segment
from summsvc.articles.source_map import SourceMap
from summsvc.interruption import checked, checkpoint
from summsvc.types import Field, SegmentKind

_FOLDED_SPACE = re.compile(r"\s{2,}|[^\S \u00a0\u2007\u202f]")
"""White space that is replaced by one space; a single no-break space is kept."""

_NON_SPACE = re.compile(r"\S")

_TERMINATORS = ".!?…。！？‽"
_CLOSING_PUNCTUATION = "\"'”’»›)]}“"

MAX_HEADING_CODE_POINTS = 200
"""Longest block without terminator, in code points, that counts as a heading."""

MAX_SENTENCE_CODE_POINTS = 60_000
"""Longest sentence in code points. A longer one is cut at the last space within the last
tenth of the limit, or else between two characters. Real articles have no such sentences. The
bound keeps a megabyte without a full stop from becoming one segment, which every later step
would scan while holding the GIL."""


def segment_blocks(
    source: str, blocks: Sequence[Block], field: Field, code: str, *, titled: bool
) -> Iterator[Segment]:
    """Yield the segments of a field's blocks, in order.

    source: the field as sent. code: BCP-47 code of the language. titled: whether the article
    has a title; without one, the first block may be classified as a heading.
    """
    for number, block in enumerate(blocks):
        checkpoint()
        source_map = block.source_map
        wholes = list(sentences.split(source_map.text, code))
        spans = [part for whole in wholes for part in _limit_length(source_map, *whole)]
        follows_text = number + 1 < len(blocks)
        for begin, end in checked(spans):
            kind = _kind(block, source_map.text[begin:end], len(spans), follows_text)
            if kind is SegmentKind.FRAGMENT and number == 0 and not titled and follows_text:
                kind = SegmentKind.HEADING
            text, marks = _text_and_marks(source, source_map, begin, end)
            yield Segment(text, source_map.span(begin, end), field, kind, number, marks)


def _limit_length(source_map: SourceMap, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield a sentence as one span, or as several when it is over the length limit.

    Parts without a letter or digit are left out; they become part of a separator.
    """
    if end - begin <= MAX_SENTENCE_CODE_POINTS:
        yield begin, end
        return
    while end - begin > MAX_SENTENCE_CODE_POINTS:
        limit = begin + MAX_SENTENCE_CODE_POINTS
        last_tenth = limit - MAX_SENTENCE_CODE_POINTS // 10
        cut = source_map.text.rfind(" ", last_tenth, limit) + 1 or _cut_in_word(source_map, limit)
        part = source_map.text[begin:cut].rstrip()
        if has_alphanumeric(part):
            yield begin, begin + len(part)
        following = _NON_SPACE.search(source_map.text, cut, end)
        assert following is not None
        begin = following.start()
    if has_alphanumeric(source_map.text[begin:end]):
        yield begin, end


def _cut_in_word(source_map: SourceMap, limit: int) -> int:
    """The last offset up to ``limit`` that lies between two characters.

    Never inside the characters of one character reference. An offset before a combining mark
    is used only when no other offset is near.
    """
    near = range(limit, limit - 32, -1)
    between = [at for at in near if source_map.ends[at - 1] <= source_map.starts[at]]
    free = (
        at for at in between if not extends_character(source_map.text[at - 1], source_map.text[at])
    )
    return next(free, between[0])


def _kind(block: Block, text: str, count: int, follows_text: bool) -> SegmentKind:
    if block.kind in (BlockKind.HEADING, BlockKind.PAGE_TITLE):
        return SegmentKind.HEADING
    if block.kind is BlockKind.CAPTION:
        return SegmentKind.FRAGMENT
    if text.rstrip(_CLOSING_PUNCTUATION)[-1:] in _TERMINATORS:
        return SegmentKind.SENTENCE
    if block.kind is BlockKind.ITEM or not follows_text or text.endswith((":", ",", ";")):
        return SegmentKind.FRAGMENT
    if count == 1 and len(text) <= MAX_HEADING_CODE_POINTS and len(text.split()) > 1:
        return SegmentKind.HEADING
    return SegmentKind.FRAGMENT


def _text_and_marks(
    source: str, source_map: SourceMap, begin: int, end: int
) -> tuple[str, tuple[InlineMark, ...]]:
    """The text of visible [begin, end) with white space folded, and the marks inside it.

    White space that follows a mark which itself follows white space is stored with the mark,
    so that "use `x` now" is restored exactly.
    """
    first = bisect.bisect_right(source_map.marks, begin, key=lambda mark: mark.at)
    last = bisect.bisect_left(source_map.marks, end, key=lambda mark: mark.at)
    if first == last:
        return _FOLDED_SPACE.sub(" ", source_map.text[begin:end]), ()
    pieces: list[str] = []
    length = 0
    after_space = False
    marks: list[InlineMark] = []
    stops = [*((mark.at, mark) for mark in source_map.marks[first:last]), (end, None)]
    for stop, mark in checked(stops):
        piece = _FOLDED_SPACE.sub(" ", source_map.text[begin:stop])
        begin = stop
        if after_space and piece[:1].isspace():
            marks[-1] = InlineMark(length, marks[-1].source + piece[0])
            piece = piece[1:]
        pieces.append(piece)
        length += len(piece)
        after_space = piece[-1].isspace() if piece else after_space
        if mark:
            marks.append(InlineMark(length, source[mark.start : mark.end]))
    return "".join(pieces), tuple(marks)
