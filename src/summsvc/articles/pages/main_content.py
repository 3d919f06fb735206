"""The blocks of a page that are its article.

A library says which blocks are main content (``library``). Rules on elements and their names
(``outline``) leave out more, neighbours of the same shape are put back (``siblings``), and the
element with most of the remaining prose is the article, without what is around its text
(``core``), and with the sentences under the headline (``standfirst``). The rules and their limits
were chosen on public sets of pages (``scripts/bench extraction``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.pages import core, library, siblings, standfirst
from summsvc.articles.pages.outline import Outline
from summsvc.articles.pages.tree import Element
from summsvc.interruption import checked

_LABEL_TAGS = frozenset("div section center header main article figure aside".split())

MAX_ADDRESS = 400
"""Code points at the end of a block that are searched for an address."""

_ADDRESS = re.compile(r"(?:\bhttps?://|\bwww\.|(?<![\w.+-])[\w.+-]{1,64}@)[\w-]+\.\w\S*\Z")
"""An address that is written out, as in a reference; the text of a teaser is a headline."""

MIN_ARTICLE = 60
"""Code points of sentences in the shortest article."""

MIN_LINES = 300
"""Code points of the shortest article without sentences."""

MIN_SENTENCE = 80
"""Code points of a block whose sentence counts fully; shorter ones may be labels."""

SURE_PROSE = 100
"""Code points of a block without links that is kept although the library leaves it out."""

MIN_VALUE = 30
"""Value of a block that counts as a paragraph of the article."""

MAX_LABEL = 60
"""Code points of text in the element of a label."""

MAX_LOSS = 150.0
"""Value that a child without an article may take from its parent."""

MAX_LINKS = 0.7
"""Share of links in a short block that is kept; 0.6 in a list as a whole."""


@dataclass(frozen=True, slots=True)
class MainContent:
    """The article of a page.

    kept: indexes of its blocks, in order. captions: those of captions among them. prose: code
    points of its sentences. by_library: whether the library was asked.
    """

    kept: list[int]
    captions: list[int]
    prose: int
    by_library: bool


def find(elements: Sequence[Element], blocks: Sequence[Block]) -> MainContent:
    """Find the article among the blocks of a page, in time linear in elements and blocks."""
    outline = Outline(elements, blocks)
    main = library.main_blocks(outline)
    kept = _kept(outline, main)
    prose = _prose(outline, kept)
    if prose < MIN_ARTICLE and sum(outline.lengths[block] for block in kept) < MIN_LINES:
        # A page of headlines or of short lines, such as a poem.
        every = checked(range(len(blocks)))
        kept = [block for block in every if not _is_unwanted(outline, block, None)]
    captions = [block for block in kept if outline.marks[outline.holders[block]].caption]
    return MainContent(kept, captions, prose, main is not None)


def _prose(outline: Outline, kept: Sequence[int]) -> int:
    """Code points of the sentences among the blocks that are kept."""
    return sum(
        outline.lengths[block]
        for block in checked(kept)
        if outline.is_paragraph(block)
        and outline.ends_sentence(block)
        and outline.link_share(block) < 0.5
    )


def _kept(outline: Outline, main: Collection[int] | None) -> list[int]:
    """The blocks of the article. main: those that the library keeps, None if it was not asked."""
    blocks = outline.blocks
    unwanted = [_is_unwanted(outline, block, main) for block in checked(range(len(blocks)))]
    if main is not None:
        siblings.add(outline, unwanted)
    article, inner = _article_element(outline, unwanted)
    kept = _blocks_within(outline, article, inner, unwanted) if article >= 0 else []
    while len(kept) > 1 and blocks[kept[-1]].kind is BlockKind.HEADING:
        kept.pop()
    return kept


def _is_unwanted(outline: Outline, block: int, main: Collection[int] | None) -> bool:
    holder = outline.holders[block]
    if (
        holder < 0
        or outline.marks[holder].furniture
        or outline.blocks[block].kind is BlockKind.PAGE_TITLE
    ):
        return True
    if main is None or block in main or outline.marks[holder].quote:
        return False
    if outline.blocks[block].kind is BlockKind.CAPTION:
        return False
    is_text = (
        outline.is_paragraph(block)
        or outline.blocks[block].kind is BlockKind.HEADING
        or outline.ends_sentence(block)
    )
    return (
        outline.lengths[block] < SURE_PROSE
        or outline.link_share(block) > 0.3
        or outline.marks[holder].caption
        or not is_text
    )


def _value(outline: Outline, block: int, *, unwanted: bool) -> float:
    """What a block adds to the value of the elements around it: about its length if it is prose."""
    length, share = outline.lengths[block], outline.link_share(block)
    if unwanted:
        return -10
    if share > 0.5:
        return -40
    if outline.blocks[block].kind is BlockKind.HEADING:
        return 0
    ends = outline.ends_sentence(block)
    if length >= MIN_SENTENCE and (ends or length > 200):
        weight = 0.5 if outline.marks[outline.holders[block]].item else 1.0
        return length * (1 - share) * weight
    return length * 0.3 if ends and outline.is_paragraph(block) else -2


def _article_element(outline: Outline, unwanted: Sequence[bool]) -> tuple[int, int]:
    """The element that holds the article, and its core; -1 for both without elements."""
    elements, marks = outline.elements, outline.marks
    values = [0.0] * len(elements)
    for block in checked(range(len(outline.blocks))):
        if outline.holders[block] >= 0:
            values[outline.holders[block]] += _value(outline, block, unwanted=unwanted[block])
    for at in checked(range(len(elements) - 1, -1, -1)):
        if elements[at].parent >= 0:
            values[elements[at].parent] += max(values[at], -MAX_LOSS)
    best = max(range(len(elements)), key=lambda at: (values[at], at), default=-1)
    bodies = [
        at
        for at, element in enumerate(checked(elements))
        if element.properties == "articlebody" and marks[at].prose > outline.prose * 0.15
    ]
    if len(bodies) == 1:
        best = bodies[0]
    if best < 0 or values[best] <= 0:
        top = min(0, len(elements) - 1)
        return top, top
    while elements[best].tag not in core.CONTAINERS and elements[best].parent >= 0:
        best = elements[best].parent
    best = _first_article(outline, best, values)
    paragraphs = (
        block
        for block in range(len(unwanted))
        if not unwanted[block] and _value(outline, block, unwanted=False) >= MIN_VALUE
    )
    return best, core.find(outline, best, values, paragraphs)


def _first_article(outline: Outline, best: int, values: Sequence[float]) -> int:
    """The first of several articles within an element; the element itself if there are none."""
    elements = outline.elements
    if elements[best].tag == "article":
        return best
    articles: list[int] = []
    after = best
    for at in checked(range(best + 1, len(elements))):
        if elements[at].start >= elements[best].end:
            break
        if elements[at].tag == "article" and elements[at].start >= after:
            after = elements[at].end
            if values[at] > 0.2 * values[best]:
                articles.append(at)
    return articles[0] if len(articles) > 1 else best


def _blocks_within(
    outline: Outline, article: int, inner: int, unwanted: Sequence[bool]
) -> list[int]:
    """The wanted blocks of the core, and what an article has before its text."""
    element, text_element = outline.elements[article], outline.elements[inner]
    leads = standfirst.find(outline, article, inner, unwanted)
    kept = sorted(lead for lead in leads if outline.spans[lead].start < element.start)
    seen: set[str] = set()
    for block in checked(range(len(outline.blocks))):
        holder = outline.holders[block]
        start = outline.spans[block].start
        if not element.start <= start < text_element.end:
            continue
        if unwanted[block] and block not in leads:
            continue
        if start < text_element.start and not (
            block in leads
            or outline.marks[holder].tag == "h1"
            or standfirst.is_sentence(outline, block)
        ):
            continue
        if _is_link(outline, block, article) or _is_label(outline, block):
            continue
        if outline.marks[holder].caption or outline.blocks[block].kind is BlockKind.HEADING:
            text = outline.texts[block]
            if len(text) >= 40 and text in seen:
                continue
            seen.add(text)
        kept.append(block)
    return kept


def _is_label(outline: Outline, block: int) -> bool:
    """Whether a block is a few words alone in an element, such as a name, a time or a button."""
    marks = outline.marks[outline.holders[block]]
    return (
        marks.tag in _LABEL_TAGS
        and outline.marks[marks.box].text < MAX_LABEL
        and not outline.ends_sentence(block)
    )


def _is_link(outline: Outline, block: int, article: int) -> bool:
    """Whether a block is a link line, or stands in a list of links."""
    marks = outline.marks
    around = marks[outline.holders[block]].list
    if around > article and marks[around].text < 0.8 * marks[article].text:
        return marks[around].links > 0.6 * marks[around].text
    if outline.link_share(block) <= MAX_LINKS:
        return False
    address = _ADDRESS.search(outline.texts[block][-MAX_ADDRESS:])
    if address and 2 * len(address[0]) > outline.links[block]:
        return False
    return not (
        outline.is_paragraph(block)
        and outline.lengths[block] >= MIN_SENTENCE
        and outline.ends_sentence(block)
    )
