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

from summsvc.articles.view import Block, BlockKind

EDGE_BLOCKS = 6
"""Bylines and links are noise only within this many blocks of either end."""

MAX_WORDS = 40


@dataclass(frozen=True, slots=True)
class Noise:
    """A block to leave out: its number, and what it is."""

    block: int
    what: str


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    source = files("summsvc.articles").joinpath("boilerplate.toml").read_text("utf-8")
    return {
        what: re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
        for what, patterns in tomllib.loads(source).items()
    }


_WHAT = {"byline": "a byline", "link": "a link line", "notice": "a site notice"}


def find(blocks: Sequence[Block], title: str) -> list[Noise]:
    """The blocks of a body that are noise, in order."""
    noise: dict[int, str] = {}
    _find_repeated_headlines(blocks, title, noise)
    for i, block in enumerate(blocks):
        text = block.text
        near_edge = i < EDGE_BLOCKS or i >= len(blocks) - EDGE_BLOCKS
        if i in noise or len(text) > 400 or len(text.split()) > MAX_WORDS:
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
    """Mark blocks near the top that say the title, or the first headline, again."""
    headline = _folded(title)
    for i, block in enumerate(blocks[:EDGE_BLOCKS]):
        if len(block.text.split()) > MAX_WORDS or block.kind is BlockKind.ITEM:
            continue
        folded = _folded(block.text)
        if headline and _same(folded, headline):
            noise[i] = "the headline again"
        elif not headline and i == 0:
            headline = folded


def _folded(text: str) -> str:
    """Letters and digits alone, lower case."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _same(a: str, b: str) -> bool:
    """Equal, or one is the other with a site's name behind it: "Headline - The Times"."""
    if a == b:
        return bool(a)
    short, long = sorted((a, b), key=len)
    return len(short.split()) >= 4 and long.startswith(short) and len(long) - len(short) <= 30
