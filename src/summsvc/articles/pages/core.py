"""The core of an article: the innermost element with nearly all of its text.

Around it are other stories, videos and the like, unless their paragraphs have the shape of those
within: then they belong together.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

from summsvc.articles.pages import siblings
from summsvc.articles.pages.outline import Outline
from summsvc.interruption import checked, checkpoint

CONTAINERS = frozenset("div article section main body td".split())
"""Elements that may hold an article."""

MIN_SHARE = 0.75
"""Share of the value of an element that a child has which holds the article."""


def find(outline: Outline, article: int, values: Sequence[float], paragraphs: Iterable[int]) -> int:
    """The index of the core of an article; that of the article's element if there is none.

    values: of each element, which includes those of the elements within. paragraphs: blocks of
    the page that are text, in order. Takes time linear in elements and paragraphs.
    """
    chain = _chain(outline, article, values)
    starts = [outline.elements[at].start for at in chain]
    ends = [-outline.elements[at].end for at in chain]
    shapes: list[Counter[siblings.Shape]] = [Counter() for _ in chain]
    for block in checked(paragraphs):
        start = outline.spans[block].start
        level = min(bisect_right(starts, start), bisect_left(ends, -start)) - 1
        if level >= 0 and outline.marks[outline.holders[block]].box >= 0:
            shapes[level][siblings.shape(outline, block)] += outline.lengths[block]
    within: Counter[siblings.Shape] = Counter()
    for each in checked(shapes[1:]):
        within.update(each)
    total = within.total()
    for level in checked(range(len(chain) - 1)):
        if any(within[shape] > siblings.MIN_SHARE * total for shape in shapes[level]):
            return chain[level]
        within.subtract(shapes[level + 1])
        total -= shapes[level + 1].total()
    return chain[-1]


def _chain(outline: Outline, article: int, values: Sequence[float]) -> list[int]:
    """The article's element and those within, each with nearly all of the value around it."""
    elements = outline.elements
    best: dict[int, int] = {}
    for at in checked(range(article + 1, len(elements))):
        if elements[at].start >= elements[article].end:
            break
        parent = elements[at].parent
        if parent not in best or values[at] > values[best[parent]]:
            best[parent] = at
    chain = [article]
    while chain[-1] in best:
        checkpoint()
        child = best[chain[-1]]
        if elements[child].tag not in CONTAINERS:
            break
        if values[child] < MIN_SHARE * values[chain[-1]]:
            break
        chain.append(child)
    return chain
