"""A web page: which of its blocks are its article, and what it says about itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from summsvc.articles.blocks import Block, BlockKind, release_list
from summsvc.articles.formats.html import ParsedHtml
from summsvc.articles.pages import facts, main_content, tree
from summsvc.interruption import checked

_PAGE_ELEMENTS = frozenset(("html", "head", "body", "nav", "main"))
_PASSWORD = re.compile(r"\btype\s*=\s*[\"']?password", re.IGNORECASE)

MIN_ARTICLE_WITH_LOGIN = 400
"""Code points of sentences in the shortest article of a page with a password field, which may
explain that one has to log in."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    kept: indexes of the blocks that are the article, in order; those of captions are marked as
    captions. has_article: whether they have sentences. by_library: whether the library was asked
    as well as the rules.
    """

    facts: facts.Facts
    blocks: list[Block]
    kept: list[int]
    has_article: bool
    by_library: bool


def examine(source: str, parsed: ParsedHtml) -> Page | None:
    """Find the article of a page; None for a fragment, which has no element that pages have.

    A page without an article keeps the blocks that the rules do not leave out, and all blocks
    if there is none. Takes time linear in the length of the source.
    """
    if not any(
        token.kind == "open" and token.name in _PAGE_ELEMENTS for token in checked(parsed.tokens)
    ):
        return None
    elements = tree.build(source, parsed.tokens)
    found = main_content.find(elements, parsed.blocks)
    release_list(elements)
    kept = found.kept or [
        i for i, block in enumerate(parsed.blocks) if block.kind is not BlockKind.PAGE_TITLE
    ]
    blocks = parsed.blocks
    for i in checked(found.captions):
        blocks[i] = replace(blocks[i], kind=BlockKind.CAPTION)
    least = (
        MIN_ARTICLE_WITH_LOGIN if _asks_for_password(source, parsed) else main_content.MIN_ARTICLE
    )
    return Page(
        facts=facts.find(source, parsed.tokens),
        blocks=blocks,
        kept=kept or list(range(len(blocks))),
        has_article=found.prose >= least,
        by_library=found.by_library,
    )


def _asks_for_password(source: str, parsed: ParsedHtml) -> bool:
    return any(
        token.name == "input" and _PASSWORD.search(source, token.start, token.end)
        for token in checked(parsed.tokens)
    )
