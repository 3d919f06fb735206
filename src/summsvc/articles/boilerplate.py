"""Scraped noise: which blocks of an article are not part of its story.

Cautious on purpose: only whole short blocks, by patterns in boilerplate.toml,
and repeats of the headline. What reads like a sentence of the story stays.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.characters import SCAN_CHUNK
from summsvc.interruption import checked

EDGE_BLOCKS = 6
"""Bylines and links are noise only within this many blocks of either end."""

MAX_LENGTH = 300
"""Code points. Longer blocks are never noise."""


_CAPITALISED = r"(?-i:[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁ][\w.'’-]*)"
_NAME = (
    rf"{_CAPITALISED}(?: (?:{_CAPITALISED}|and|ir|и|de|van|von|der)){{0,4}}(?<!and)(?<! ir)(?<! и)"
)
_SITE = re.compile(r"\s+[-–—|·•»]\s+[^-–—|·•»]{2,40}\Z")


MIN_HEADLINE_WORDS = 4
"""Fewer words may well be said twice on purpose."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A block to leave out: its number, and what it is."""

    block: int
    what: str


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    source = files("summsvc.articles").joinpath("boilerplate.toml").read_text("utf-8")
    return {
        what: re.compile(
            "|".join(f"(?:{pattern.replace('{name}', _NAME)})" for pattern in patterns),
            re.IGNORECASE,
        )
        for what, patterns in tomllib.loads(source).items()
    }


_WHAT = {"byline": "a byline", "link": "a link line", "notice": "a site notice"}


def find(blocks: Sequence[Block], title: str) -> list[Noise]:
    """The blocks of a body that are noise, in order."""
    noise: dict[int, str] = {}
    _find_repeated_headlines(blocks, title, noise)
    for i, block in enumerate(checked(blocks)):
        near_edge = i < EDGE_BLOCKS or i >= len(blocks) - EDGE_BLOCKS
        if i in noise or block.kind is BlockKind.PAGE_TITLE:
            continue
        text = _short(block)
        if text is None:
            continue
        for what, pattern in _patterns().items():
            if (near_edge or what == "notice") and pattern.fullmatch(text):
                noise[i] = _WHAT[what]
                break
    if len(noise) == len(blocks):
        # A text made of nothing else is what the caller wants to have read.
        return []
    return [Noise(i, noise[i]) for i in sorted(noise)]


def _find_repeated_headlines(blocks: Sequence[Block], title: str, noise: dict[int, str]) -> None:
    """Mark blocks near the top that say the title, or one another, again.

    A page's title stands beside the text: it neither counts nor goes.
    """
    seen = _forms(title, min_words=1)
    for i, block in enumerate(blocks[:EDGE_BLOCKS]):
        if block.kind in (BlockKind.ITEM, BlockKind.PAGE_TITLE):
            continue
        text = _short(block)
        if text is None:
            continue
        forms = _forms(text, min_words=1)
        if seen & forms:
            noise[i] = "the headline again"
        if not text.endswith("."):
            seen |= _forms(text, min_words=MIN_HEADLINE_WORDS)


def _short(block: Block) -> str | None:
    """The text of a block that may be noise; None when it is too long for that."""
    if len(block.source_map.text) > SCAN_CHUNK:
        return None
    text = block.text
    return text if len(text) <= MAX_LENGTH else None


def _forms(headline: str, *, min_words: int) -> set[str]:
    """Its letters and digits in lower case; also without a site's name behind it."""
    whole = re.findall(r"\w+", headline.casefold())
    short = re.findall(r"\w+", _SITE.sub("", headline).casefold())
    forms = {" ".join(whole)} if len(whole) >= min_words else set()
    if len(short) >= MIN_HEADLINE_WORDS:
        forms.add(" ".join(short))
    return forms
