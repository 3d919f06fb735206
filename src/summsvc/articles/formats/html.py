"""HTML parser: blocks of visible text with the source offset of every character.

Existing parsers do not fit. The standard library's parser takes time quadratic in the length
of malformed input, html5lib and lxml give no positions within a line, and tree-sitter gives
byte offsets and does not recover from errors as browsers do. This parser finds tags with
possessive patterns in one pass and follows the tokenizer of the HTML standard
(https://html.spec.whatwg.org/multipage/parsing.html#tokenization).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from summsvc.articles.blocks import Block, BlockBuilder, BlockKind, release_list
from summsvc.articles.formats.inline_elements import (
    ANNOTATION_ELEMENTS,
    KEPT_ELEMENTS,
    MAX_NOTE,
    NO_TRANSLATE,
    RUBY_ELEMENTS,
    Quotations,
    is_note_number,
)
from summsvc.articles.formats.preformatted import divide, is_marked_as_code
from summsvc.interruption import checked, checkpoint

_QUOTED_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*+)"
    r"(?P<attrs>(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')|=)*+)>"
)
_UNQUOTED_TAG = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attrs>[^>]*+)>")
_COMMENT_END = re.compile(r"--!?>")
_TEXT_RUN = re.compile(r"[^<&]++")
_CHARACTER_REFERENCE = re.compile(
    r"&(?:#\d{1,9}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});?"
)
_RAW_TEXT_ELEMENTS = frozenset("script style textarea xmp iframe noembed noframes".split())
_OPAQUE_ELEMENTS = (
    _RAW_TEXT_ELEMENTS
    | frozenset("noscript svg math template select".split())
    | ANNOTATION_ELEMENTS
)
_HEADING_ELEMENTS = frozenset("h1 h2 h3 h4 h5 h6".split())
_ITEM_ELEMENTS = frozenset(
    "li dt dd caption figcaption th td option summary legend button label".split()
)
_BLOCK_ELEMENTS = (
    _HEADING_ELEMENTS
    | _ITEM_ELEMENTS
    | frozenset(
        "html head title body address article aside blockquote center details dialog dir div dl "
        "fieldset figure footer form header hgroup hr main menu nav ol p pre section table tbody "
        "tfoot thead tr ul object video audio canvas xmp".split()
    )
)
_VOID_ELEMENTS = frozenset("area base br col embed hr img input link meta source track wbr".split())
_PAGE_ELEMENTS = frozenset(("html", "body"))


_Content = Literal["parsed", "opaque", "kept", "preformatted", "raised"]
"""How the content of an element is read. opaque: not at all. kept: as text that translations
keep as it is. preformatted: with its lines. raised: as text unless it is the number of a note."""


class _HtmlToken(NamedTuple):
    """A range of source [start, end). content: of the element that a start tag begins."""

    kind: Literal["text", "open", "close", "other"]
    start: int
    end: int
    name: str = ""
    content: _Content = "parsed"


def _tokenize(source: str) -> Iterator[_HtmlToken]:
    """Yield tokens that cover the source; every character is in exactly one token."""
    at, end = 0, len(source)
    last_tag_end = source.rfind(">")
    tag_pattern = _QUOTED_TAG
    while at < end:
        text = _TEXT_RUN.match(source, at) or _CHARACTER_REFERENCE.match(source, at)
        if text:
            yield _HtmlToken("text", at, text.end())
            at = text.end()
            continue
        following = source[at + 1 : at + 3]
        tag = None
        if source[at] == "&" or at > last_tag_end:
            stop = end if source.startswith("<!--", at) else at + 1
            yield _HtmlToken("other" if stop > at + 1 else "text", at, stop)
        elif following[:1] in ("!", "?") or (following[:1] == "/" and not following[1:].isalpha()):
            stop = _declaration_end(source, at)
            yield _HtmlToken("other", at, stop)
        elif following.lstrip("/")[:1].isalpha() and (
            tag := tag_pattern.match(source, at) or _UNQUOTED_TAG.match(source, at)
        ):
            if tag.re is not tag_pattern:
                # An unclosed quote. Retrying the quoted pattern at each tag takes quadratic time.
                tag_pattern = _UNQUOTED_TAG
            stop = tag.end()
            yield _tag_token(tag)
        else:
            stop = at + 1
            yield _HtmlToken("text", at, stop)
        at = stop
        if tag and not tag["close"] and tag["name"].lower() in _RAW_TEXT_ELEMENTS:
            closing = re.compile(rf"</{tag['name']}(?=[\s/>])", re.IGNORECASE).search(source, at)
            stop = closing.start() if closing else end
            if stop > at:
                yield _HtmlToken("other", at, stop)
            at = stop


def _tag_token(tag: re.Match[str]) -> _HtmlToken:
    name = tag["name"].lower()
    if tag["close"]:
        return _HtmlToken("close", tag.start(), tag.end(), name)
    encloses = name not in _VOID_ELEMENTS and not tag["attrs"].endswith("/")
    content = _content_of(name, tag["attrs"]) if encloses else "parsed"
    return _HtmlToken("open", tag.start(), tag.end(), name, content)


def _content_of(name: str, attributes: str) -> _Content:
    if name in _OPAQUE_ELEMENTS:
        return "opaque"
    if name == "pre":
        return "preformatted"
    if name in KEPT_ELEMENTS or (name not in _PAGE_ELEMENTS and NO_TRANSLATE.search(attributes)):
        return "kept"
    return "raised" if name == "sup" else "parsed"


def _declaration_end(source: str, start: int) -> int:
    """End of the comment, doctype or bogus comment that starts at ``<``."""
    if source.startswith("<!--", start):
        closing = _COMMENT_END.search(source, start + 2)
        return closing.end() if closing else len(source)
    return source.index(">", start) + 1


def _element_ends(tokens: list[_HtmlToken]) -> dict[int, int]:
    """For each start tag of an element that is not just parsed, the index of its last token.

    That is the matching end tag. Without one, it is the token before the next block-level tag,
    since end tags such as those of p, li and td are optional; likewise before the next tag of a
    ruby element. Raw text extends to the end of the article. Other inline elements without an
    end tag are left out.
    """
    ends: dict[int, int] = {}
    open_tags: dict[str, list[int]] = {}
    for i, token in enumerate(checked(tokens)):
        if token.kind == "open" and token.name not in _VOID_ELEMENTS:
            open_tags.setdefault(token.name, []).append(i)
        elif token.kind == "close" and open_tags.get(token.name):
            ends[open_tags[token.name].pop()] = i
    next_block = next_ruby = len(tokens)
    for i in checked(range(len(tokens) - 1, -1, -1)):
        token = tokens[i]
        if token.content != "parsed" and i not in ends:
            if token.name in _RAW_TEXT_ELEMENTS:
                ends[i] = len(tokens) - 1
            elif token.name in _BLOCK_ELEMENTS:
                ends[i] = next_block - 1
            elif token.name in ANNOTATION_ELEMENTS:
                ends[i] = min(next_block, next_ruby) - 1
        if token.name in _BLOCK_ELEMENTS:
            next_block = i
        if token.name in RUBY_ELEMENTS:
            next_ruby = i
    return {i: end for i, end in ends.items() if tokens[i].content != "parsed"}


class _BlockParser:
    """Converts tokens to blocks and tracks the open heading and item elements."""

    def __init__(self, source: str) -> None:
        self.builder = BlockBuilder()
        self._source = source
        self._open: list[tuple[str, BlockKind]] = []
        self._quotations = Quotations()
        self._kept_end = -1
        self._preformatted_end = -1
        self._preformatted_from = 0
        self._is_code = False

    def parse(self) -> None:
        tokens = list(checked(_tokenize(self._source)))
        ends = _element_ends(tokens)
        i = 0
        while i < len(tokens):
            checkpoint()
            token = tokens[i]
            if i in ends and self._is_markup(token, tokens[ends[i]]):
                i = ends[i]
                self._add_markup(token.name, token.start, tokens[i].end)
            elif i in ends and token.content == "kept" and self._kept_end < 0:
                self._begin_kept(token, ends[i])
            elif token.kind == "text":
                shown = html.unescape(self._source[token.start : token.end])
                if shown:
                    self.builder.add_text(shown, token.start, token.end)
                else:
                    self.builder.add_mark(token.start, token.end)
            elif token.name == "br":
                self.builder.add_line_break(token.start, token.end, self._kind)
            elif token.name == "q":
                self._add_quotation_mark(token)
            else:
                self._add_markup(token.name, token.start, token.end)
                self._track_nesting(token)
                if i in ends and token.content == "preformatted" and self._preformatted_end < 0:
                    self._begin_preformatted(token, ends[i])
            self._end_elements(i, tokens[i])
            i += 1
        self.builder.end_block(self._kind)
        release_list(tokens)

    def _is_markup(self, token: _HtmlToken, end: _HtmlToken) -> bool:
        """Whether the content of an element is not read."""
        if token.content == "raised":
            inner = self._source[token.end : min(end.start, token.end + MAX_NOTE + 1)]
            return is_note_number(inner, self.builder.last_text)
        return token.content == "opaque"

    def _begin_kept(self, token: _HtmlToken, end: int) -> None:
        self._kept_end = end
        if token.name in _BLOCK_ELEMENTS:
            self._add_markup(token.name, token.start, token.end)
            self._track_nesting(token)
            self.builder.begin_kept()
        else:
            self.builder.begin_kept(token.start)

    def _add_quotation_mark(self, token: _HtmlToken) -> None:
        mark = self._quotations.mark_of(closes=token.kind == "close")
        if mark and not self.builder.keeps:
            self.builder.add_quotation_mark(mark, token.start, token.end)
        else:
            self.builder.add_mark(token.start, token.end)

    def _begin_preformatted(self, token: _HtmlToken, end: int) -> None:
        self._preformatted_end = end
        self._preformatted_from = len(self.builder.blocks)
        self._is_code = is_marked_as_code(self._source, token.start, token.end)

    def _end_elements(self, at: int, token: _HtmlToken) -> None:
        """End the kept and the preformatted element if ``token``, number ``at``, is their last."""
        if 0 <= self._kept_end <= at:
            self._kept_end = -1
            self.builder.end_kept(None if token.name in _BLOCK_ELEMENTS else token.end)
        if 0 <= self._preformatted_end <= at:
            self._preformatted_end = -1
            self.builder.end_block(self._kind)
            divide(self.builder.blocks, self._preformatted_from, is_code=self._is_code)

    @property
    def _kind(self) -> BlockKind:
        return self._open[-1][1] if self._open else BlockKind.PARAGRAPH

    def _add_markup(self, name: str, start: int, end: int) -> None:
        if name in _BLOCK_ELEMENTS:
            self.builder.end_block(self._kind)
            self._quotations.reset()
        else:
            self.builder.add_mark(start, end)

    def _track_nesting(self, token: _HtmlToken) -> None:
        kind = _block_kind(token.name)
        if kind is None or token.kind == "other":
            return
        if token.kind == "open":
            self._open.append((token.name, kind))
        elif any(name == token.name for name, _ in self._open[-32:]):
            while self._open.pop()[0] != token.name:
                pass


def _block_kind(name: str) -> BlockKind | None:
    if name in _HEADING_ELEMENTS:
        return BlockKind.HEADING
    if name == "title":
        return BlockKind.PAGE_TITLE
    return BlockKind.ITEM if name in _ITEM_ELEMENTS else None


def parse(source: str) -> list[Block]:
    """Parse HTML into blocks, in order; blocks without letters or digits are left out.

    The content of script, style and the like is markup: never visible and kept unchanged. So are
    the annotations of ``ruby`` and the numbers of notes in ``sup``. The text of code and of
    elements marked ``translate="no"`` or ``notranslate`` is kept. (On ``html`` and ``body``, that
    attribute only asks browsers not to offer a translation.) A ``pre`` is its paragraphs if it
    is prose, else a block of code. A ``br`` ends a block unless a sentence continues after it.
    """
    parser = _BlockParser(source)
    parser.parse()
    return parser.builder.blocks
