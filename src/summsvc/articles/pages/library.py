"""The blocks that resiliparse counts as the main content of a page.

resiliparse (https://resiliparse.chatnoir.eu, Apache-2.0) removes navigation, teasers and the like
by rules on elements, classes and text. It returns plain text and takes time quadratic in the
depth of elements, and for the reconstruction of formatting elements that the HTML standard
requires. It therefore gets the page's own blocks in a shallow tree of block elements, each block
preceded by its number, and its answer is read from the numbers that it returns.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from resiliparse.extract.html2text import extract_plain_text

from summsvc.articles.blocks import BlockKind
from summsvc.articles.formats.html_tokens import BLOCK_ELEMENTS
from summsvc.articles.pages.outline import Outline
from summsvc.articles.pages.tree import Element
from summsvc.interruption import checked, checkpoint

MAX_DEPTH = 40
"""Elements within more elements are left out of the tree; their blocks are not."""

MAX_CODE_POINTS = 250_000
"""Length of the largest tree that is passed on. The call cannot be interrupted: it takes a few
milliseconds for a page of the usual size and at most about 100 ms for one of this length."""

MAX_BLOCK_CODE_POINTS = 400
"""Code points of a block that are passed on; the rules look at no more."""

_SHOWN = BLOCK_ELEMENTS - {"html", "head", "title", "body"}
_NUMBER = re.compile("\ue000(\\d+)\ue001")


def main_blocks(outline: Outline) -> set[int] | None:
    """The indexes of the blocks that belong to the main content; None for an oversized page."""
    parts: list[str] = []
    length = 0
    for part in _tree(outline):
        parts.append(part)
        length += len(part)
        if length > MAX_CODE_POINTS:
            return None
    checkpoint()
    text = extract_plain_text(
        "".join(parts),
        main_content=True,
        list_bullets=False,
        alt_texts=False,
        links=False,
        form_fields=False,
        noscript=False,
        comments=False,
    )
    return {int(number) for number in _NUMBER.findall(text)}


def _tree(outline: Outline) -> Iterator[str]:
    """HTML of the blocks and of the block elements around them; of no others."""
    elements = outline.elements
    yield "<html><body>"
    shown: list[Element] = []
    around: list[Element] = []
    following = 0
    for number, block in enumerate(checked(outline.blocks)):
        if block.kind is BlockKind.PAGE_TITLE:
            continue
        start = outline.spans[number].start
        while following < len(elements) and elements[following].start <= start:
            element = elements[following]
            following += 1
            while around and around[-1].end <= element.start:
                around.pop()
            if element.tag in _SHOWN and len(around) < MAX_DEPTH and element.end > start:
                around.append(element)
        while around and around[-1].end <= start:
            around.pop()
        common = 0
        while common < min(len(shown), len(around)) and shown[common] is around[common]:
            common += 1
        for element in reversed(shown[common:]):
            yield f"</{element.tag}>"
        for element in around[common:]:
            yield _start_tag(element)
        shown = around.copy()
        text = html.escape(outline.texts[number][:MAX_BLOCK_CODE_POINTS], quote=False)
        if 2 * outline.links[number] > outline.lengths[number]:
            text = f'<a href="#">{text}</a>'
        yield f"\ue000{number}\ue001{text}"
    yield from (f"</{element.tag}>" for element in reversed(shown))


def _start_tag(element: Element) -> str:
    names = f' class="{html.escape(element.names)}"' if element.names else ""
    role = f' role="{html.escape(element.role)}"' if element.role else ""
    return f"<{element.tag}{names}{role}>"
