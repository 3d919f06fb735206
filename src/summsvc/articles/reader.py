"""From an article as sent to a document: the one place where reading is composed."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

from summsvc.articles import boilerplate, language, sentences
from summsvc.articles.characters import continues
from summsvc.articles.document import Document, InlineMark, Segment, SegmentKind
from summsvc.articles.formats import html, markdown, plain
from summsvc.articles.removal import removed_spans
from summsvc.articles.source_map import (
    STEP,
    Block,
    BlockKind,
    SourceMap,
    let_go,
    let_go_of_blocks,
    says_something,
)
from summsvc.errors import EmptyArticleError, InvalidFieldError, TextTooLongError
from summsvc.interruption import checked, checkpoint
from summsvc.types import Article, Field, MimeType, Span, Warning, WarningType

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_SPACES = re.compile(r"\s{2,}|[^\S \u00a0\u2007\u202f]")
"""White space that becomes one space; a single no-break space stays."""

_NOT_SPACE = re.compile(r"\S")

_READERS = {
    MimeType.PLAIN: plain.blocks,
    MimeType.HTML: html.blocks,
    MimeType.MARKDOWN: markdown.blocks,
}
_TERMINATORS = ".!?…。！？‽"
_CLOSERS = "\"'”’»›)]}“"

MAX_HEADING_CODE_POINTS = 200

LONGEST = 60_000
"""Code points after which a sentence is cut all the same, where a word ends if one does in
the last tenth of them. Nobody writes such; without a bound a megabyte without a full stop is
one segment, and every look at it holds the interpreter's lock for as long as it takes."""


def read(
    article: Article,
    *,
    keep_boilerplate: bool = False,
    max_title: int = 2_000,
    max_body: int = 1_000_000,
) -> Document:
    """Read an article.

    max_title, max_body: limits in code points. Raises TextTooLongError,
    InvalidFieldError for control characters, EmptyArticleError, and the errors
    of ``language.identify``. Takes time linear in the article's length.
    """
    _check(Field.TITLE, article.title, max_title)
    _check(Field.BODY, article.body, max_body)
    title = _title_blocks(article.title)
    body = _READERS[article.mime_type](article.body)
    if not title and not body:
        raise EmptyArticleError(
            "the article has no letter or digit in its title or body", field="article.body"
        )
    noise = [] if keep_boilerplate else boilerplate.find(body, article.title)
    unwanted = {each.block for each in noise}
    kept = [block for i, block in enumerate(body) if i not in unwanted]
    removed = removed_spans(article.body, article.mime_type, body, unwanted)
    found, warnings = language.identify(_sample(title + kept), article.language)
    segments = tuple(_segments(article.body, kept, Field.BODY, found.code, titled=bool(title)))
    title_segments = tuple(_segments(article.title, title, Field.TITLE, found.code, titled=False))
    document = Document(
        article=article,
        language=found,
        title=title_segments,
        body=segments,
        title_separators=_separators(article.title, title_segments, ()),
        body_separators=_separators(article.body, segments, removed),
        removed=removed,
        warnings=tuple(_removal_warning(body[each.block], each.what) for each in noise) + warnings,
    )
    let_go(kept)
    let_go_of_blocks(body)
    return document


def warm_up() -> None:
    """Load what the first reading would load: word lists and language data."""
    for mime_type in MimeType:
        read(Article("The first heading", "The first sentence. The second.", "", mime_type))


def _check(field: Field, text: str, limit: int) -> None:
    name = f"article.{field.value}"
    if len(text) > limit:
        raise TextTooLongError(
            f"{name} has {len(text)} code points; at most {limit} are accepted",
            field=name,
            metadata={"limit": str(limit), "length": str(len(text))},
        )
    found = (_FORBIDDEN.search(text, at, at + STEP) for at in checked(range(0, len(text), STEP)))
    if match := next(filter(None, found), None):
        raise InvalidFieldError(
            f"{name} has the control character U+{ord(match[0]):04X} at code point {match.start()}",
            field=name,
            metadata={"offset": str(match.start())},
        )


def _title_blocks(title: str) -> list[Block]:
    if not says_something(title):
        return []
    start, end = len(title) - len(title.lstrip()), len(title.rstrip())
    return [Block(SourceMap.plain(title, start, end), BlockKind.HEADING)]


def _sample(blocks: Sequence[Block]) -> str:
    """Enough text to identify the language by."""
    parts: list[str] = []
    length = 0
    for block in blocks:
        if length >= language.SAMPLE_CODE_POINTS:
            break
        parts.append(block.source_map.text[: language.SAMPLE_CODE_POINTS])
        length += len(parts[-1])
    return "\n".join(parts)


def _segments(
    source: str, blocks: Sequence[Block], field: Field, code: str, *, titled: bool
) -> Iterator[Segment]:
    for number, block in enumerate(blocks):
        checkpoint()
        source_map = block.source_map
        spans = [
            part
            for whole in sentences.split(source_map.text, code)
            for part in _bounded(source_map, *whole)
        ]
        follows_text = number + 1 < len(blocks)
        for begin, end in checked(spans):
            kind = _kind(block, source_map.text[begin:end], len(spans), follows_text)
            if kind is SegmentKind.FRAGMENT and number == 0 and not titled and follows_text:
                kind = SegmentKind.HEADING
            text, marks = _shown(source, source_map, begin, end)
            yield Segment(text, source_map.span(begin, end), field, kind, number, marks)


def _bounded(source_map: SourceMap, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence as one span, or as several when too long; parts that say nothing left out."""
    if end - begin <= LONGEST:
        yield begin, end
        return
    while end - begin > LONGEST:
        most = begin + LONGEST
        cut = source_map.text.rfind(" ", most - LONGEST // 10, most) + 1 or _cut_in_word(
            source_map, most
        )
        part = source_map.text[begin:cut].rstrip()
        if says_something(part):
            yield begin, begin + len(part)
        following = _NOT_SPACE.search(source_map.text, cut, end)
        assert following is not None
        begin = following.start()
    if says_something(source_map.text[begin:end]):
        yield begin, end


def _cut_in_word(source_map: SourceMap, most: int) -> int:
    """The last place up to ``most`` that is between two characters.

    Never within what one character reference shows; before a mark that belongs to the
    character before it only when there are too many of those.
    """
    near = range(most, most - 32, -1)
    between = [at for at in near if source_map.ends[at - 1] <= source_map.starts[at]]
    free = (at for at in between if not continues(source_map.text[at - 1], source_map.text[at]))
    return next(free, between[0])


def _kind(block: Block, text: str, count: int, follows_text: bool) -> SegmentKind:
    if block.kind in (BlockKind.HEADING, BlockKind.PAGE_TITLE):
        return SegmentKind.HEADING
    if text.rstrip(_CLOSERS)[-1:] in _TERMINATORS:
        return SegmentKind.SENTENCE
    if block.kind is BlockKind.ITEM or not follows_text or text.endswith((":", ",", ";")):
        return SegmentKind.FRAGMENT
    if count == 1 and len(text) <= MAX_HEADING_CODE_POINTS and len(text.split()) > 1:
        return SegmentKind.HEADING
    return SegmentKind.FRAGMENT


def _shown(
    source: str, source_map: SourceMap, begin: int, end: int
) -> tuple[str, tuple[InlineMark, ...]]:
    """The text of visible [begin, end) with white space folded, and the marks inside it.

    White space after a mark that stands after white space goes along with the
    mark, so that "use `x` now" comes back as it was.
    """
    first = bisect.bisect_right(source_map.marks, begin, key=lambda mark: mark.at)
    last = bisect.bisect_left(source_map.marks, end, key=lambda mark: mark.at)
    pieces: list[str] = []
    length = 0
    after_space = False
    marks: list[InlineMark] = []
    stops = [*((mark.at, mark) for mark in source_map.marks[first:last]), (end, None)]
    for stop, mark in checked(stops):
        piece = _SPACES.sub(" ", source_map.text[begin:stop])
        begin = stop
        if after_space and piece[:1].isspace():
            marks[-1] = InlineMark(length, marks[-1].source + piece[0])
            piece = piece[1:]
        pieces.append(piece)
        length += len(piece)
        after_space = piece[-1].isspace() if piece else after_space
        if mark:
            marks.append(InlineMark(length, source[mark.start : mark.end]))
    return "".join(pieces), tuple(marks)


def _separators(
    source: str, segments: Sequence[Segment], removed: Sequence[Span]
) -> tuple[str, ...]:
    """The source between segments, less what was removed."""
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
    text = block.text
    shown = text if len(text) <= 80 else text[:79] + "…"
    return Warning(
        WarningType.BOILERPLATE_REMOVED,
        f"left out {what}: “{shown}”",
        Field.BODY,
        block.span,
    )
