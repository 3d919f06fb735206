"""Links between the words of a translation and those of its source, from a word alignment."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from summsvc.alignment import AlignedSpan, Alignment
from summsvc.articles.word_parts import Range, has_run_of, inner_offsets, matching_cuts, words_of
from summsvc.interruption import checked

MAX_COMPARED = 8
"""Words of a translation linked with one source word that are compared with it."""


@dataclass(slots=True)
class AlignedWords:
    """The words of a source text and of its translation, and the links between them.

    A source word inside which markup stands is cut there, and a word linked with it too: each
    part of the source is in one inline element as a whole.

    source, target: ranges [start, end) of the words or parts, in order. of: for each target part
    the number of the source part that it is linked with, or None. spare: links of source parts
    that no target part is linked with in the first place.
    """

    source: list[Range] = field(default_factory=list)
    target: list[Range] = field(default_factory=list)
    of: list[int | None] = field(default_factory=list)
    spare: dict[int, int] = field(default_factory=dict)


def aligned_words(
    source: str,
    target: str,
    alignment: Alignment,
    cuts: Sequence[int],
    pinned: Sequence[tuple[Range, Range]] = (),
) -> AlignedWords:
    """Link the words of two texts.

    cuts: offsets of markup in the source, in order. pinned: parts of the source, and where the
    translation has each unchanged; these count before the alignment.
    """
    words, targets = words_of(source), words_of(target)
    links, spare = _links(words, targets, alignment)
    for spans in checked(pinned):
        for number, source_word in _pairs(words, targets, AlignedSpan(*spans[0], *spans[1])):
            links[number] = source_word
    inside = inner_offsets(words, cuts)
    made = AlignedWords()
    first_part: list[int] = []
    for number, (start, end) in enumerate(checked(words)):
        first_part.append(len(made.source))
        bounds = [start, *inside.get(number, ()), end]
        made.source += pairwise(bounds)
    cut_words = _cut_words(source, target, words, targets, links, inside)
    part_of: dict[int, int] = {}
    for number, (start, end) in enumerate(checked(targets)):
        link = links[number]
        parts: list[tuple[int, int, int | None]]
        if link is None:
            parts = [(start, end, None)]
        elif number in cut_words:
            bounds = [start, *(start + cut for cut in cut_words[number]), end]
            parts = [
                (begin, stop, first_part[link] + i)
                for i, (begin, stop) in enumerate(pairwise(bounds))
                if begin < stop
            ]
            part_of[link] = first_part[link] + len(bounds) - 2
        else:
            parts = [(start, end, part_of.get(link, first_part[link]))]
        for begin, stop, part in parts:
            made.target.append((begin, stop))
            made.of.append(part)
    starts = [start for start, _ in made.target]
    for unlinked, number in checked(spare.items()):
        made.spare[first_part[unlinked]] = bisect.bisect_left(starts, targets[number][0])
    return made


def _links(
    words: Sequence[Range], targets: Sequence[Range], alignment: Alignment
) -> tuple[list[int | None], dict[int, int]]:
    """The source word of each target word, and a target word of source words without one."""
    links: list[int | None] = [None] * len(targets)
    weights = [0] * len(targets)
    others: dict[int, int] = {}
    for span in checked(alignment):
        for number, link in _pairs(words, targets, span):
            start, end = targets[number]
            weight = min(end, span.target_end) - max(start, span.target_start)
            if weight > weights[number]:
                links[number], weights[number] = link, weight
            others.setdefault(link, number)
    linked = set(links)
    return links, {link: number for link, number in others.items() if link not in linked}


def _pairs(
    words: Sequence[Range], targets: Sequence[Range], span: AlignedSpan
) -> Iterator[tuple[int, int]]:
    """Yield (target word, source word) of a span; of several words each the proportional one."""
    first, last = _overlapped(words, span.source_start, span.source_end)
    begin, end = _overlapped(targets, span.target_start, span.target_end)
    if first < last and begin < end:
        for number in range(begin, end):
            yield number, first + (number - begin) * (last - first) // (end - begin)


def _overlapped(words: Sequence[Range], start: int, end: int) -> Range:
    """The numbers [first, last) of the words that overlap a range."""
    first = bisect.bisect_right(words, start, key=lambda word: word[1])
    return first, bisect.bisect_left(words, end, key=lambda word: word[0])


def _cut_words(
    source: str,
    target: str,
    words: Sequence[Range],
    targets: Sequence[Range],
    links: Sequence[int | None],
    inside: dict[int, list[int]],
) -> dict[int, list[int]]:
    """The target words that are cut, and where: one for each source word with markup inside.

    Of several linked words it is the one that has the letters or digits next to the markup.
    """
    linked: dict[int, list[int]] = {}
    for number, link in enumerate(checked(links)):
        if link in inside:
            linked.setdefault(link, []).append(number)
    cuts: dict[int, list[int]] = {}
    for link, numbers in checked(linked.items()):
        start, end = words[link]
        word, offsets = source[start:end], [offset - start for offset in inside[link]]
        texts = [target[slice(*targets[number])] for number in numbers[:MAX_COMPARED]]
        best = next((i for i, text in enumerate(texts) if has_run_of(word, offsets[0], text)), 0)
        cuts[numbers[best]] = matching_cuts(word, offsets, texts[best])
    return cuts
