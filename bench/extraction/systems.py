"""The systems under comparison: each returns the text of the article of a page."""

from __future__ import annotations

import logging
from collections.abc import Callable

from summsvc.articles import boilerplate
from summsvc.articles.blocks import release_blocks
from summsvc.articles.content import parse
from summsvc.articles.formats import html
from summsvc.types import Article, MimeType

System = Callable[[str], str]


def summsvc(source: str) -> str:
    """This service: the blocks of the article without boilerplate lines."""
    content = parse(Article("", source, "", MimeType.HTML), keep_boilerplate=False)
    blocks = [content.blocks[i] for i in content.article]
    noise = {each.block for each in boilerplate.find(blocks, "").noise}
    text = "\n".join(block.text for i, block in enumerate(blocks) if i not in noise)
    release_blocks(content.blocks)
    return text


def visible(source: str) -> str:
    """All visible text, as a baseline."""
    return "\n".join(block.text for block in html.parse(source))


def resiliparse(source: str) -> str:
    """Resiliparse with main_content (https://resiliparse.chatnoir.eu)."""
    from resiliparse.extract.html2text import extract_plain_text

    return extract_plain_text(
        source, main_content=True, alt_texts=False, links=False, comments=False
    )


def trafilatura(source: str) -> str:
    """Trafilatura with its fallbacks, without comments (https://trafilatura.readthedocs.io)."""
    from trafilatura import extract

    logging.disable(logging.CRITICAL)
    return extract(source, include_comments=False) or ""


def readability(source: str) -> str:
    """readability-lxml, and this service's parser for the text of its HTML."""
    from readability import Document

    logging.disable(logging.CRITICAL)
    return visible(Document(source).summary())


SYSTEMS: dict[str, System] = {
    "summsvc": summsvc,
    "visible text": visible,
    "resiliparse": resiliparse,
    "trafilatura": trafilatura,
    "readability-lxml": readability,
}
