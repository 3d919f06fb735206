"""HTML tokenizer: tags and text with their source ranges, and how each element is read.

Follows the tokenizer of the HTML standard
(https://html.spec.whatwg.org/multipage/parsing.html#tokenization). Tags are found with
possessive patterns in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from summsvc.articles.blocks import BlockKind
from summsvc.articles.formats import attributes
from summsvc.articles.formats.inline_elements import (
    ANNOTATION_ELEMENTS,
    KEPT_ELEMENTS,
    RUBY_ELEMENTS,
    is_not_translated,
)
from summsvc.interruption import checked, checkpoint

_QUOTED_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*+)"
    r"(?P<attrs>(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')|=)*+)>"
)
_UNQUOTED_TAG = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attrs>[^>]*+)>")
_NAME_END = re.compile(r"[\s/>]")
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
_FALLBACK_ELEMENTS = frozenset("video audio object canvas".split())
"""Browsers show the content of these elements only when they cannot show the element."""

HEADING_ELEMENTS = frozenset("h1 h2 h3 h4 h5 h6".split())
ITEM_ELEMENTS = frozenset("li dt dd th td option summary legend button label".split())
CAPTION_ELEMENTS = frozenset(("caption", "figcaption"))
BLOCK_ELEMENTS = (
    HEADING_ELEMENTS
    | ITEM_ELEMENTS
    | CAPTION_ELEMENTS
    | frozenset(
        "html head title body address article aside blockquote center details dialog dir div dl "
        "fieldset figure footer form header hgroup hr main menu nav ol p pre section table tbody "
        "tfoot thead tr ul object video audio canvas xmp".split()
    )
)
VOID_ELEMENTS = frozenset("area base br col embed hr img input link meta source track wbr".split())
_PAGE_ELEMENTS = frozenset(("html", "body"))


Content = Literal["parsed", "opaque", "kept", "preformatted", "raised"]
"""How the content of an element is read. opaque: not at all. kept: as text that translations
keep as it is. preformatted: with its lines. raised: as text unless it is the number of a note."""

_CONTENT: dict[str, Content] = {
    **dict.fromkeys(_OPAQUE_ELEMENTS | _FALLBACK_ELEMENTS, "opaque"),
    **dict.fromkeys(KEPT_ELEMENTS, "kept"),
    "pre": "preformatted",
    "sup": "raised",
}
"""Of the elements whose name says it; the others are parsed."""


class HtmlToken(NamedTuple):
    """A range of source [start, end).

    content: of the element that a start tag begins. hidden: whether that element is not shown.
    """

    kind: Literal["text", "open", "close", "other"]
    start: int
    end: int
    name: str = ""
    content: Content = "parsed"
    hidden: bool = False


def tokenize(source: str) -> Iterator[HtmlToken]:
    """Yield tokens that cover the source; every character is in exactly one token."""
    at, end = 0, len(source)
    last_tag_end = source.rfind(">")
    tag_pattern = _QUOTED_TAG
    while at < end:
        first = source[at]
        if first != "<":
            text = (_CHARACTER_REFERENCE if first == "&" else _TEXT_RUN).match(source, at)
            stop = text.end() if text else at + 1
            yield HtmlToken("text", at, stop)
            at = stop
            continue
        following = source[at + 1 : at + 3]
        tag = None
        if at > last_tag_end:
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
            token = _tag_token(tag)
            stop = token.end
            yield token
            if token.kind == "open" and token.name in _RAW_TEXT_ELEMENTS:
                at, stop = stop, _raw_text_end(source, token.name, stop)
                if stop > at:
                    yield HtmlToken("other", at, stop)
        else:
            stop = at + 1
            yield HtmlToken("text", at, stop)
        at = stop


def counted_length(source: str) -> int:
    """Code points of a source that grow with its text: without what makes pages large.

    Text and tags count. Attributes, comments, scripts, style sheets and other raw text do not.
    """
    return sum(
        token.end - token.start if token.kind == "text" else len(token.name) + len("<>")
        for token in checked(tokenize(source))
        if token.kind != "other"
    )


def _raw_text_end(source: str, name: str, start: int) -> int:
    """Where the end tag of a raw text element starts whose content starts at ``start``."""
    at = source.find("</", start)
    while at >= 0:
        checkpoint()
        after = at + 2 + len(name)
        if source[at + 2 : after].lower() == name and _NAME_END.match(source, after):
            return at
        at = source.find("</", at + 2)
    return len(source)


def _tag_token(tag: re.Match[str]) -> HtmlToken:
    start, end = tag.span()
    closes, name, attrs = tag.groups()
    name = name.lower()
    if closes:
        return HtmlToken("close", start, end, name)
    if name in VOID_ELEMENTS or attrs.endswith("/"):
        return HtmlToken("open", start, end, name)
    content = _CONTENT.get(name, "parsed")
    says = attrs if name not in _PAGE_ELEMENTS else ""
    if name == "dialog" or (says and attributes.hides(says)):
        return HtmlToken("open", start, end, name, "opaque", True)
    if says and content in ("parsed", "raised") and is_not_translated(says):
        content = "kept"
    return HtmlToken("open", start, end, name, content)


def _declaration_end(source: str, start: int) -> int:
    """End of the comment, doctype or bogus comment that starts at ``<``."""
    if source.startswith("<!--", start):
        closing = _COMMENT_END.search(source, start + 2)
        return closing.end() if closing else len(source)
    return source.index(">", start) + 1


_MAIN_ELEMENTS = frozenset(("main", "article", "h1"))


def block_kind(name: str) -> BlockKind | None:
    """The kind of the blocks that an element has itself; None for that of the one around it."""
    if name in HEADING_ELEMENTS:
        return BlockKind.HEADING
    if name == "title":
        return BlockKind.PAGE_TITLE
    if name in CAPTION_ELEMENTS:
        return BlockKind.CAPTION
    return BlockKind.ITEM if name in ITEM_ELEMENTS else None


def remove_shown(tokens: list[HtmlToken], ends: dict[int, int]) -> None:
    """Remove from ``ends`` the hidden elements that hold the article itself.

    Scripts show such elements when a page has loaded, or hide them behind a dialog. They have a
    ``main``, or an ``article`` or ``h1`` and at least half of the text.
    """
    hidden = [i for i in ends if tokens[i].hidden]
    if not hidden:
        return
    length = mains = articles = 0
    edges = {edge for i in checked(hidden) for edge in (i + 1, max(i + 1, ends[i]))}
    before: dict[int, tuple[int, int, int]] = {}
    for number, token in enumerate(checked(tokens)):
        if number in edges:
            before[number] = length, mains, articles
        if token.kind == "text":
            length += token.end - token.start
        elif token.kind == "open" and token.name in _MAIN_ELEMENTS:
            mains += token.name == "main"
            articles += token.name != "main"
    before[len(tokens)] = length, mains, articles
    for i in checked(hidden):
        text, main, article = (
            at_end - at_start
            for at_start, at_end in zip(before[i + 1], before[max(i + 1, ends[i])], strict=True)
        )
        if main or (article and 2 * text >= length):
            del ends[i]


def element_ends(tokens: list[HtmlToken]) -> dict[int, int]:
    """For each start tag of an element that is not just parsed, the index of its last token.

    That is the matching end tag. Without one, it is the token before the next block-level tag,
    since end tags such as those of p, li and td are optional; likewise before the next tag of a
    ruby element. Raw text extends to the end of the article. Other inline elements without an
    end tag are left out.
    """
    ends: dict[int, int] = {}
    open_tags: dict[str, list[int]] = {}
    unclosed: set[int] = set()
    for i, token in enumerate(checked(tokens)):
        if token.kind == "open" and token.name not in VOID_ELEMENTS:
            open_tags.setdefault(token.name, []).append(i)
            if token.content != "parsed":
                unclosed.add(i)
        elif token.kind == "close" and open_tags.get(token.name):
            begin = open_tags[token.name].pop()
            if begin in unclosed:
                unclosed.remove(begin)
                ends[begin] = i
    if not unclosed:
        return ends
    next_block = next_ruby = len(tokens)
    for i in checked(range(len(tokens) - 1, -1, -1)):
        token = tokens[i]
        if i in unclosed:
            if token.name in _RAW_TEXT_ELEMENTS:
                ends[i] = len(tokens) - 1
            elif token.name in BLOCK_ELEMENTS:
                ends[i] = next_block - 1
            elif token.name in ANNOTATION_ELEMENTS:
                ends[i] = min(next_block, next_ruby) - 1
        if token.name in BLOCK_ELEMENTS:
            next_block = i
        if token.name in RUBY_ELEMENTS:
            next_ruby = i
    return ends
