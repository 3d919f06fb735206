"""Headlines that are not part of the text: the article's own again, and those of others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from summsvc.articles.blocks import Block, BlockKind
from summsvc.articles.noise.kinds import RELATED
from summsvc.articles.noise.lines import MAX_HEADLINE, Labels, is_bare_label
from summsvc.interruption import checked

MIN_HEADLINE_WORDS = 4
"""A line of fewer words may be repeated on purpose."""

MAX_OTHERS = 10
"""Headlines of other articles after one label."""

_SITE = re.compile(r"\s+[-–—|·•»]\s+[^-–—|·•»]{2,40}\Z")


def find_repeated(
    blocks: Sequence[Block], texts: Sequence[str | None], title: str, noise: dict[int, str]
) -> None:
    """Mark blocks near the top that repeat the title, or one another.

    The title of a page is not part of the text: it is neither counted nor removed.
    """
    seen = _forms(title, min_words=1)
    for i, block in enumerate(blocks):
        text = texts[i]
        if block.kind in (BlockKind.ITEM, BlockKind.PAGE_TITLE) or text is None:
            continue
        forms = _forms(text, min_words=1)
        if seen & forms:
            noise[i] = "the headline again"
        if not text.endswith("."):
            seen |= _forms(text, min_words=MIN_HEADLINE_WORDS)


def find_others(
    blocks: Sequence[Block], texts: Sequence[str | None], noise: dict[int, str], labels: Labels
) -> None:
    """Mark the headlines that follow a label such as "Read also:", to the end of the article."""
    at = len(blocks)
    while at and at > len(blocks) - MAX_OTHERS and (at - 1 in noise or _is_headline(texts[at - 1])):
        at -= 1
    starts = (
        i for i in checked(range(at, len(blocks)))
        if i in noise and is_bare_label(texts[i] or "", labels)
    )  # fmt: skip
    for i in checked(range(next(starts, len(blocks)), len(blocks))):
        noise.setdefault(i, RELATED)


def _is_headline(text: str | None) -> bool:
    return (
        text is not None and len(text) <= MAX_HEADLINE and not text.endswith((".", "!", "…", ":"))
    )


def _forms(headline: str, *, min_words: int) -> set[str]:
    """A headline's letters and digits in lower case, with and without a site's name at its end."""
    whole = re.findall(r"\w+", headline.casefold())
    short = re.findall(r"\w+", _SITE.sub("", headline).casefold())
    forms = {" ".join(whole)} if len(whole) >= min_words else set()
    if len(short) >= MIN_HEADLINE_WORDS:
        forms.add(" ".join(short))
    return forms
