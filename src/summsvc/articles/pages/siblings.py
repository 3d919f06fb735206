"""Blocks that belong to the article because they stand among its paragraphs.

The library judges each block by itself and leaves out short ones. In the source of a page the
paragraphs of an article are elements of one shape, and its headings stand between them.
"""

from __future__ import annotations

from collections import Counter

from summsvc.articles.blocks import BlockKind
from summsvc.articles.pages.outline import Outline
from summsvc.interruption import checked

MIN_PROSE = 300
"""Code points of sentences in the paragraphs of a shape that is the article's."""

MIN_SHARE = 0.25
"""The same as a share of all paragraphs that the library keeps."""

MAX_LINKS = 0.3
"""Share of links in a paragraph or heading of the article."""

Shape = tuple[str, str, str, str]


def add(outline: Outline, unwanted: list[bool]) -> None:
    """Set ``unwanted`` to false for the paragraphs and headings among those that are wanted."""
    _add_paragraphs(outline, unwanted)
    _add_headings(outline, unwanted)


def _may_belong(outline: Outline, block: int) -> bool:
    holder = outline.holders[block]
    if holder < 0 or outline.link_share(block) > MAX_LINKS:
        return False
    marks = outline.marks[holder]
    return marks.box >= 0 and not marks.furniture and not marks.caption


def shape(outline: Outline, block: int) -> Shape:
    """Tags and classes of the block element that holds a block, and of the one around it."""
    inner = outline.elements[outline.marks[outline.holders[block]].box]
    outer = outline.elements[inner.parent]
    return inner.tag, inner.classes, outer.tag, outer.classes


def _add_paragraphs(outline: Outline, unwanted: list[bool]) -> None:
    """Add sentences in ``p`` elements of the same shape as most of the text."""
    prose: Counter[Shape] = Counter()
    left_out: list[tuple[int, Shape]] = []
    for block in checked(range(len(unwanted))):
        if not _may_belong(outline, block) or not outline.ends_sentence(block):
            continue
        if outline.marks[outline.holders[block]].tag != "p":
            continue
        its = shape(outline, block)
        if unwanted[block]:
            left_out.append((block, its))
        else:
            prose[its] += outline.lengths[block]
    least = max(MIN_PROSE, MIN_SHARE * prose.total())
    for block, its in checked(left_out):
        unwanted[block] = prose[its] < least


def _add_headings(outline: Outline, unwanted: list[bool]) -> None:
    """Add headings that have paragraphs of the article before and after them."""
    last: dict[int, int] = {}
    for block in checked(range(len(unwanted))):
        if not unwanted[block] and outline.is_paragraph(block) and outline.ends_sentence(block):
            last[_parent(outline, block)] = block
    begun: set[int] = set()
    for block in checked(range(len(unwanted))):
        if not _may_belong(outline, block):
            continue
        parent = _parent(outline, block)
        if outline.blocks[block].kind is BlockKind.HEADING:
            if unwanted[block] and parent in begun and last[parent] > block:
                unwanted[block] = False
        elif not unwanted[block] and parent in last:
            begun.add(parent)


def _parent(outline: Outline, block: int) -> int:
    """The index of the element around the block element that holds a block; -1 for none."""
    holder = outline.holders[block]
    box = outline.marks[holder].box if holder >= 0 else -1
    return outline.elements[box].parent if box >= 0 else -1
