"""Quotations and brackets of a text, and whether a sentence may end inside one.

A title («Что? Где? Когда?») or a remark in brackets is part of the sentence around it, whatever
punctuation it has. Direct speech has sentences of its own.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from summsvc.articles.characters import SCAN_CHUNK
from summsvc.interruption import checked

_PAIRS = {")": "(", "]": "[", "»": "«", "›": "‹", "”": "“"}
_CLOSERS_OF_LOW_QUOTE = frozenset("“”")
_DELIMITER = re.compile('[()\\[\\]«»‹›“”„"]')
_LEAD = re.compile(r"[\s\"'„“«‹(\[{‘”¿¡–—-]*\Z")
_SPEECH_LEAD = re.compile(r"[:,]\s*\Z")
_AFTER = re.compile(r"[\"'”’»›)\]}“‟,;:–—\s-]*(?P<next>.?)", re.DOTALL)
_TERMINATORS = frozenset(".!?…‽")

MAX_CODE_POINTS = 300
"""Longest quotation or bracket in code points that is one; longer ones may lack their end."""

SHORT_SPEECH = 60
"""Longest direct speech that is not divided where the sentence goes on after it."""

MAX_DEPTH = 8
"""Opening marks of one kind that wait for their closing mark."""

LEAD_CONTEXT = 8
"""Code points before an opening mark that show whether direct speech follows."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A quotation or bracket: the offsets of its two marks."""

    opening: int
    closing: int


def enclosures(text: str) -> Iterator[Enclosure]:
    """Yield the quotations and brackets of a text in order of their closing marks.

    Straight quotation marks open after white space and close otherwise. Single ones are left
    out, since apostrophes look like them.
    """
    waiting: dict[str, deque[int]] = {}
    for low in checked(range(0, len(text), SCAN_CHUNK), 1):
        for match in checked(_DELIMITER.finditer(text, low, low + SCAN_CHUNK)):
            mark, at = match[0], match.start()
            opening = _opening_of(mark, text, at, waiting)
            if opening is None:
                waiting.setdefault(mark, deque(maxlen=MAX_DEPTH)).append(at)
            elif places := waiting.get(opening):
                start = places.pop()
                if at - start <= MAX_CODE_POINTS:
                    yield Enclosure(start, at)


def _opening_of(mark: str, text: str, at: int, waiting: dict[str, deque[int]]) -> str | None:
    """The opening mark that this mark closes; None for an opening mark."""
    low = waiting.get("„")
    if mark in _CLOSERS_OF_LOW_QUOTE and low and at - low[-1] <= MAX_CODE_POINTS:
        return "„"
    if mark == '"':
        opens = (at == 0 or text[at - 1].isspace() or text[at - 1] in "([«“„") and bool(
            text[at + 1 : at + 2].strip()
        )
        return None if opens else '"'
    return _PAIRS.get(mark)


class Enclosing:
    """The enclosures around a place, for places that are asked for in ascending order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next = 0
        self._all = sorted(enclosures(text), key=lambda each: each.opening)
        self._open: list[Enclosure] = []

    def joins(self, begin: int, at: int, end: int) -> bool:
        """Whether a stop at [at, end) is inside an enclosure that ends no sentence.

        begin: where the sentence began.
        """
        while self._next < len(self._all) and self._all[self._next].opening < at:
            self._open.append(self._all[self._next])
            self._next += 1
        self._open = [each for each in self._open if each.closing >= end]
        return any(self._is_part(begin, at, each) for each in self._open)

    def _is_part(self, begin: int, at: int, each: Enclosure) -> bool:
        text = self._text
        low = max(begin, each.opening - LEAD_CONTEXT)
        lead = text[low : each.opening]
        leads = each.opening <= begin or (low == begin and _LEAD.fullmatch(lead) is not None)
        if text[each.opening] in "([":
            return not leads
        length = each.closing - each.opening
        after = _AFTER.match(text, each.closing + 1, each.closing + LEAD_CONTEXT)
        following = after["next"] if after else ""
        if leads or _SPEECH_LEAD.search(lead):
            is_hesitation = text[at] == "…" or text.startswith("..", at)
            return following.islower() and (is_hesitation or length <= SHORT_SPEECH)
        is_title = text[each.closing - 1] not in _TERMINATORS
        goes_on = bool(following) and not following.isupper() and following not in _TERMINATORS
        return is_title or goes_on or length <= SHORT_SPEECH
