"""Where the blocks of a page stand in its element tree, and how much of each is link text."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from summsvc.articles.blocks import Block
from summsvc.articles.pages.tree import Element
from summsvc.interruption import checked
from summsvc.types import Span


def innermost_elements(elements: Sequence[Element], spans: Sequence[Span]) -> array[int]:
    """For the span of each block, the index of the innermost element that holds it; -1 for none."""
    found = array("i")
    around: list[int] = []
    following = 0
    for span in checked(spans):
        while following < len(elements) and elements[following].start <= span.start:
            while around and elements[around[-1]].end <= elements[following].start:
                around.pop()
            around.append(following)
            following += 1
        # An element that ends inside the block holds none of the following blocks either.
        while around and elements[around[-1]].end < span.end:
            around.pop()
        found.append(around[-1] if around else -1)
    return found


def link_lengths(
    elements: Sequence[Element], blocks: Sequence[Block], spans: Sequence[Span]
) -> array[int]:
    """For each block, the number of its visible characters inside ``a`` elements.

    Runs of white space count as one character, as the code of many pages is indented. spans: of
    the blocks.
    """
    lengths = array("i", bytes(4 * len(blocks)))
    links = [element for element in checked(elements) if element.tag == "a"]
    at = 0
    for number, span in enumerate(checked(spans)):
        text, starts = blocks[number].source_map.text, blocks[number].source_map.starts
        while at < len(links) and links[at].end <= span.start:
            at += 1
        within = at
        while within < len(links) and links[within].start < span.end:
            link = links[within]
            linked = text[bisect_left(starts, link.start) : bisect_left(starts, link.end)]
            lengths[number] += len(" ".join(linked.split()))
            within += 1
        # A link that reaches into the next block is looked at again for that one.
        at = max(at, within - 1)
    return lengths
