"""The sentences between the headline of an article and the element that holds its text."""

from __future__ import annotations

from collections.abc import Sequence

from summsvc.articles.pages import names
from summsvc.articles.pages.outline import Outline
from summsvc.articles.pages.siblings import MAX_LINKS
from summsvc.interruption import checked

MIN_LENGTH = 80
"""Code points of a standfirst."""

MAX_BLOCKS = 2
"""More blocks are something else, such as a summary by a machine or a list of points."""


def find(outline: Outline, article: int, unwanted: Sequence[bool]) -> set[int]:
    """The blocks of a standfirst outside the element of the article; empty if there is none.

    article: index of that element. The standfirst follows the headline in the same ``article``,
    ``main`` or page.
    """
    elements = outline.elements
    top = article
    while elements[top].parent >= 0 and elements[top].tag not in ("article", "main"):
        top = elements[top].parent
    found: set[int] = set()
    headed = False
    for block in checked(range(len(unwanted))):
        start = outline.spans[block].start
        if start >= elements[article].start:
            break
        holder = outline.holders[block]
        if start < elements[top].start or holder < 0 or outline.marks[holder].furniture:
            continue
        if outline.marks[holder].tag == "h1":
            headed = True
        elif headed and not unwanted[block] and is_sentence(outline, block):
            found.add(block)
    return found if len(found) <= MAX_BLOCKS else set()


def is_sentence(outline: Outline, block: int) -> bool:
    """Whether a block is a sentence as standfirsts are, and no caption."""
    marks = outline.marks[outline.holders[block]]
    box = outline.elements[marks.box]
    around = outline.elements[box.parent]
    return (
        outline.lengths[block] >= MIN_LENGTH
        and outline.is_paragraph(block)
        and outline.ends_sentence(block)
        and outline.link_share(block) <= MAX_LINKS
        and not marks.caption
        and not any(names.PICTURE.search(each.names) for each in (box, around))
    )
