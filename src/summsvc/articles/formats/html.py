"""Blocks of HTML, every visible character with its place in the source.

The standard library's parser takes time quadratic in the length of malformed
input, html5lib and lxml give no positions within a line, and tree-sitter gives
bytes and no recovery as browsers do it. So tags are found here by possessive
patterns in one pass, after the tokenizer of the HTML standard
(https://html.spec.whatwg.org/multipage/parsing.html#tokenization).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from summsvc.articles.source_map import Block, BlockBuilder, BlockKind, let_go
from summsvc.interruption import checked, checkpoint

_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*+)"
    r"(?P<attrs>(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')|=)*+)>"
)
_TAG_UNQUOTED = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attrs>[^>]*+)>")
_COMMENT_END = re.compile(r"--!?>")
_TEXT = re.compile(r"[^<&]++")
_REFERENCE = re.compile(r"&(?:#\d{1,9}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});?")
_NO_TRANSLATE = re.compile(
    r"""\btranslate\s*=\s*["']?no\b|\bclass\s*=\s*(?:"[^"]*\bnotranslate\b|'[^']*\bnotranslate\b)""",
    re.IGNORECASE,
)

_RAW = frozenset("script style textarea xmp iframe noembed noframes".split())
_OPAQUE = _RAW | frozenset("pre code kbd samp tt noscript svg math template select".split())
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_ITEMS = frozenset("li dt dd caption figcaption th td option summary legend button label".split())
_BLOCKS = (
    _HEADINGS
    | _ITEMS
    | frozenset(
        "html head title body address article aside blockquote center details dialog dir div dl "
        "fieldset figure footer form header hgroup hr main menu nav ol p pre section table tbody "
        "tfoot thead tr ul object video audio canvas xmp".split()
    )
)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_WHOLE_PAGE = frozenset(("html", "body"))


class _Token(NamedTuple):
    """A piece of source [start, end); opaque: a start tag whose element is left alone."""

    kind: Literal["text", "open", "close", "other"]
    start: int
    end: int
    name: str = ""
    opaque: bool = False


def _tokens(source: str) -> Iterator[_Token]:
    """Divide the source; every character is in exactly one token."""
    at, end = 0, len(source)
    last_tag_end = source.rfind(">")
    tag_pattern = _TAG
    while at < end:
        text = _TEXT.match(source, at) or _REFERENCE.match(source, at)
        if text:
            yield _Token("text", at, text.end())
            at = text.end()
            continue
        following = source[at + 1 : at + 3]
        tag = None
        if source[at] == "&" or at > last_tag_end:
            stop = end if source.startswith("<!--", at) else at + 1
            yield _Token("other" if stop > at + 1 else "text", at, stop)
        elif following[:1] in ("!", "?") or (following[:1] == "/" and not following[1:].isalpha()):
            stop = _declaration_end(source, at)
            yield _Token("other", at, stop)
        elif following.lstrip("/")[:1].isalpha() and (
            tag := tag_pattern.match(source, at) or _TAG_UNQUOTED.match(source, at)
        ):
            if tag.re is not tag_pattern:
                # A quote never closes. Trying again at each tag would take quadratic time.
                tag_pattern = _TAG_UNQUOTED
            stop = tag.end()
            yield _tag_token(tag)
        else:
            stop = at + 1
            yield _Token("text", at, stop)
        at = stop
        if tag and not tag["close"] and tag["name"].lower() in _RAW:
            closing = re.compile(rf"</{tag['name']}(?=[\s/>])", re.IGNORECASE).search(source, at)
            stop = closing.start() if closing else end
            if stop > at:
                yield _Token("other", at, stop)
            at = stop


def _tag_token(tag: re.Match[str]) -> _Token:
    name = tag["name"].lower()
    if tag["close"]:
        return _Token("close", tag.start(), tag.end(), name)
    marked = name not in _WHOLE_PAGE and _NO_TRANSLATE.search(tag["attrs"]) is not None
    encloses = name not in _VOID and not tag["attrs"].endswith("/")
    return _Token("open", tag.start(), tag.end(), name, encloses and (marked or name in _OPAQUE))


def _declaration_end(source: str, start: int) -> int:
    """End of the comment, doctype or nonsense tag that starts with ``<``."""
    if source.startswith("<!--", start):
        closing = _COMMENT_END.search(source, start + 2)
        return closing.end() if closing else len(source)
    return source.index(">", start) + 1


def _element_ends(tokens: list[_Token]) -> dict[int, int]:
    """For each start tag of an opaque element the number of the token that ends it.

    That is its end tag; without one, the tag before which a block must end, as
    the end tags of p, li, td may be left out; raw text runs to the end of the
    article. Elements of a line that never end have none.
    """
    ends: dict[int, int] = {}
    open_tags: dict[str, list[int]] = {}
    for i, token in enumerate(checked(tokens)):
        if token.kind == "open" and token.name not in _VOID:
            open_tags.setdefault(token.name, []).append(i)
        elif token.kind == "close" and open_tags.get(token.name):
            ends[open_tags[token.name].pop()] = i
    next_block = len(tokens)
    for i in checked(range(len(tokens) - 1, -1, -1)):
        token = tokens[i]
        if token.opaque and i not in ends:
            if token.name in _RAW:
                ends[i] = len(tokens) - 1
            elif token.name in _BLOCKS:
                ends[i] = next_block - 1
        if token.name in _BLOCKS:
            next_block = i
    return {i: end for i, end in ends.items() if tokens[i].opaque}


class _Reader:
    """Turns tokens into blocks; knows which heading or item is open."""

    def __init__(self, source: str) -> None:
        self.builder = BlockBuilder()
        self._source = source
        self._open: list[tuple[str, BlockKind]] = []

    def read(self) -> None:
        tokens = list(checked(_tokens(self._source)))
        ends = _element_ends(tokens)
        i = 0
        while i < len(tokens):
            checkpoint()
            token = tokens[i]
            if i in ends:
                i = ends[i]
                self._markup(token.name, token.start, tokens[i].end)
            elif token.kind == "text":
                shown = html.unescape(self._source[token.start : token.end])
                if shown:
                    self.builder.visible(shown, token.start, token.end)
                else:
                    self.builder.mark(token.start, token.end)
            elif token.name == "br":
                self.builder.line_break(token.start, token.end, self._kind)
            else:
                self._markup(token.name, token.start, token.end)
                self._nest(token)
            i += 1
        self.builder.end_block(self._kind)
        let_go(tokens)

    @property
    def _kind(self) -> BlockKind:
        return self._open[-1][1] if self._open else BlockKind.PARAGRAPH

    def _markup(self, name: str, start: int, end: int) -> None:
        if name in _BLOCKS:
            self.builder.end_block(self._kind)
        else:
            self.builder.mark(start, end)

    def _nest(self, token: _Token) -> None:
        kind = _kind_of(token.name)
        if kind is None or token.kind == "other":
            return
        if token.kind == "open":
            self._open.append((token.name, kind))
        elif any(name == token.name for name, _ in self._open[-32:]):
            while self._open.pop()[0] != token.name:
                pass


def _kind_of(name: str) -> BlockKind | None:
    if name in _HEADINGS:
        return BlockKind.HEADING
    if name == "title":
        return BlockKind.PAGE_TITLE
    return BlockKind.ITEM if name in _ITEMS else None


def blocks(source: str) -> list[Block]:
    """Divide HTML into blocks, in order, those without visible text left out.

    The content of script, style, pre, code and of elements marked
    ``translate="no"`` is markup: never visible, kept as it is. (On ``html`` and
    ``body`` that mark only tells browsers not to offer a translation.) A
    ``br`` ends a block unless a sentence goes on over it.
    """
    reader = _Reader(source)
    reader.read()
    return reader.builder.blocks
