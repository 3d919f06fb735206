"""Division of blocks into segments: sentences, headings and fragments with inline markup."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from summsvc.articles import sentences
from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.characters import (
    POWER,
    QUOTATION_MARKS,
    extends_character,
    has_alphanumeric,
)
from summsvc.articles.document import InlineMark, Segment
from summsvc.articles.markup_tree import enclosed
from summsvc.articles.noise import datelines
from summsvc.articles.notes import ends_sentence, reference_start
from summsvc.articles.source_map import SourceMap
from summsvc.interruption import checked, checkpoint
from summsvc.languages import registry
from summsvc.types import Field, SegmentKind, Span

_FOLDED_SPACE = re.compile(r"\s{2,}|[^\S \u00a0\u2007\u202f]")
"""White space that is replaced by one space; a single no-break space is kept."""

_NON_SPACE = re.compile(r"\S")

MAX_HEADING_CODE_POINTS = 200
"""Longest block without terminator, in code points, that counts as a heading."""

MAX_UNCUT_KEPT = 200
"""Code points of a kept element inside which no sentence ends: a name, a command."""

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
    quotes = registry.current().get(code).quotation_marks
    for number, block in enumerate(blocks):
        checkpoint()
        source_map = block.source_map
        wholes = _without_cuts_in_kept(source_map, sentences.split(source_map.text, code))
        spans = [part for whole in wholes for part in _limit_length(source_map, *whole)]
        follows_text = number + 1 < len(blocks)
        dateline_end = _dateline_end(source_map.text, spans)
        taken = 0
        for begin, stop in checked(spans):
            followed = stop < len(source_map.text)
            end = begin + reference_start(source_map.text[begin:stop], is_followed=followed)
            if not has_alphanumeric(source_map.text[begin:end]):
                end = stop
            kind = _kind(block, source_map.text[begin:end], len(spans), follows_text)
            if end <= dateline_end and kind is SegmentKind.SENTENCE:
                kind = SegmentKind.FRAGMENT
            if kind is SegmentKind.FRAGMENT and number == 0 and not titled and follows_text:
                kind = SegmentKind.HEADING
            first, last = _own_marks(source, source_map, begin, end)
            # The mark between "*a*b*" is an edge of both parts; the first part has it.
            while first < min(taken, last) and not source_map.marks[first].length:
                first += 1
            taken = last
            text, marks = _text_and_marks(source, source_map, begin, end, quotes, first, last)
            span = _span(source_map, begin, end, first, last)
            yield Segment(text, span, field, kind, number, marks)


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
    if ends_sentence(text):
        return SegmentKind.SENTENCE
    if block.kind is BlockKind.ITEM or not follows_text or text.endswith((":", ",", ";")):
        return SegmentKind.FRAGMENT
    if count == 1 and len(text) <= MAX_HEADING_CODE_POINTS and len(text.split()) > 1:
        return SegmentKind.HEADING
    return SegmentKind.FRAGMENT


def _dateline_end(text: str, spans: Sequence[tuple[int, int]]) -> int:
    """Where a dateline ends that stands in sentences of its own: "МОСКВА, 5 мая. /ТАСС/."."""
    if len(spans) < 2 or spans[0][1] - spans[0][0] > datelines.MAX_LENGTH:
        return 0
    begin = spans[0][0]
    start = text[begin : begin + datelines.MAX_LENGTH]
    return begin + datelines.end_of_dateline(start, registry.current())


def _own_marks(source: str, source_map: SourceMap, begin: int, end: int) -> tuple[int, int]:
    """The numbers [first, last) of the marks that belong to visible [begin, end).

    Those inside, and those at its edges whose elements are within it but not around all of it.
    """
    marks = source_map.marks
    if not marks:
        return 0, 0
    before = bisect.bisect_left(marks, begin, key=lambda mark: mark.at)
    first = bisect.bisect_right(marks, begin, key=lambda mark: mark.at)
    last = bisect.bisect_left(marks, end, key=lambda mark: mark.at)
    after = bisect.bisect_right(marks, end, key=lambda mark: mark.at)
    while first and marks[first - 1].at + marks[first - 1].length > begin:
        first -= 1
    before = min(before, first)
    while after > last and marks[after - 1].length:
        after -= 1
    if first > before or after > last:
        sources = [source[mark.start : mark.end] for mark in marks[before:after]]
        leading, trailing = enclosed(sources, first - before, after - last)
        first, last = first - leading, last + trailing
    return first, last


def _span(source_map: SourceMap, begin: int, end: int, first: int, last: int) -> Span:
    """Source span of visible [begin, end) and the marks [first, last)."""
    span = source_map.span(begin, end)
    if first == last:
        return span
    marks = source_map.marks
    if marks[first].at == begin and not marks[first].length:
        span = Span(marks[first].start, span.end)
    if marks[last - 1].at == end:
        span = Span(span.start, marks[last - 1].end)
    return span


def _text_and_marks(
    source: str,
    source_map: SourceMap,
    begin: int,
    end: int,
    quotes: str,
    first: int,
    last: int,
) -> tuple[str, tuple[InlineMark, ...]]:
    """The text of visible [begin, end) with white space folded, and its marks [first, last).

    White space that follows a mark which itself follows white space is stored with the mark,
    so that "see <img> now" is restored exactly. Of a kept element that a cut divides, each
    segment has its part. quotes: of the language, for the quotation marks of q elements.
    """
    if first == last:
        return _FOLDED_SPACE.sub(" ", source_map.text[begin:end]), ()
    pieces: list[str] = []
    length = 0
    after_space = False
    marks: list[InlineMark] = []

    def add(stop: int) -> None:
        nonlocal begin, length, after_space
        piece = _FOLDED_SPACE.sub(" ", source_map.text[begin:stop])
        begin = stop
        if after_space and piece[:1].isspace():
            marks[-1] = replace(marks[-1], source=marks[-1].source + piece[0])
            piece = piece[1:]
        pieces.append(piece)
        length += len(piece)
        after_space = piece[-1].isspace() if piece else after_space

    for mark in checked(source_map.marks[first:last]):
        at = max(mark.at, begin)
        add(at)
        if not mark.length:
            marks.append(InlineMark(length, source[mark.start : mark.end]))
            continue
        stop = min(mark.at + mark.length, end)
        written = source[source_map.starts[at] : source_map.ends[stop - 1]]
        if mark.kept:
            text = _FOLDED_SPACE.sub(" ", source_map.text[at:stop])
            text = text[1:] if after_space and text[:1].isspace() else text
        else:
            text = source_map.text[at]
            text = text if text == POWER else quotes[QUOTATION_MARKS.index(text)]
        marks.append(InlineMark(length, written, len(text), kept=mark.kept))
        begin = stop
        pieces.append(text)
        length += len(text)
        after_space = text[-1].isspace() if text else after_space
    add(end)
    return "".join(pieces), tuple(marks)


def _without_cuts_in_kept(
    source_map: SourceMap, wholes: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The sentences of a block, with those together that a short kept element belongs to."""
    found = list(wholes)
    kept = [
        mark for mark in checked(source_map.marks) if mark.kept and mark.length <= MAX_UNCUT_KEPT
    ]
    if not kept or len(found) == 1:
        return found
    joined: list[tuple[int, int]] = []
    starts = [mark.at for mark in kept]
    for begin, end in checked(found):
        at = bisect.bisect_left(starts, begin) - 1
        if joined and at >= 0 and kept[at].at + kept[at].length > begin:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((begin, end))
    return joined
