"""Places of a segment's inline markup in its translation.

With a word alignment markup encloses the words that translate its own. Without one, or where tags
are not well nested, it moves to the proportional position, is aligned to the nearest word
boundary, and never passes other markup. Kept parts are where the translation has their text.
"""

from __future__ import annotations

from collections.abc import Sequence

from summsvc.alignment import Alignment
from summsvc.articles.aligned_marks import Place, place_by_alignment
from summsvc.articles.aligned_words import aligned_words
from summsvc.articles.document import InlineMark, Segment
from summsvc.articles.kept_parts import kept_ranges, texts_of_tags
from summsvc.articles.markup_tree import elements
from summsvc.articles.proportional_marks import place_by_proportion
from summsvc.articles.word_parts import Range
from summsvc.interruption import checked


def places_of(segment: Segment, translation: str, alignment: Alignment) -> list[Place]:
    """The place of each mark, in the order of the translation; places do not overlap."""
    marks, source = segment.marks, segment.text
    if source == translation:
        return [Place(mark, mark.offset, mark.end) for mark in marks]
    kept = kept_ranges(segment, translation)
    written = texts_of_tags(segment, translation)
    tree = elements(marks, len(source)) if alignment else None
    if tree is not None:
        edges = sorted({edge for mark in marks for edge in (mark.offset, mark.end)})
        pinned = [((marks[i].offset, marks[i].end), span) for i, span in kept.items()]
        words = aligned_words(source, translation, alignment, edges, pinned)
        return place_by_alignment(source, translation, marks, tree, words, kept | written)
    fixed = _in_order(kept, written)
    free = {number: span for number, span in kept.items() if number not in fixed}
    others = [number for number in range(len(marks)) if number not in free]
    places = place_by_proportion(
        source,
        translation,
        [marks[number] for number in others],
        {i: fixed[number] for i, number in enumerate(others) if number in fixed},
    )
    return _with_kept(places, marks, free)


def _in_order(kept: dict[int, Range], written: dict[int, Range]) -> dict[int, Range]:
    """The known places that are in the order of their marks; kept parts before others."""
    chosen: dict[int, Range] = {}
    end = 0
    for number, span in checked(sorted(kept.items())):
        if span[0] >= end:
            chosen[number] = span
            end = span[1]
    fitting: set[int] = set()
    limit: int | None = None
    for number in checked(sorted((*chosen, *written), reverse=True)):
        if number in chosen:
            limit = chosen[number][0]
        elif limit is None or written[number][1] <= limit:
            fitting.add(number)
    end = 0
    for number in checked(sorted((*chosen, *fitting))):
        span = chosen.get(number) or written[number]
        if span[0] >= end:
            chosen[number] = span
            end = span[1]
    return chosen


def _with_kept(
    found: Sequence[Place], marks: Sequence[InlineMark], kept: dict[int, Range]
) -> list[Place]:
    """All places in order, with kept parts that the translation has in another order.

    Markup inside a kept part moves to the nearer end of it. kept: in the order of their places,
    by mark number.
    """
    waiting = [Place(marks[number], *span) for number, span in reversed(kept.items())]
    if not waiting:
        return list(found)
    placed: list[Place] = []
    at = 0
    for place in checked(found):
        while waiting and waiting[-1].end <= place.start:
            placed.append(waiting.pop())
            at = placed[-1].end
        start, end = max(at, place.start), max(at, place.end)
        if waiting and waiting[-1].start < end:
            part = waiting[-1]
            if at <= part.start and 2 * start < part.start + part.end:
                start = end = part.start
            else:
                placed.append(waiting.pop())
                start = end = part.end
        placed.append(Place(place.mark, start, end))
        at = end
    return placed + waiting[::-1]
