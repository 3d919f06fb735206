"""HTML tokenizer: tags and text with their source ranges, and how each element is read.

Follows the tokenizer of the HTML standard
(https://html.spec.whatwg.org/multipage/parsing.html#tokenization). Tags are found with
possessive patterns in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from summsvc.articles.blocks import release_list
from summsvc.articles.formats import attributes
from summsvc.articles.formats.inline_elements import (
    ANNOTATION_ELEMENTS,
    KEPT_ELEMENTS,
    NO_TRANSLATE,
    RUBY_ELEMENTS,
)
from summsvc.interruption import checked

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
    if name in VOID_ELEMENTS or tag["attrs"].endswith("/"):
        return HtmlToken("open", tag.start(), tag.end(), name)
    if name not in _PAGE_ELEMENTS and attributes.hides(tag["attrs"]):
        return HtmlToken("open", tag.start(), tag.end(), name, "opaque", True)
    return HtmlToken("open", tag.start(), tag.end(), name, _content_of(name, tag["attrs"]))


def _content_of(name: str, attributes: str) -> Content:
    if name in _OPAQUE_ELEMENTS or name in _FALLBACK_ELEMENTS:
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


_MAIN_ELEMENTS = frozenset(("main", "article", "h1"))


def remove_shown(tokens: list[HtmlToken], ends: dict[int, int]) -> None:
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
    before.append((length, mains, articles))
    for i in checked(hidden):
        text, main, article = (
            at_end - at_start
            for at_start, at_end in zip(before[i + 1], before[max(i + 1, ends[i])], strict=True)
        )
        if main or (article and 2 * text >= length):
            del ends[i]
    release_list(before)


def element_ends(tokens: list[HtmlToken]) -> dict[int, int]:
    """For each start tag of an element that is not just parsed, the index of its last token.

    That is the matching end tag. Without one, it is the token before the next block-level tag,
    since end tags such as those of p, li and td are optional; likewise before the next tag of a
    ruby element. Raw text extends to the end of the article. Other inline elements without an
    end tag are left out.
    """
    ends: dict[int, int] = {}
    open_tags: dict[str, list[int]] = {}
    for i, token in enumerate(checked(tokens)):
        if token.kind == "open" and token.name not in VOID_ELEMENTS:
            open_tags.setdefault(token.name, []).append(i)
        elif token.kind == "close" and open_tags.get(token.name):
            ends[open_tags[token.name].pop()] = i
    next_block = next_ruby = len(tokens)
    for i in checked(range(len(tokens) - 1, -1, -1)):
        token = tokens[i]
        if token.content != "parsed" and i not in ends:
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
    return {i: end for i, end in ends.items() if tokens[i].content != "parsed"}
