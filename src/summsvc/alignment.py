"""Word alignment of an output with its input, also after texts were joined, edited or translated.

An alignment is empty where an engine computes none. The functions return alignments in the order
of the output.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from summsvc.interruption import checked


@dataclass(frozen=True, slots=True)
class AlignedSpan:
    """A part of the output and the part of the input that it translates.

    All four are offsets in code points, ends exclusive: ``source_start`` and ``source_end`` in
    the input text, ``target_start`` and ``target_end`` in the output text.
    """

    source_start: int
    source_end: int
    target_start: int
    target_end: int


Alignment = tuple[AlignedSpan, ...]

Ranges = list[tuple[int, int]]
"""Ranges [start, end) of a text."""

Change = tuple[int, int, str]
"""A range [start, end) of a text and the text that replaces it."""


def shifted(alignment: Alignment, source: int, target: int) -> Alignment:
    """The alignment after ``source`` code points before the input, ``target`` before the output."""
    if not (source or target):
        return alignment
    return tuple(
        AlignedSpan(
            each.source_start + source,
            each.source_end + source,
            each.target_start + target,
            each.target_end + target,
        )
        for each in checked(alignment)
    )


def clipped(alignment: Alignment, source: int, target: int) -> Alignment:
    """The alignment of an input and an output that were cut to so many code points."""
    cut = (
        AlignedSpan(
            each.source_start,
            min(each.source_end, source),
            each.target_start,
            min(each.target_end, target),
        )
        for each in checked(alignment)
    )
    return tuple(
        each
        for each in cut
        if each.source_start < each.source_end and each.target_start < each.target_end
    )


def joined(
    pieces: Sequence[str], parts: Sequence[str], alignments: Sequence[Alignment]
) -> Alignment:
    """The alignment of a text that was translated in pieces.

    pieces: of the text; the model gets each without white space around it. parts: of the
    output, one for each piece. alignments: of the model's outputs, which a part begins with.
    """
    if not any(alignments):
        return ()
    sources = accumulate(map(len, pieces), initial=0)
    targets = accumulate(map(len, parts), initial=0)
    spans: list[AlignedSpan] = []
    for piece, part, source, target, alignment in zip(
        pieces, parts, sources, targets, alignments, strict=False
    ):
        lead = len(piece) - len(piece.lstrip())
        whole = clipped(alignment, len(piece) - lead, len(part))
        spans += shifted(whole, source + lead, target)
    return tuple(spans)


def composed(first: Alignment, second: Alignment) -> Alignment:
    """The alignment of two translations in a row: ``second`` of the output of ``first``.

    Empty where one of them is. Time is linear in both and in the number of overlaps.
    """
    spans: list[AlignedSpan] = []
    begin = 0
    for each in checked(sorted(second, key=lambda span: span.source_start)):
        while begin < len(first) and first[begin].target_end <= each.source_start:
            begin += 1
        at = begin
        while at < len(first) and first[at].target_start < each.source_end:
            through = first[at]
            if through.target_end > each.source_start:
                spans.append(
                    AlignedSpan(
                        through.source_start,
                        through.source_end,
                        each.target_start,
                        each.target_end,
                    )
                )
            at += 1
    return tuple(sorted(spans, key=lambda span: (span.target_start, span.source_start)))


def edited(alignment: Alignment, changes: Sequence[Change]) -> Alignment:
    """The alignment after changes of the output.

    changes: in order, without overlaps, of ranges that are not empty. A span that ends inside a
    changed range ends with it, and one that starts inside starts with it.
    """
    if not (alignment and changes):
        return alignment
    starts = _moved([each.target_start for each in alignment], changes, ends=False)
    ends = _moved([each.target_end for each in alignment], changes, ends=True)
    return tuple(
        AlignedSpan(each.source_start, each.source_end, starts[i], ends[i])
        for i, each in enumerate(checked(alignment))
        if starts[i] < ends[i]
    )


def _moved(offsets: Sequence[int], changes: Sequence[Change], *, ends: bool) -> list[int]:
    """Where offsets of a text are after its changes."""
    moved = [0] * len(offsets)
    shift = at = 0
    for i in checked(sorted(range(len(offsets)), key=offsets.__getitem__)):
        while at < len(changes) and changes[at][1] <= offsets[i]:
            start, end, text = changes[at]
            shift += len(text) - (end - start)
            at += 1
        moved[i] = offsets[i] + shift
        if at < len(changes) and changes[at][0] < offsets[i]:
            start, _, text = changes[at]
            moved[i] = start + shift + (len(text) if ends else 0)
    return moved


def targets_of(ranges: Iterable[tuple[int, int]], alignment: Alignment) -> list[Ranges]:
    """The parts of the output that translate each of several parts of the input.

    ranges: of the input, [start, end), in order and apart. The ranges of the output are in
    order and apart too.
    """
    spans = sorted(alignment, key=lambda each: each.source_start)
    found: list[Ranges] = []
    begin = 0
    for start, end in checked(ranges):
        while begin < len(spans) and spans[begin].source_end <= start:
            begin += 1
        at = begin
        targets: Ranges = []
        while at < len(spans) and spans[at].source_start < end:
            if spans[at].source_end > start:
                targets.append((spans[at].target_start, spans[at].target_end))
            at += 1
        found.append(merged(targets))
    return found


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The ranges in order, with those that overlap or touch as one."""
    apart: Ranges = []
    for start, end in checked(sorted(ranges)):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def overlaps(ranges: Ranges, start: int, end: int) -> bool:
    """Whether [start, end) has a code point in common with ranges that are in order and apart."""
    at = bisect.bisect_right(ranges, start, key=lambda each: each[1])
    return at < len(ranges) and ranges[at][0] < end
