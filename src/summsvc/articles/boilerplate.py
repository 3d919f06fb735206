"""Detection of scraped boilerplate: the blocks of an article that are not part of its text.

The rules are conservative: only whole short blocks are removed, each as one of the kinds of
line that ``articles.noise`` and the noise tables of the language files describe, and
repetitions of the headline. A block that could be a sentence of the article stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.characters import SCAN_CHUNK
from summsvc.articles.noise import lines
from summsvc.articles.noise.headlines import find_others, find_repeated
from summsvc.articles.noise.kinds import Place, kind_of
from summsvc.interruption import checked, checkpoint
from summsvc.languages import registry

EDGE_BLOCKS = 6
"""Bylines and links are noise only within this many blocks of either end."""

MAX_NOISE_LENGTH = 400
"""Code points. Longer blocks are never noise."""

_ENDS_OF_SENTENCES = (".", "!", "?", "…", "”", "»", "“")


@dataclass(frozen=True, slots=True)
class Noise:
    """A block to remove: its index, and the kind of boilerplate."""

    block: int
    what: str


@dataclass(frozen=True, slots=True)
class Found:
    """The noise of a body.

    noise: in order of the blocks. only_noise: every block is noise; then ``noise`` is empty, so
    that the text is processed as it is.
    """

    noise: list[Noise]
    only_noise: bool


def find(blocks: Sequence[Block], title: str) -> Found:
    """The noise of a body."""
    noise = _kinds(blocks, title)
    if noise and len(noise) == len(blocks):
        return Found([], only_noise=True)
    return Found([Noise(i, noise[i]) for i in sorted(noise)], only_noise=False)


def _kinds(blocks: Sequence[Block], title: str) -> dict[int, str]:
    """The kind of each block that is noise, by its index."""
    noise: dict[int, str] = {}
    texts = _short_texts(blocks)
    find_repeated(blocks[:EDGE_BLOCKS], texts, title, noise)
    languages = registry.current()
    begun = False

    def is_sentence(i: int) -> bool:
        text = texts[i]
        return text is None or text.endswith(_ENDS_OF_SENTENCES)

    def place(i: int, begun: bool) -> Place:
        last = i == len(blocks) - 1
        top = not begun and i < EDGE_BLOCKS
        # Names alone are signed to the text beside them; several lines of names are a list.
        beside = i - 1 if last else i + 1
        signed = (last and i > 0) or (top and i + bool(title) > 0 and not last)
        return Place(
            at_edge=i < EDGE_BLOCKS or i >= len(blocks) - EDGE_BLOCKS,
            outside=last or top,
            signed=signed and is_sentence(beside),
        )

    for i, block in enumerate(blocks):
        checkpoint()
        text = texts[i]
        if i in noise or block.kind is BlockKind.PAGE_TITLE:
            continue
        what = kind_of(text, languages, place(i, begun)) if text is not None else None
        if what:
            noise[i] = what
        else:
            begun = begun or text is None or text.endswith(_ENDS_OF_SENTENCES)
    find_others(blocks, texts, noise, lines.labels(languages))
    return noise


def _short_texts(blocks: Sequence[Block]) -> list[str | None]:
    """The text of each block that may be noise; None for a block that is too long."""
    texts: list[str | None] = []
    for block in checked(blocks):
        text = block.text if len(block.source_map.text) <= SCAN_CHUNK else None
        texts.append(text if text is not None and len(text) <= MAX_NOISE_LENGTH else None)
    return texts
