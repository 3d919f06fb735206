"""The blocks of a page in its element tree: sums of text, and what the names of elements say."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.formats.html_tokens import BLOCK_ELEMENTS
from summsvc.articles.pages import names
from summsvc.articles.pages.placement import innermost_elements, link_lengths
from summsvc.articles.pages.tree import Element
from summsvc.interruption import checked

_FURNITURE_TAGS = frozenset("nav footer form button dialog menu select aside label time".split())
_FURNITURE_ROLES = frozenset(
    "navigation complementary contentinfo banner search dialog alertdialog menu menubar toolbar "
    "tablist button tooltip".split()
)
_ITEM_TAGS = frozenset("li dt dd td th summary button label figcaption caption".split())
_LIST_ITEM_TAGS = frozenset("li td dd".split())
_LIST_TAGS = frozenset("ul ol table dl".split())
_TEASER_TAGS = frozenset("li article div section".split())
_CAPTION_TAGS = frozenset("figcaption figure caption".split())
_SENTENCE_END = re.compile(r"[.!?…。:\"”’»)]\W{0,8}\Z")

MAX_SHARE = 0.4
"""An element with more of the page's prose than this is not left out for what it is called."""

MAX_CERTAIN_SHARE = 0.85
"""The same for names of ``NEVER_CONTENT``."""

MAX_SMALL = 300
"""Code points of prose in an element that is left out for a name of ``SMALL_FURNITURE``."""

MAX_TEASER = 800
"""Code points of a teaser: the headline of another article, which is a link, and its text."""

MIN_PROSE = 60
"""Code points of a paragraph that counts as prose."""

MAX_NAMED_PARAGRAPH = 100
"""Code points of prose in a ``p`` that is left out for what it is called."""


@dataclass(slots=True)
class Marks:
    """What is known of an element. Sums include all elements within.

    text, links, prose: code points. linked_headings: headings that are links. headlines: headings
    that are most of the page's title. furniture: not part of the article. within_article: in an
    ``article`` or ``main``. headed: in a ``header`` with the headline. quote, item, caption: in
    such an element. box: index of the block element, the element itself or around it, -1 for
    none; tag: of that element. list: index of the outermost list, -1 for none.
    """

    text: int = 0
    links: int = 0
    prose: int = 0
    linked_headings: int = 0
    headlines: int = 0
    furniture: bool = False
    within_article: bool = False
    headed: bool = False
    quote: bool = False
    item: bool = False
    caption: bool = False
    box: int = -1
    tag: str = ""
    list: int = -1


class Outline:
    """Blocks and elements of a page.

    spans, holders: for each block, its place in the source, and the index of the innermost
    element that holds it, -1 for none. texts: as ``Block.text``. lengths, links: code points of
    the text of each block, and those of them that are links. marks: of each element. prose: code
    points of prose in the page.
    """

    def __init__(self, elements: Sequence[Element], blocks: Sequence[Block]) -> None:
        self.elements, self.blocks = elements, blocks
        self.spans = [block.span for block in checked(blocks)]
        self.holders = innermost_elements(elements, self.spans)
        self.links = link_lengths(elements, blocks, self.spans)
        self.texts = [block.text for block in checked(blocks)]
        self.lengths = array("i", map(len, self.texts))
        self.marks = [Marks() for _ in checked(elements)]
        kinds = (block.kind for block in checked(blocks))
        titles = [i for i, kind in enumerate(kinds) if kind is BlockKind.PAGE_TITLE]
        self._title = self.texts[titles[0]].casefold() if titles else ""
        self._inherit_boxes()
        self._sum()
        self.prose = sum(
            marks.prose
            for marks, element in zip(self.marks, elements, strict=True)
            if element.parent < 0
        )
        for at in checked(range(len(elements))):
            self._mark(at)

    def link_share(self, block: int) -> float:
        """Share of a block's text that is links, 0 to 1."""
        return self.links[block] / max(1, self.lengths[block])

    def ends_sentence(self, block: int) -> bool:
        """Whether a block ends as a sentence does."""
        return _SENTENCE_END.search(self.texts[block][-12:]) is not None

    def is_paragraph(self, block: int) -> bool:
        """Whether a block is neither a heading nor the text of a list item, cell or caption."""
        holder = self.holders[block]
        return self.blocks[block].kind not in (BlockKind.HEADING, BlockKind.PAGE_TITLE) and (
            holder < 0 or self.marks[holder].tag not in _ITEM_TAGS
        )

    def is_headline(self, block: int) -> bool:
        """Whether a block is a heading that is most of the page's title."""
        return (
            self.blocks[block].kind is BlockKind.HEADING
            and 2 * self.lengths[block] > len(self._title)
            and self.texts[block].casefold() in self._title
        )

    def _inherit_boxes(self) -> None:
        for at, element in enumerate(checked(self.elements)):
            marks = self.marks[at]
            if element.tag in BLOCK_ELEMENTS:
                marks.box, marks.tag = at, element.tag
            elif element.parent >= 0:
                outer = self.marks[element.parent]
                marks.box, marks.tag = outer.box, outer.tag

    def _sum(self) -> None:
        for block in checked(range(len(self.blocks))):
            if self.holders[block] < 0:
                continue
            marks = self.marks[self.holders[block]]
            marks.text += self.lengths[block]
            marks.links += self.links[block]
            share = self.link_share(block)
            if self.is_paragraph(block) and self.lengths[block] >= MIN_PROSE and share < 0.3:
                marks.prose += self.lengths[block]
            if self.blocks[block].kind is BlockKind.HEADING and share > 0.8:
                # A headline that the page has as its title is the article's own.
                marks.linked_headings += self.texts[block].casefold() not in self._title
            marks.headlines += self.is_headline(block)
        for at in checked(range(len(self.elements) - 1, -1, -1)):
            marks = self.marks[at]
            if self.elements[at].parent >= 0:
                outer = self.marks[self.elements[at].parent]
                outer.text += marks.text
                outer.links += marks.links
                outer.prose += marks.prose
                outer.linked_headings += marks.linked_headings
                outer.headlines += marks.headlines

    def _mark(self, at: int) -> None:
        element, marks = self.elements[at], self.marks[at]
        if element.parent >= 0:
            outer = self.marks[element.parent]
            marks.furniture, marks.list = outer.furniture, outer.list
            marks.within_article, marks.quote = outer.within_article, outer.quote
            marks.item, marks.caption = outer.item, outer.caption
            marks.headed = outer.headed
        tag = element.tag
        small = marks.prose <= self.prose * MAX_SHARE
        marks.within_article |= tag in ("article", "main")
        marks.headed |= tag == "header" and marks.headlines > 0
        marks.quote |= tag == "blockquote"
        marks.item |= tag in _LIST_ITEM_TAGS
        marks.caption |= tag in _CAPTION_TAGS or (
            small and names.CAPTION.search(element.names) is not None
        )
        if marks.list < 0 and tag in _LIST_TAGS:
            marks.list = at
        if not marks.furniture and tag not in ("html", "body", "main"):
            marks.furniture = (small and self._is_furniture(element, marks)) or (
                marks.prose <= self.prose * MAX_CERTAIN_SHARE
                and tag != "article"
                and names.NEVER_CONTENT.search(element.names) is not None
                and names.CONTENT.search(element.names) is None
            )

    def _is_furniture(self, element: Element, marks: Marks) -> bool:
        tag = element.tag
        if tag in _FURNITURE_TAGS or element.role in _FURNITURE_ROLES:
            return True
        if tag == "header" and not marks.within_article:
            return True
        if tag == "p" and marks.prose >= MAX_NAMED_PARAGRAPH:
            return False
        if (
            tag in _TEASER_TAGS
            and marks.linked_headings == 1
            and not marks.headlines
            and marks.text < MAX_TEASER
        ):
            return marks.text > marks.links or tag in ("li", "article")
        if (
            not element.names
            or tag in ("article", "blockquote")
            or element.properties == "articlebody"
            or names.CONTENT.search(element.names)
        ):
            return False
        return (
            names.FURNITURE.search(element.names) is not None
            or (marks.links > 0 and names.TEASER.search(element.names) is not None)
            or (marks.prose < MAX_SMALL and names.SMALL_FURNITURE.search(element.names) is not None)
        )
