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
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple

from summsvc.articles.blocks import Block, BlockBuilder, BlockKind, release_list
from summsvc.articles.characters import has_alphanumeric
from summsvc.articles.formats import attributes
from summsvc.interruption import checked, checkpoint
from summsvc.types import Span

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
_NO_TRANSLATE = re.compile(
    r"""\btranslate\s*=\s*["']?no\b|\bclass\s*=\s*(?:"[^"]*\bnotranslate\b|'[^']*\bnotranslate\b)""",
    re.IGNORECASE,
)

_RAW_TEXT_ELEMENTS = frozenset("script style textarea xmp iframe noembed noframes".split())
_OPAQUE_ELEMENTS = _RAW_TEXT_ELEMENTS | frozenset(
    "pre code kbd samp tt noscript svg math template select".split()
)
_FALLBACK_ELEMENTS = frozenset("video audio object canvas".split())
"""Browsers show the content of these elements only when they cannot show the element."""

_HEADING_ELEMENTS = frozenset("h1 h2 h3 h4 h5 h6".split())
_ITEM_ELEMENTS = frozenset("li dt dd th td option summary legend button label".split())
_CAPTION_ELEMENTS = frozenset(("caption", "figcaption"))
BLOCK_ELEMENTS = (
    _HEADING_ELEMENTS
    | _ITEM_ELEMENTS
    | _CAPTION_ELEMENTS
    | frozenset(
        "html head title body address article aside blockquote center details dialog dir div dl "
        "fieldset figure footer form header hgroup hr main menu nav ol p pre section table tbody "
        "tfoot thead tr ul object video audio canvas xmp".split()
    )
)
VOID_ELEMENTS = frozenset("area base br col embed hr img input link meta source track wbr".split())
_PAGE_ELEMENTS = frozenset(("html", "body"))


class HtmlToken(NamedTuple):
    """A range of source [start, end).

    opaque: a start tag whose element is not parsed. hidden: one whose element is not shown.
    """

    kind: Literal["text", "open", "close", "other"]
    start: int
    end: int
    name: str = ""
    opaque: bool = False
    hidden: bool = False


def _tokenize(source: str) -> Iterator[HtmlToken]:
    """Yield tokens that cover the source; every character is in exactly one token."""
    at, end = 0, len(source)
    last_tag_end = source.rfind(">")
    tag_pattern = _QUOTED_TAG
    while at < end:
        text = _TEXT_RUN.match(source, at) or _CHARACTER_REFERENCE.match(source, at)
        if text:
            yield HtmlToken("text", at, text.end())
            at = text.end()
            continue
        following = source[at + 1 : at + 3]
        tag = None
        if source[at] == "&" or at > last_tag_end:
            stop = end if source.startswith("<!--", at) else at + 1
            yield HtmlToken("other" if stop > at + 1 else "text", at, stop)
        elif following[:1] in ("!", "?") or (following[:1] == "/" and not following[1:].isalpha()):
            stop = _declaration_end(source, at)
            yield HtmlToken("other", at, stop)
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
            yield HtmlToken("text", at, stop)
        at = stop
        if tag and not tag["close"] and tag["name"].lower() in _RAW_TEXT_ELEMENTS:
            closing = re.compile(rf"</{tag['name']}(?=[\s/>])", re.IGNORECASE).search(source, at)
            stop = closing.start() if closing else end
            if stop > at:
                yield HtmlToken("other", at, stop)
            at = stop


def _tag_token(tag: re.Match[str]) -> HtmlToken:
    name = tag["name"].lower()
    if tag["close"]:
        return HtmlToken("close", tag.start(), tag.end(), name)
    marked = name not in _PAGE_ELEMENTS and _NO_TRANSLATE.search(tag["attrs"]) is not None
    encloses = name not in VOID_ELEMENTS and not tag["attrs"].endswith("/")
    opaque = encloses and (marked or name in _OPAQUE_ELEMENTS or name in _FALLBACK_ELEMENTS)
    hidden = encloses and name not in _PAGE_ELEMENTS and attributes.hides(tag["attrs"])
    return HtmlToken("open", tag.start(), tag.end(), name, opaque or hidden, hidden)


def _declaration_end(source: str, start: int) -> int:
    """End of the comment, doctype or bogus comment that starts at ``<``."""
    if source.startswith("<!--", start):
        closing = _COMMENT_END.search(source, start + 2)
        return closing.end() if closing else len(source)
    return source.index(">", start) + 1


_MAIN_ELEMENTS = frozenset(("main", "article", "h1"))


def _without_shown(tokens: list[HtmlToken], ends: dict[int, int]) -> None:
    """Remove from ``ends`` the hidden elements that hold the article itself.

    Scripts show such elements when a page has loaded, or hide them behind a dialog. They have a
    ``main``, or an ``article`` or ``h1`` and at least half of the text.
    """
    hidden = [i for i in ends if tokens[i].hidden]
    if not hidden:
        return
    length = mains = articles = 0
    before: list[tuple[int, int, int]] = []
    for token in checked(tokens):
        before.append((length, mains, articles))
        if token.kind == "text":
            length += token.end - token.start
        elif token.kind == "open" and token.name in _MAIN_ELEMENTS:
            mains += token.name == "main"
            articles += token.name != "main"
    for i in checked(hidden):
        text, main, article = (
            at_end - at_start
            for at_start, at_end in zip(before[i + 1], before[ends[i]], strict=True)
        )
        if main or (article and 2 * text >= length):
            del ends[i]
    release_list(before)


def _element_ends(tokens: list[HtmlToken]) -> dict[int, int]:
    """For each start tag of an opaque element, the index of the token that ends it.

    That is the matching end tag. Without one, it is the token before the next block-level tag,
    since end tags such as those of p, li and td are optional. Raw text extends to the end of
    the article. Inline elements without an end tag are left out.
    """
    ends: dict[int, int] = {}
    open_tags: dict[str, list[int]] = {}
    for i, token in enumerate(checked(tokens)):
        if token.kind == "open" and token.name not in VOID_ELEMENTS:
            open_tags.setdefault(token.name, []).append(i)
        elif token.kind == "close" and open_tags.get(token.name):
            ends[open_tags[token.name].pop()] = i
    next_block = len(tokens)
    for i in checked(range(len(tokens) - 1, -1, -1)):
        token = tokens[i]
        if token.opaque and i not in ends:
            if token.name in _RAW_TEXT_ELEMENTS:
                ends[i] = len(tokens) - 1
            elif token.name in BLOCK_ELEMENTS:
                ends[i] = next_block - 1
        if token.name in BLOCK_ELEMENTS:
            next_block = i
    return {i: end for i, end in ends.items() if tokens[i].opaque}


class _BlockParser:
    """Converts tokens to blocks and tracks the open heading, item and caption elements."""

    def __init__(self, source: str) -> None:
        self.builder = BlockBuilder()
        self.hidden: list[Span] = []
        self._source = source
        self._open: list[tuple[str, BlockKind]] = []
        self._open_counts: Counter[str] = Counter()

    def parse(self, tokens: list[HtmlToken]) -> None:
        ends = _element_ends(tokens)
        _without_shown(tokens, ends)
        i = 0
        while i < len(tokens):
            checkpoint()
            token = tokens[i]
            if i in ends:
                if token.hidden and _has_text(self._source, tokens, i, ends[i]):
                    self.hidden.append(Span(token.start, tokens[ends[i]].end))
                i = ends[i]
                self._add_markup(token.name, token.start, tokens[i].end)
            elif token.kind == "text":
                shown = html.unescape(self._source[token.start : token.end])
                if shown:
                    self.builder.add_text(shown, token.start, token.end)
                else:
                    self.builder.add_mark(token.start, token.end)
            elif token.name == "br":
                self.builder.add_line_break(token.start, token.end, self._kind)
            else:
                self._add_markup(token.name, token.start, token.end)
                self._track_nesting(token)
            i += 1
        self.builder.end_block(self._kind)

    @property
    def _kind(self) -> BlockKind:
        return self._open[-1][1] if self._open else BlockKind.PARAGRAPH

    def _add_markup(self, name: str, start: int, end: int) -> None:
        if name in BLOCK_ELEMENTS:
            self.builder.end_block(self._kind)
        else:
            self.builder.add_mark(start, end)

    def _track_nesting(self, token: HtmlToken) -> None:
        """Track open block elements. An end tag closes those left open inside its element."""
        if token.kind == "other" or token.name not in BLOCK_ELEMENTS:
            return
        if token.kind == "open":
            if self._open and self._open[-1][0] == "p":
                # Its end tag is optional before a block element.
                self._open.pop()
                self._open_counts["p"] -= 1
            self._open.append((token.name, _block_kind(token.name) or self._kind))
            self._open_counts[token.name] += 1
        elif self._open_counts[token.name]:
            name = ""
            while name != token.name:
                name, _ = self._open.pop()
                self._open_counts[name] -= 1


def _has_text(source: str, tokens: list[HtmlToken], start: int, end: int) -> bool:
    return any(
        token.kind == "text" and has_alphanumeric(source[token.start : token.end])
        for token in checked(islice(tokens, start + 1, end))
    )


def _block_kind(name: str) -> BlockKind | None:
    if name in _HEADING_ELEMENTS:
        return BlockKind.HEADING
    if name == "title":
        return BlockKind.PAGE_TITLE
    if name in _CAPTION_ELEMENTS:
        return BlockKind.CAPTION
    return BlockKind.ITEM if name in _ITEM_ELEMENTS else None


class ParsedHtml(NamedTuple):
    """Blocks in order, the tokens of the source, and the elements with text that are not shown."""

    blocks: list[Block]
    tokens: list[HtmlToken]
    hidden: list[Span]


def read(source: str) -> ParsedHtml:
    """Parse HTML into blocks, in order; blocks without letters or digits are left out.

    The content of script, style, pre, code, of elements marked ``translate="no"``, of elements
    that are not shown and the fallback of media elements is markup: never visible and kept
    unchanged. (On ``html`` and ``body``, that attribute only asks browsers not to offer a
    translation.) A ``br`` ends a block unless a sentence continues after it.
    """
    tokens = list(checked(_tokenize(source)))
    parser = _BlockParser(source)
    parser.parse(tokens)
    return ParsedHtml(parser.builder.blocks, tokens, parser.hidden)


def parse(source: str) -> list[Block]:
    """The blocks that ``read`` returns."""
    parsed = read(source)
    release_list(parsed.tokens)
    return parsed.blocks
