"""Detection of scraped boilerplate: the blocks of an article that are not part of its text.

The rules are conservative: only whole short blocks are removed, by the noise patterns
of the language files, and repetitions of the headline. A block that could be a sentence
of the article stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.characters import SCAN_CHUNK
from summsvc.interruption import checked
from summsvc.languages import registry
from summsvc.languages.values import NAME_PLACEHOLDER

EDGE_BLOCKS = 6
"""Bylines and links are noise only within this many blocks of either end."""

MAX_NOISE_LENGTH = 300
"""Code points. Longer blocks are never noise."""

MIN_HEADLINE_WORDS = 4
"""A line of fewer words may be repeated on purpose."""

_CAPITALISED = r"(?-i:[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁ][\w.'’-]*)"
_SITE = re.compile(r"\s+[-–—|·•»]\s+[^-–—|·•»]{2,40}\Z")

_DESCRIPTIONS = {"byline": "a byline", "link": "a link line", "notice": "a site notice"}
"""Keys of the noise patterns, in the order in which they are tried, to what a match is."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A block to remove: its index, and the kind of boilerplate."""

    block: int
    what: str


@lru_cache(maxsize=8)
def _patterns(languages: registry.Registry) -> dict[str, re.Pattern[str]]:
    """One pattern for each kind of noise; the patterns of all languages apply to every text."""
    name = _name_pattern(
        {word for noise in languages.noise() for word in noise.conjunctions},
        {word for noise in languages.noise() for word in noise.particles},
    )
    patterns: dict[str, re.Pattern[str]] = {}
    for kind in _DESCRIPTIONS:
        alternatives = [
            f"(?:{pattern.replace(NAME_PLACEHOLDER, name)})"
            for noise in languages.noise()
            for pattern in getattr(noise, kind)
        ]
        patterns[kind] = re.compile("|".join(alternatives) or r"(?!)", re.IGNORECASE)
    return patterns


def _name_pattern(conjunctions: Set[str], particles: Set[str]) -> str:
    """One to five words: the first is capitalised, the last is not a conjunction."""
    others = map(re.escape, sorted(conjunctions | particles))
    # Without a space before longer ones, as names rarely end in their letters.
    endings = (
        f"(?<!{word})" if len(word) > 2 else f"(?<! {word})"
        for word in map(re.escape, sorted(conjunctions))
    )
    parts = "|".join([_CAPITALISED, *others])
    return rf"{_CAPITALISED}(?: (?:{parts})){{0,4}}{''.join(endings)}"


def find(blocks: Sequence[Block], title: str) -> list[Noise]:
    """The blocks of a body that are noise, in order."""
    noise: dict[int, str] = {}
    texts = _short_texts(blocks)
    _find_repeated_headlines(blocks, texts, title, noise)
    patterns = _patterns(registry.current())
    for i, block in enumerate(checked(blocks)):
        near_edge = i < EDGE_BLOCKS or i >= len(blocks) - EDGE_BLOCKS
        text = texts[i]
        if i in noise or block.kind is BlockKind.PAGE_TITLE or text is None:
            continue
        for kind, pattern in patterns.items():
            if (near_edge or kind == "notice") and pattern.fullmatch(text):
                noise[i] = _DESCRIPTIONS[kind]
                break
    if len(noise) == len(blocks):
        # The caller wants such a text to be processed as it is.
        return []
    return [Noise(i, noise[i]) for i in sorted(noise)]


def _find_repeated_headlines(
    blocks: Sequence[Block], texts: Sequence[str | None], title: str, noise: dict[int, str]
) -> None:
    """Mark blocks near the top that repeat the title, or one another.

    The title of a page is not part of the text: it is neither counted nor removed.
    """
    seen = _forms(title, min_words=1)
    for i, block in enumerate(blocks[:EDGE_BLOCKS]):
        text = texts[i]
        if block.kind in (BlockKind.ITEM, BlockKind.PAGE_TITLE) or text is None:
            continue
        forms = _forms(text, min_words=1)
        if seen & forms:
            noise[i] = "the headline again"
        if not text.endswith("."):
            seen |= _forms(text, min_words=MIN_HEADLINE_WORDS)


def _short_texts(blocks: Sequence[Block]) -> list[str | None]:
    """The text of each block that may be noise; None for a block that is too long."""
    texts: list[str | None] = []
    for block in checked(blocks):
        text = block.text if len(block.source_map.text) <= SCAN_CHUNK else None
        texts.append(text if text is not None and len(text) <= MAX_NOISE_LENGTH else None)
    return texts


def _forms(headline: str, *, min_words: int) -> set[str]:
    """A headline's letters and digits in lower case, with and without a site's name at its end."""
    whole = re.findall(r"\w+", headline.casefold())
    short = re.findall(r"\w+", _SITE.sub("", headline).casefold())
    forms = {" ".join(whole)} if len(whole) >= min_words else set()
    if len(short) >= MIN_HEADLINE_WORDS:
        forms.add(" ".join(short))
    return forms
