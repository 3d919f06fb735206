"""Source spans that are removed together with boilerplate blocks."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator, Sequence

from summsvc.articles.blocks import Block
from summsvc.articles.source_map import SourceMap
from summsvc.interruption import checked, checkpoint
from summsvc.types import MimeType, Span

_OPEN_TAG = re.compile(r"<([a-zA-Z][^\s/>]*)(?:\s[^<>]*)?>\s*")
_CLOSE_TAG = re.compile(r"\s{0,200}</([a-zA-Z][^\s/>]*)\s*>")
_ANY_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*+)[^<>]*+>")
_REST_OF_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+")
_INLINE_VOID_ELEMENTS = frozenset(("br", "wbr", "img", "hr", "input"))


def removed_spans(
    source: str, mime_type: MimeType, blocks: Sequence[Block], unwanted: Collection[int]
) -> tuple[Span, ...]:
    """The source spans to remove for the unwanted blocks, in order, without overlaps.

    unwanted: indexes into ``blocks``. Plain text: the block and the white space after it, or
    before it when it is the last block. Markdown: the block's lines, when they contain
    nothing else. HTML: the enclosing elements that contain nothing else. In all other cases
    only the visible characters are removed, so that markup stays balanced.
    """
    spans: list[Span] = []
    for i in checked(sorted(unwanted)):
        if mime_type is MimeType.PLAIN:
            spans.append(_with_white_space(source, blocks, i, unwanted, spans))
            continue
        find = _whole_lines if mime_type is MimeType.MARKDOWN else _whole_elements
        low = max(blocks[i - 1].span.end if i else 0, spans[-1].end if spans else 0)
        high = blocks[i + 1].span.start if i + 1 < len(blocks) else len(source)
        enclosing = find(source, blocks[i].span, low, high)
        spans += [enclosing] if enclosing else _visible_runs(blocks[i].source_map)
    return tuple(spans)


def _with_white_space(
    source: str,
    blocks: Sequence[Block],
    i: int,
    unwanted: Collection[int],
    spans: Sequence[Span],
) -> Span:
    start, end = _line_start(source, blocks[i].span.start), blocks[i].span.end
    if i + 1 < len(blocks):
        return Span(start, _line_start(source, blocks[i + 1].span.start))
    before = blocks[i - 1].span.end if i and i - 1 not in unwanted else start
    return Span(max(before, spans[-1].end if spans else 0), end)


def _line_start(source: str, at: int) -> int:
    line = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]*\Z").search(source, max(0, at - 200), at)
    return line.start() if line else at


def _whole_lines(source: str, block: Span, low: int, high: int) -> Span | None:
    """The block's lines, with the blank lines after them when a blank line precedes them."""
    start = _line_start(source, block.start)
    rest = _REST_OF_LINE.match(source, block.end)
    assert rest is not None
    end = rest.end()
    if source.endswith(("\n\n", "\r\n\r\n"), 0, start) or not start:
        blank = _BLANK_LINES.match(source, end)
        end = blank.end() if blank else end
    return Span(start, end) if low <= start and end <= high else None


def _whole_elements(source: str, block: Span, low: int, high: int) -> Span | None:
    """The outermost elements that contain only this block; None when there are none."""
    start, end = block.start, block.end
    unopened, unclosed = _unpaired_tags(source[start:end])
    while True:
        checkpoint()
        opening = source.rfind("<", low, start)
        open_tag = _OPEN_TAG.fullmatch(source, opening, start) if opening >= 0 else None
        close_tag = _CLOSE_TAG.match(source, end, high)
        if unopened:
            if not open_tag or open_tag[1].lower() != unopened.popleft():
                return None
            start = open_tag.start()
        elif unclosed:
            if not close_tag or close_tag[1].lower() != unclosed.pop():
                return None
            end = close_tag.end()
        elif open_tag and close_tag and open_tag[1].lower() == close_tag[1].lower():
            start, end = open_tag.start(), close_tag.end()
        else:
            break
    before, after = source[low:start].rstrip()[-1:], source[end : high + 1].lstrip()[:1]
    touches_text = before not in ("", ">") or after not in ("", "<")
    return Span(start, end) if start < block.start and not touches_text else None


def _unpaired_tags(source: str) -> tuple[deque[str], list[str]]:
    """Names of end tags without a start tag, and of start tags without an end tag."""
    unopened: deque[str] = deque()
    unclosed: list[str] = []
    for close, name in (match.groups() for match in checked(_ANY_TAG.finditer(source))):
        if not close and name.lower() not in _INLINE_VOID_ELEMENTS:
            unclosed.append(name.lower())
        elif close and unclosed and unclosed[-1] == name.lower():
            unclosed.pop()
        elif close:
            unopened.append(name.lower())
    return unopened, unclosed


def _visible_runs(source_map: SourceMap) -> Iterator[Span]:
    start, end = source_map.starts[0], source_map.ends[0]
    for next_start, next_end in checked(zip(source_map.starts, source_map.ends, strict=True)):
        if next_start > end:
            yield Span(start, end)
            start = next_start
        end = next_end
    yield Span(start, end)
