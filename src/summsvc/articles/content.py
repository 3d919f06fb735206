"""The blocks of a body that are its article; for a web page, without the rest of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from summsvc.articles.blocks import Block, release_list
from summsvc.articles.formats import html, markdown, plain
from summsvc.articles.pages import page as pages
from summsvc.interruption import checked
from summsvc.types import Article, Field, MimeType, Page, PageExtraction, Span, Warning, WarningType

_PARSERS = {MimeType.PLAIN: plain.parse, MimeType.MARKDOWN: markdown.parse}


@dataclass(frozen=True, slots=True)
class Content:
    """The blocks of a body.

    blocks: all blocks, in order. article: indexes of those that are the article. page: the body
    as a page, None if it is not one. warnings: about what is not part of the article.
    """

    blocks: list[Block]
    article: list[int]
    page: Page | None = None
    warnings: tuple[Warning, ...] = ()


def parse(article: Article, *, keep_boilerplate: bool) -> Content:
    """Parse the body of an article; of a page, only its article unless boilerplate is kept."""
    if article.mime_type is not MimeType.HTML:
        blocks = _PARSERS[article.mime_type](article.body)
        return Content(blocks, list(range(len(blocks))))
    parsed = html.read(article.body)
    found = pages.examine(article.body, parsed)
    release_list(parsed.tokens)
    hidden = _hidden_warning(parsed.hidden)
    every = list(range(len(parsed.blocks)))
    if found is None:
        return Content(parsed.blocks, every, warnings=hidden)
    kept = every if keep_boilerplate else found.kept
    way = PageExtraction.LIBRARY if found.by_library else PageExtraction.RULES
    furniture = sorted(set(every).difference(kept))
    page = Page(
        title=found.facts.title,
        language_code=found.facts.language,
        byline=found.facts.byline,
        published=found.facts.published,
        extraction=PageExtraction.WHOLE if keep_boilerplate else way,
        furniture_blocks=len(furniture),
        furniture_code_points=sum(
            len(parsed.blocks[i].source_map.text) for i in checked(furniture)
        ),
        furniture=tuple(_joined_spans(parsed.blocks, furniture)),
    )
    warnings = [*_furniture_warning(page), *hidden]
    if not keep_boilerplate and not found.has_article:
        message = "the page has no article, only headlines, links or a request to log in"
        warnings.insert(0, Warning(WarningType.PAGE_WITHOUT_ARTICLE, message, Field.BODY))
    return Content(parsed.blocks, kept, page, tuple(warnings))


def _joined_spans(blocks: Sequence[Block], indexes: Sequence[int]) -> Iterator[Span]:
    """One span for each run of neighbours among the indexed blocks."""
    first = last = -1
    for i in checked(indexes):
        if i != last + 1 or first < 0:
            if first >= 0:
                yield Span(blocks[first].span.start, blocks[last].span.end)
            first = i
        last = i
    if first >= 0:
        yield Span(blocks[first].span.start, blocks[last].span.end)


def _furniture_warning(page: Page) -> tuple[Warning, ...]:
    if not page.furniture_blocks:
        return ()
    message = (
        f"left out {page.furniture_blocks} blocks of the page around its article "
        f"({page.furniture_code_points} code points), such as menus, teasers and notices"
    )
    return (Warning(WarningType.PAGE_FURNITURE_REMOVED, message, Field.BODY),)


def _hidden_warning(hidden: Sequence[Span]) -> tuple[Warning, ...]:
    if not hidden:
        return ()
    message = f"left out the text of {len(hidden)} elements that the page does not show"
    return (Warning(WarningType.PAGE_FURNITURE_REMOVED, message, Field.BODY),)
