"""Blocks of HTML, every visible character with its place in the source.

The standard library's parser takes time quadratic in the length of malformed
input and html5lib and lxml report no positions within a line, so tags are found
here by one pass of a pattern without backtracking; names and character
references follow the HTML standard (https://html.spec.whatwg.org/#syntax).
"""

from __future__ import annotations

import html
import re

from summsvc.articles.view import Block, BlockBuilder, BlockKind

_TOKEN = re.compile(
    r"(?P<comment><!--(?>(?:[^-]|-(?!->))*)(?:-->|\Z)|<[!?][^>]{0,10000}>)"
    r"|<(?P<close>/?)(?P<name>[a-zA-Z](?>[^\s/>]{0,100}))"
    r"(?P<attrs>(?>(?:[^<>\"']|\"[^\"<>]{0,8000}\"|'[^'<>]{0,8000}'){0,2000}))>"
    r"|(?P<ref>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?)"
    r"|(?P<text>[^<&]+|[<&])"
)
_NO_TRANSLATE = re.compile(
    r"""\btranslate\s*=\s*["']?no\b|\bclass\s*=\s*["'][^"']*\bnotranslate\b"""
)

_OPAQUE = frozenset(
    "script style pre code head template noscript svg math textarea select kbd samp var".split()
)
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_ITEMS = frozenset("li dt dd caption figcaption th td option summary legend".split())
_BLOCKS = (
    _HEADINGS
    | _ITEMS
    | frozenset(
        "address article aside blockquote body center details dialog dir div dl fieldset figure "
        "footer form header hgroup hr html main menu nav ol p section table tbody tfoot thead tr "
        "ul br iframe object video audio canvas".split()
    )
)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


class _HtmlBlocks(BlockBuilder):
    """Knows which element the block being built belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, BlockKind]] = []

    def open(self, name: str) -> None:
        self.end()
        if name in _HEADINGS:
            self._open.append((name, BlockKind.HEADING))
        elif name in _ITEMS:
            self._open.append((name, BlockKind.ITEM))

    def close(self, name: str) -> None:
        self.end()
        if any(open_name == name for open_name, _ in self._open[-32:]):
            while self._open and self._open.pop()[0] != name:
                pass

    def end(self) -> None:
        self.end_block(self._open[-1][1] if self._open else BlockKind.PARAGRAPH)


def blocks(source: str) -> list[Block]:
    """Divide HTML into blocks, in order, those without visible text left out.

    The content of script, style, pre, code and of elements marked
    ``translate="no"`` is markup: never visible, kept as it is.
    """
    builder = _HtmlBlocks()
    at = 0
    while match := _TOKEN.match(source, at):
        start, at = match.span()
        name = (match["name"] or "").lower()
        if match["text"]:
            builder.visible(match["text"], start, at)
        elif match["ref"]:
            builder.visible(html.unescape(match["ref"]), start, at)
        elif not name:
            builder.mark(start, at)
        elif match["close"]:
            if name in _BLOCKS:
                builder.close(name)
            else:
                builder.mark(start, at)
        else:
            opaque = name in _OPAQUE or _NO_TRANSLATE.search(match["attrs"]) is not None
            if opaque and name not in _VOID and not match["attrs"].endswith("/"):
                at = _element_end(source, name, at)
            if name in _BLOCKS and not opaque:
                builder.open(name)
            elif name in _BLOCKS or name in ("pre", "script", "style", "head"):
                builder.end()
            else:
                builder.mark(start, at)
    builder.end()
    return builder.blocks


def _element_end(source: str, name: str, at: int) -> int:
    """End of the element whose start tag ends at ``at``; the text's end when unclosed."""
    depth = 1
    tag = re.compile(rf"<(/?){re.escape(name)}(?=[\s/>])[^>]{{0,10000}}>", re.IGNORECASE)
    for match in tag.finditer(source, at):
        depth += -1 if match[1] else 1
        if depth == 0 or name in ("script", "style"):
            return match.end()
    return len(source)
