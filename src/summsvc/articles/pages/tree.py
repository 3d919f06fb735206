"""Element tree of a page, from HTML tokens.

Elements are a list in document order, so that a parent precedes its children: properties are
inherited in one pass forwards and sums are formed in one pass backwards, whatever the depth.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.formats import attributes
from summsvc.articles.formats.html_tokens import (
    BLOCK_ELEMENTS,
    HEADING_ELEMENTS,
    VOID_ELEMENTS,
    HtmlToken,
)
from summsvc.interruption import checked

_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MAX_NAMES = 400
"""Code points of class and id that are read."""

_CLOSES_ITSELF = frozenset("li dt dd tr td th option".split())
"""Elements whose end tag is optional before another one of the same name."""


@dataclass(slots=True)
class Element:
    """An element: source [start, end) with its tags, and the index of its parent, -1 for none.

    names: class and id in lower case, of a heading only its class, words in camel case separated.
    classes: class as written. role: ARIA role. properties: microdata properties (``itemprop``).
    """

    tag: str
    start: int
    end: int
    parent: int
    names: str = ""
    role: str = ""
    properties: str = ""
    classes: str = ""


def build(source: str, tokens: Sequence[HtmlToken]) -> list[Element]:
    """The elements of a page in document order.

    Missing end tags are implied by the end of the parent, those of ``p`` and list items also by
    the next element; end tags without a start tag are ignored.
    """
    elements: list[Element] = []
    unclosed: list[int] = []
    counts: Counter[str] = Counter()

    def close(end: int) -> str:
        element = elements[unclosed.pop()]
        element.end = end
        counts[element.tag] -= 1
        return element.tag

    for token in checked(tokens):
        if token.kind == "open":
            innermost = elements[unclosed[-1]].tag if unclosed else ""
            if (innermost == "p" and token.name in BLOCK_ELEMENTS) or (
                innermost == token.name and token.name in _CLOSES_ITSELF
            ):
                close(token.start)
            parent = unclosed[-1] if unclosed else -1
            text = source[token.start + 1 + len(token.name) : token.end - 1]
            if token.name not in VOID_ELEMENTS and not text.endswith("/"):
                unclosed.append(len(elements))
                counts[token.name] += 1
            elements.append(_element(token, parent, text))
        elif token.kind == "close":
            # The end tag of a heading ends one of any level, as in the HTML standard.
            ended = HEADING_ELEMENTS if token.name in HEADING_ELEMENTS else (token.name,)
            if any(counts[name] for name in ended):
                while close(token.end) not in ended:
                    pass
    while unclosed:
        close(len(source))
    return elements


def _element(token: HtmlToken, parent: int, text: str) -> Element:
    element = Element(token.name, token.start, token.end, parent)
    # Nothing visible is within the others.
    if text and token.name not in VOID_ELEMENTS and (token.content != "opaque" or token.hidden):
        found = attributes.parse(text)
        # The id of a heading is a place to link to; its words are those of the heading.
        name = "" if token.name in HEADING_ELEMENTS else found.get("id", "")
        element.classes = found.get("class", "")[:_MAX_NAMES]
        names = f"{element.classes} {name}"[:_MAX_NAMES]
        element.names = _CAMEL_CASE.sub("-", names).lower().strip()
        element.role = found.get("role", "").lower()
        element.properties = found.get("itemprop", "").lower()
    return element
