"""The sentences between the headline of an article and its text.

They stand before the core of the article: in its element, near it, or in a header of the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from summsvc.articles.blocks import BlockKind
from summsvc.articles.pages import names
from summsvc.articles.pages.outline import Outline
from summsvc.articles.pages.siblings import MAX_LINKS
from summsvc.interruption import checked

MIN_LENGTH = 80
"""Code points of a standfirst."""

MAX_SHARE = 0.15
"""Length of a standfirst that is known by its place only, as a share of the text."""

MAX_BLOCKS = 2
"""More blocks are something else, such as a summary by a machine or a list of points."""


def find(outline: Outline, article: int, core: int, unwanted: Sequence[bool]) -> set[int]:
    """The blocks of a standfirst before the core of the article; empty if there is none.

    article, core: indexes of their elements. The first long block after the headline is one in
    any notation, such as a heading or a line without a full stop; the others are sentences.
    """
    elements = outline.elements
    longest = MAX_SHARE * sum(
        outline.lengths[block]
        for block in checked(range(len(unwanted)))
        if not unwanted[block]
        and elements[core].start <= outline.spans[block].start < elements[core].end
    )
    outside: list[int] = []
    within: list[int] = []
    lead = True
    for block in _after_headline(outline, article, core):
        headed = outline.marks[outline.holders[block]].headed
        if (unwanted[block] and not headed) or not _may_be_one(outline, block):
            continue
        is_first, lead = lead, False
        is_lead = is_first and outline.lengths[block] <= longest
        if is_lead or (is_sentence(outline, block) and not unwanted[block]):
            is_within = outline.spans[block].start >= elements[article].start
            (within if is_within else outside).append(block)
    return {*within, *(outside if len(outside) <= MAX_BLOCKS else ())}


def _after_headline(outline: Outline, article: int, core: int) -> Iterator[int]:
    """The blocks between the headline and the core that may be a standfirst by their place.

    The headline is the last heading that is the page's title, else the first ``h1`` of the same
    ``article``, ``main`` or page. The blocks are in the same one, or in the headline's ``header``.
    """
    elements = outline.elements
    top = article
    while elements[top].parent >= 0 and elements[top].tag not in ("article", "main"):
        top = elements[top].parent
    before: list[int] = []
    headline = first = -1
    for block in checked(range(len(outline.blocks))):
        start, holder = outline.spans[block].start, outline.holders[block]
        if start >= elements[core].start:
            break
        if holder < 0:
            continue
        marks = outline.marks[holder]
        is_within = start >= elements[top].start
        if marks.headed or (is_within and not marks.furniture):
            before.append(block)
        if marks.furniture and not marks.headed:
            continue
        if outline.is_headline(block):
            headline = block
        elif is_within and marks.tag == "h1" and first < 0:
            first = block
    begin = headline if headline >= 0 else first
    return (block for block in before if 0 <= begin < block)


def _may_be_one(outline: Outline, block: int) -> bool:
    """Whether a block is long, with few links, and not a caption."""
    marks = outline.marks[outline.holders[block]]
    if marks.box < 0 or outline.blocks[block].kind is BlockKind.PAGE_TITLE:
        return False
    box = outline.elements[marks.box]
    around = (box, outline.elements[box.parent]) if box.parent >= 0 else (box,)
    return (
        outline.lengths[block] >= MIN_LENGTH
        and outline.link_share(block) <= MAX_LINKS
        and not marks.caption
        and not any(names.PICTURE.search(each.names) for each in around)
    )


def is_sentence(outline: Outline, block: int) -> bool:
    """Whether a block is a sentence as standfirsts are, and no caption."""
    return (
        _may_be_one(outline, block) and outline.is_paragraph(block) and outline.ends_sentence(block)
    )
