"""Article reader: validation, format parsing, boilerplate removal, language, segmentation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from summsvc.articles import (
    boilerplate,
    content,
    encoding,
    language,
    language_parts,
    page_language,
    repair,
)
from summsvc.articles.blocks import Block, BlockKind, release_blocks, release_list
from summsvc.articles.characters import SCAN_CHUNK, has_alphanumeric
from summsvc.articles.document import Document, Segment
from summsvc.articles.formats import html_tokens
from summsvc.articles.removal import removed_spans
from summsvc.articles.segmentation import segment_blocks
from summsvc.articles.source_map import SourceMap
from summsvc.errors import EmptyArticleError, InvalidFieldError, TextTooLongError
from summsvc.interruption import checked
from summsvc.types import Article, Field, MimeType, PageExtraction, Span, Warning, WarningType

_ONLY_NOISE_WARNING = Warning(
    WarningType.PAGE_WITHOUT_ARTICLE,
    "every line looks like boilerplate; none was left out",
    Field.BODY,
)
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff]")


def read(
    article: Article,
    *,
    keep_boilerplate: bool = False,
    max_title: int = 2_000,
    max_body: int = 1_000_000,
) -> Document:
    """Parse an article into a document, in time linear in the article's length.

    keep_boilerplate: keep blocks that would be removed as boilerplate. max_title, max_body:
    limits in code points; those of an HTML body are counted by ``html_tokens.counted_length``.

    Raises TextTooLongError when a field is over its limit, InvalidFieldError for control
    characters, EmptyArticleError when neither field has a letter or digit, and the errors of
    ``language.identify``. Of an HTML body that is a whole page, only the article is read; the
    title of the page is the title of an article that has none. A text that was certainly decoded
    or escaped wrongly is read as it is after ``repair``; places are those of the text as sent.
    """
    _validate_text(Field.TITLE, article.title, max_title)
    _validate_text(Field.BODY, article.body, max_body, article.mime_type)
    repaired = repair.repair(article)
    article = repaired.article
    body = content.parse(article, keep_boilerplate=keep_boilerplate)
    code = [body.blocks[i] for i in body.article if body.blocks[i].kind is BlockKind.CODE]
    prose = [i for i in checked(body.article) if body.blocks[i].kind is not BlockKind.CODE]
    parts = [body.blocks[i] for i in prose]
    found_noise = boilerplate.find([] if keep_boilerplate else parts, article.title)
    noise = found_noise.noise
    unwanted = {prose[each.block] for each in noise}
    kept = [body.blocks[i] for i in prose if i not in unwanted]
    removed = removed_spans(article.body, article.mime_type, body.blocks, unwanted)
    page = body.page
    if page and page.extraction is not PageExtraction.WHOLE and not article.title.strip():
        article = replace(article, title=page.title)
    title = _title_blocks(article.title)
    if not title and not kept:
        raise EmptyArticleError(
            "the article has no letter or digit in its title or body", field="article.body"
        )
    found, warnings = page_language.identify(
        language_parts.main_text(language.sample(block.source_map.text for block in title + kept)),
        article.language,
        page.language_code if page else "",
    )
    segments = tuple(segment_blocks(article.body, kept, Field.BODY, found.code, titled=bool(title)))
    title_segments = tuple(
        segment_blocks(article.title, title, Field.TITLE, found.code, titled=False)
    )
    others = language_parts.find(title_segments + segments, found.code)
    document = Document(
        article=article,
        language=language_parts.less_certain(found, others),
        title=title_segments,
        body=segments,
        title_separators=_separators(article.title, title_segments, ()),
        body_separators=_separators(article.body, segments, removed),
        removed=removed,
        warnings=(
            *body.warnings,
            *([_ONLY_NOISE_WARNING] if found_noise.only_noise else ()),
            *(_removal_warning(parts[each.block], each.what) for each in noise),
            *_code_warning(code),
            *warnings,
            *language_parts.warnings(others, found.code),
        ),
        page=page,
        parts=tuple(others),
    )
    release_list(kept)
    release_list(parts)
    release_blocks(body.blocks)
    return repaired.placed(document)


def warm_up() -> None:
    """Load everything that the first call of ``read`` would load: word lists, language data."""
    for mime_type in MimeType:
        read(Article("The first heading", "The first sentence. The second.", "", mime_type))


def _validate_text(
    field: Field, text: str, limit: int, mime_type: MimeType = MimeType.PLAIN
) -> None:
    """Raise TextTooLongError or InvalidFieldError unless a field is short and clean enough."""
    name = f"article.{field.value}"
    length, what = len(text), "code points"
    if length > limit and mime_type is MimeType.HTML:
        length, what = html_tokens.counted_length(text), "code points of text and tags"
    if length > limit:
        raise TextTooLongError(
            f"{name} has {length} {what}; at most {limit} are accepted",
            field=name,
            metadata={"limit": str(limit), "length": str(length)},
        )
    if binary := encoding.binary_format(text):
        raise InvalidFieldError(
            f"{name} looks like {binary}; send the text that it contains",
            field=name,
            metadata={"offset": "0"},
        )
    found = (
        _FORBIDDEN.search(text, at, at + SCAN_CHUNK)
        for at in checked(range(0, len(text), SCAN_CHUNK))
    )
    if match := next(filter(None, found), None):
        raise InvalidFieldError(
            f"{name} has the control character U+{ord(match[0]):04X} at code point {match.start()}",
            field=name,
            metadata={"offset": str(match.start())},
        )


def _title_blocks(title: str) -> list[Block]:
    if not has_alphanumeric(title):
        return []
    start, end = len(title) - len(title.lstrip()), len(title.rstrip())
    return [Block(SourceMap.plain(title, start, end), BlockKind.HEADING)]


def _separators(
    source: str, segments: Sequence[Segment], removed: Sequence[Span]
) -> tuple[str, ...]:
    """The source text around segments, without the removed spans."""
    bounds = [0]
    for segment in checked(segments):
        bounds += [segment.span.start, segment.span.end]
    bounds.append(len(source))
    separators: list[str] = []
    pending = list(reversed(removed))
    for start, end in checked(zip(bounds[::2], bounds[1::2], strict=True)):
        kept: list[str] = []
        while pending and pending[-1].start < end:
            span = pending.pop()
            kept.append(source[start : span.start])
            start = span.end
        separators.append("".join([*kept, source[start:end]]))
    return tuple(separators)


def _removal_warning(block: Block, what: str) -> Warning:
    return Warning(
        WarningType.BOILERPLATE_REMOVED,
        f"left out {what}: “{_beginning(block)}”",
        Field.BODY,
        block.span,
    )


def _code_warning(code: Sequence[Block]) -> list[Warning]:
    """One warning about all blocks of code."""
    if not code:
        return []
    what = "a block of code" if len(code) == 1 else f"{len(code)} blocks of code, the first"
    message = f"left out {what}: “{_beginning(code[0])}”"
    return [Warning(WarningType.CODE_REMOVED, message, Field.BODY, code[0].span)]


def _beginning(block: Block) -> str:
    text = " ".join(block.source_map.text[:SCAN_CHUNK].split())
    return text if len(text) <= 80 else text[:79] + "…"
