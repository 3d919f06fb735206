"""Tree of the inline elements of a segment, from its marks: pairs of tags, links and emphasis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.document import InlineMark
from summsvc.interruption import checked

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*)(?=[\s/>])[^<]*>\s*\Z")
_VOID_ELEMENTS = frozenset("area base br col embed hr img input link meta source track wbr".split())
_EMPHASIS = re.compile(r"(?:\*+|_+|~~)\s*\Z")
_OPENING_BRACKET = re.compile(r"!?\[\s*\Z")


@dataclass(slots=True)
class Element:
    """An inline element, or a mark without content such as an image.

    opening, closing: indexes of its marks; None where the element begins before the segment or
    ends after it. start, end: offsets of its content in the segment's text. parent: index of the
    element around it, or -1.
    """

    opening: int | None
    closing: int | None
    start: int
    end: int
    parent: int = -1

    @property
    def is_void(self) -> bool:
        """Whether it is a mark without content."""
        return self.opening is not None and self.opening == self.closing


def elements(marks: Sequence[InlineMark], length: int) -> list[Element] | None:
    """The elements of a segment, each after its parent; None where tags are not well nested.

    length: code points of the segment's text. A kept part is a mark without content.
    """
    found: list[Element] = []
    names: list[str] = []
    opened: list[Element] = []
    begun_before: list[Element] = []
    for i, mark in enumerate(checked(marks)):
        innermost = names[-1] if names else ""
        kind, name = ("void", "") if mark.kept else _kind(mark.source, innermost)
        if kind == "close" and not names:
            begun_before.append(Element(None, i, 0, mark.offset))
        elif kind == "close":
            if names.pop() != name:
                return None
            element = opened.pop()
            element.closing, element.end = i, mark.offset
        else:
            found.append(Element(i, i if kind == "void" else None, mark.end, mark.end))
            if kind == "open":
                names.append(name)
                opened.append(found[-1])
    if any(_EMPHASIS.match(name) for name in checked(names)):
        return None
    for element in opened:
        element.end = length
    return _with_parents(begun_before[::-1] + found)


def enclosed(sources: Sequence[str], before: int, after: int) -> tuple[int, int]:
    """The marks around a segment that belong to elements which begin or end inside it.

    sources: the marks at the beginning of the segment (``before`` of them), inside it, and at its
    end (``after`` of them). Returns how many of the first and of the last belong to elements that
    are within the segment but do not enclose all of it.
    """
    inside_from, inside_to = before, len(sources) - after
    first, last = inside_from, inside_to
    opened: list[tuple[str, int]] = []
    for number, source in enumerate(checked(sources)):
        kind, name = _kind(source, opened[-1][0] if opened else "")
        if kind == "open":
            opened.append((name, number))
        elif kind == "close" and opened and opened[-1][0] == name:
            _, opening = opened.pop()
            if opening < inside_from <= number < inside_to:
                first = min(first, opening)
            elif inside_from <= opening < inside_to <= number:
                last = max(last, number + 1)
        elif kind == "close":
            opened.clear()
    return inside_from - first, last - inside_to


def _with_parents(found: list[Element]) -> list[Element]:
    """Set the parent of each element. found: in order, each after the elements around it."""
    around: list[int] = []
    for number, element in enumerate(checked(found)):
        while around and not _contains(found[around[-1]], element):
            around.pop()
        element.parent = around[-1] if around else -1
        if not element.is_void:
            around.append(number)
    return found


def _contains(outer: Element, inner: Element) -> bool:
    """Whether an element that begins later is inside another one, by the order of the marks."""
    if outer.closing is None or inner.closing is None:
        return outer.closing is None
    return inner.closing < outer.closing


def _kind(source: str, innermost: str) -> tuple[str, str]:
    """Whether a mark opens an element, closes one or does neither, and the element's name.

    innermost: name of the open element, which emphasis closes if its marks are the same.
    """
    if tag := _TAG.match(source):
        name = tag["name"].lower()
        if name in _VOID_ELEMENTS or source.rstrip().endswith("/>"):
            return "void", name
        return ("close" if tag["close"] else "open"), name
    if _EMPHASIS.match(source):
        name = source.strip()
        return ("close" if name == innermost else "open"), name
    if _OPENING_BRACKET.match(source):
        return "open", "]"
    return ("close" if source.startswith("]") else "void"), "]"
