"""Detection of scraped boilerplate: the blocks of an article that are not part of its text.

The rules are conservative: only whole short blocks are removed, each as one of the kinds of
line that ``articles.noise`` and the noise tables of the language files describe, and
repetitions of the headline. A block that could be a sentence of the article stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.characters import SCAN_CHUNK
from summsvc.articles.noise import address, lines, times
from summsvc.articles.noise.headlines import find_others, find_repeated
from summsvc.interruption import checked
from summsvc.languages import registry

EDGE_BLOCKS = 6
"""Bylines and links are noise only within this many blocks of either end."""

MAX_NOISE_LENGTH = 400
"""Code points. Longer blocks are never noise."""

_BULLET = re.compile(r"\A[^\w\s(\[«„“\"'‘#@©]{1,3}\s+")

_EDGE_LINES = {
    "byline": "a byline",
    "link": "a link line",
    "origin": "a note on the first publication",
}
_LINES = {
    "notice": "a site notice",
    "live": "a line of a live report",
    "paywall": "a paywall notice",
    "consent": "a consent notice",
}
"""Keys of the noise patterns, in the order in which they are tried, to what a match is."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A block to remove: its index, and the kind of boilerplate."""

    block: int
    what: str


@lru_cache(maxsize=8)
def _patterns(languages: registry.Registry) -> dict[str, re.Pattern[str]]:
    """One pattern for each kind of line; the patterns of all languages apply to every text."""
    return {
        key: re.compile(lines.any_of(lines.patterns(key, languages), languages), re.IGNORECASE)
        for key in _EDGE_LINES | _LINES
    }


def find(blocks: Sequence[Block], title: str) -> list[Noise]:
    """The blocks of a body that are noise, in order."""
    noise: dict[int, str] = {}
    texts = _short_texts(blocks)
    find_repeated(blocks[:EDGE_BLOCKS], texts, title, noise)
    languages = registry.current()
    begun = False
    for i, block in enumerate(checked(blocks)):
        text = texts[i]
        if i in noise or block.kind is BlockKind.PAGE_TITLE:
            continue
        if text is not None:
            at_edge = i < EDGE_BLOCKS or i >= len(blocks) - EDGE_BLOCKS
            what = _what(text, languages, at_edge=at_edge, begun=begun)
            if what:
                noise[i] = what
                continue
        begun = begun or text is None or text.endswith((".", "!", "?", "…", "”", "»", "“"))
    find_others(blocks, texts, noise, lines.labels(languages))
    if len(noise) == len(blocks):
        # The caller wants such a text to be processed as it is.
        return []
    return [Noise(i, noise[i]) for i in sorted(noise)]


def _what(text: str, languages: registry.Registry, *, at_edge: bool, begun: bool) -> str | None:
    """What kind of noise a block is; None for text of the article.

    begun: whether a sentence of the article stands before it.
    """
    text = _BULLET.sub("", text)
    patterns = _patterns(languages)
    for key, what in ((_EDGE_LINES | _LINES) if at_edge else _LINES).items():
        if patterns[key].fullmatch(text):
            return what
    labels = lines.labels(languages)
    if lines.is_related(text.strip("[]"), labels):
        return "a link to another article"
    if lines.is_credit(text, labels):
        return "a credit"
    if lines.is_tags(text, labels):
        return "a list of subjects"
    time = times.time_of(text, languages)
    if time is times.Time.CLOCK:
        return "a line of a live report"
    if time is times.Time.STAMP or (time is times.Time.DATE and at_edge and not begun):
        return "a time of publication"
    return address.kind_of(text, languages, at_edge=at_edge)


def _short_texts(blocks: Sequence[Block]) -> list[str | None]:
    """The text of each block that may be noise; None for a block that is too long."""
    texts: list[str | None] = []
    for block in checked(blocks):
        text = block.text if len(block.source_map.text) <= SCAN_CHUNK else None
        texts.append(text if text is not None and len(text) <= MAX_NOISE_LENGTH else None)
    return texts
