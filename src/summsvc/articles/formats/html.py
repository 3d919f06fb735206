"""HTML parser: blocks of visible text with the source offset of every character.

Existing parsers do not fit. The standard library's parser takes time quadratic in the length
of malformed input, html5lib and lxml give no positions within a line, and tree-sitter gives
byte offsets and does not recover from errors as browsers do.
"""

from __future__ import annotations

import html
from collections import Counter
from itertools import islice
from typing import NamedTuple

from summsvc.articles.blocks import Block, BlockBuilder, BlockKind, release_list
from summsvc.articles.characters import POWER, has_alphanumeric
from summsvc.articles.formats.html_tokens import (
    BLOCK_ELEMENTS,
    HtmlToken,
    block_kind,
    element_ends,
    remove_shown,
    tokenize,
)
from summsvc.articles.formats.inline_elements import (
    MAX_NOTE,
    Quotations,
    is_exponent,
    is_note_number,
)
from summsvc.articles.formats.preformatted import divide, is_marked_as_code
from summsvc.interruption import checked, checkpoint
from summsvc.types import Span


class _BlockParser:
    """Converts tokens to blocks and tracks the open heading, item and caption elements."""

    def __init__(self, source: str) -> None:
        self.builder = BlockBuilder()
        self.hidden: list[Span] = []
        self._source = source
        self._open: list[tuple[str, BlockKind]] = []
        self._quotations = Quotations()
        self._kept_end = -1
        self._preformatted_end = -1
        self._preformatted_from = 0
        self._is_code = False
        self._open_counts: Counter[str] = Counter()

    def parse(self, tokens: list[HtmlToken]) -> None:
        ends = element_ends(tokens)
        remove_shown(tokens, ends)
        i = 0
        while i < len(tokens):
            checkpoint()
            token = tokens[i]
            if i in ends and self._is_markup(token, tokens[ends[i]]):
                if token.hidden and _has_text(self._source, tokens, i, ends[i]):
                    self.hidden.append(Span(token.start, tokens[ends[i]].end))
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
            elif (
                i in ends
                and token.content == "raised"
                and self._is_exponent(token, tokens[ends[i]])
            ):
                self.builder.add_text_of_tag(POWER, token.start, token.end)
            else:
                self._add_markup(token.name, token.start, token.end)
                self._track_nesting(token)
                if i in ends and token.content == "preformatted" and self._preformatted_end < 0:
                    self._begin_preformatted(token, ends[i])
            self._end_elements(i, tokens[i])
            i += 1
        self.builder.end_block(self._kind)

    def _is_markup(self, token: HtmlToken, end: HtmlToken) -> bool:
        """Whether the content of an element is not read."""
        if token.content == "raised":
            inner = self._source[token.end : min(end.start, token.end + MAX_NOTE + 1)]
            return is_note_number(inner, self.builder.last_text)
        return token.content == "opaque"

    def _is_exponent(self, token: HtmlToken, end: HtmlToken) -> bool:
        inner = self._source[token.end : min(end.start, token.end + MAX_NOTE + 1)]
        after = self._source[end.end : end.end + 1]
        return not self.builder.keeps and is_exponent(inner, self.builder.last_text, after)

    def _begin_kept(self, token: HtmlToken, end: int) -> None:
        self._kept_end = end
        if token.name in BLOCK_ELEMENTS:
            self._add_markup(token.name, token.start, token.end)
            self._track_nesting(token)
            self.builder.begin_kept()
        else:
            self.builder.begin_kept(token.start)

    def _add_quotation_mark(self, token: HtmlToken) -> None:
        mark = self._quotations.mark_of(closes=token.kind == "close")
        if mark and not self.builder.keeps:
            self.builder.add_text_of_tag(mark, token.start, token.end)
        else:
            self.builder.add_mark(token.start, token.end)

    def _begin_preformatted(self, token: HtmlToken, end: int) -> None:
        self._preformatted_end = end
        self._preformatted_from = len(self.builder.blocks)
        self._is_code = is_marked_as_code(self._source, token.start, token.end)

    def _end_elements(self, at: int, token: HtmlToken) -> None:
        """End the kept and the preformatted element if ``token``, number ``at``, is their last."""
        if 0 <= self._kept_end <= at:
            self._kept_end = -1
            self.builder.end_kept(None if token.name in BLOCK_ELEMENTS else token.end)
        if 0 <= self._preformatted_end <= at:
            self._preformatted_end = -1
            self.builder.end_block(self._kind)
            divide(self.builder.blocks, self._preformatted_from, is_code=self._is_code)

    @property
    def _kind(self) -> BlockKind:
        return self._open[-1][1] if self._open else BlockKind.PARAGRAPH

    def _add_markup(self, name: str, start: int, end: int) -> None:
        if name in BLOCK_ELEMENTS:
            self.builder.end_block(self._kind)
            self._quotations.reset()
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
            self._open.append((token.name, block_kind(token.name) or self._kind))
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


class ParsedHtml(NamedTuple):
    """Blocks in order, the tokens of the source, and the elements with text that are not shown."""

    blocks: list[Block]
    tokens: list[HtmlToken]
    hidden: list[Span]


def read(source: str) -> ParsedHtml:
    """Parse HTML into blocks, in order; blocks without letters or digits are left out.

    The content of script, style and the like, of elements that are not shown and the fallback of
    media elements is markup: never visible and kept unchanged. So are the annotations of
    ``ruby`` and the numbers of notes in ``sup``. The text of code and of elements marked
    ``translate="no"`` or ``notranslate`` is kept. (On ``html`` and ``body``, that attribute only
    asks browsers not to offer a translation.) A ``pre`` is its paragraphs if it is prose, else a
    block of code. A ``br`` ends a block unless a sentence continues after it.
    """
    tokens = list(checked(tokenize(source)))
    parser = _BlockParser(source)
    parser.parse(tokens)
    return ParsedHtml(parser.builder.blocks, tokens, parser.hidden)


def parse(source: str) -> list[Block]:
    """The blocks that ``read`` returns."""
    parsed = read(source)
    release_list(parsed.tokens)
    return parsed.blocks
