"""Markdown inline parser: links, emphasis, code spans and escapes within a block.

Emphasis marks are not paired. Each ``*`` or ``_`` that could open or close emphasis is
markup at its own position, so an unpaired mark is restored unchanged.
"""

from __future__ import annotations

import html
import re

from summsvc.articles.blocks import BlockBuilder, BlockKind
from summsvc.articles.characters import POWER
from summsvc.articles.formats.html_tokens import BLOCK_ELEMENTS, block_kind
from summsvc.articles.formats.inline_elements import Quotations, is_exponent, is_note_number
from summsvc.interruption import checked, checkpoint

_LINK_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)([^\]\r\n]{1,500})\]:", re.MULTILINE)
_INLINE_TOKEN = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:[^`]++|(?!(?P=ticks)(?!`))`++)*+(?P=ticks)(?!`))"
    r"|(?P<ticks_only>`++)"
    r"|(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<hard>(?: {2,9}|\\)(?:\r\n|\r|\n)|<[bB][rR]\s{0,9}/?>)"
    r"|(?P<note>\[\^[^\]\s]{1,100}\])"
    r"|(?P<open>!?\[)"
    r"|(?P<close>\])"
    r"|(?P<auto><(?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]{0,2000}|[^\s<>@]{1,64}@[^\s<>]{1,255})>)"
    r"|<(?P<name>code|kbd|samp|tt)\b[^<>]{0,2000}>(?P<content>[^<]*+)</(?P=name)>"
    r"|<(?P<kept>[a-z]{1,20})\b[^<>]{0,500}"
    r"(?:\btranslate=[\"']?no\b|\bclass=[\"']?(?:[^\"'<>]{0,200}\s)?notranslate\b)[^<>]{0,500}>"
    r"(?P<kept_content>[^<]*+)</(?P=kept)>"
    r"|(?P<element><(?P<opaque>script|style|rt|rp)\b[^<>]{0,2000}>[^<]*+</(?P=opaque)>)"
    r"|(?P<quote></?q(?:\s[^<>]{0,500})?>)"
    r"|(?P<raised><sup(?:\s[^<>]{0,500})?>(?P<note_number>(?:[^<]|<(?!/sup>)){0,300}+)</sup>)"
    r"|(?P<tag></?(?P<tag_name>[a-zA-Z][a-zA-Z0-9]{0,20})(?![a-zA-Z0-9])[^<>]{0,2000}>"
    r"|</?[a-zA-Z][^<>]{0,2000}>|<!--(?:[^-<]|-(?!->)|<(?!!))*+-->)"
    r"|(?P<ref>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)"
    r"|(?P<emphasis>(?<!\s)\*{1,3}|\*{1,3}(?!\s)|~~|(?<!\w)_{1,3}|_{1,3}(?!\w))"
    r"|(?P<text>(?:[^`\\!\[\]<&*~_ \r\n]{1,1000}+| (?! {1,8}[\r\n])){1,1000}+|.)",
    re.DOTALL,
)
_BACKTICK_RUN = re.compile(r"`++")
_BRACKETED = re.compile(r"\[((?:[^\[\]\\]|\\.|\[[^\[\]]{0,200}\]){0,1000}+)\]([(\[]?)", re.DOTALL)
_LINK_TARGET = re.compile(
    r"\((?:[^()\\\r\n]|\\.|\([^()\r\n]{0,500}\)){0,2000}+\)|\[[^\[\]\r\n]{0,500}\]"
)


def link_labels(source: str) -> frozenset[str]:
    """The labels of an article's link reference definitions, case-folded."""
    return frozenset(match[1].casefold() for match in checked(_LINK_DEFINITION.finditer(source)))


class InlineParser:
    """Parses ranges of one article into a block builder.

    defined: labels of link reference definitions, case-folded.
    """

    def __init__(self, source: str, builder: BlockBuilder, defined: frozenset[str]) -> None:
        self._source = source
        self._builder = builder
        self._defined = defined
        self._brackets: list[bool] = []
        self._quotations = Quotations()

    def reset(self) -> None:
        """Discard open brackets and quotations at the start of a new block."""
        self._brackets.clear()
        self._quotations.reset()

    def parse(self, start: int, end: int, kind: BlockKind) -> None:
        """Parse source [start, end), a part of a block of ``kind``."""
        at = start
        runs = checked(_BACKTICK_RUN.finditer(self._source, start, end))
        last = {len(run[0]): run.start() for run in runs}
        while at < end:
            checkpoint()
            ticks = _BACKTICK_RUN.match(self._source, at, end)
            if ticks and last.get(len(ticks[0]), -1) <= at:
                # Not a code span. Searching for its end each time would take more than linear time.
                self._builder.add_text(ticks[0], at, ticks.end())
                at = ticks.end()
                continue
            match = _INLINE_TOKEN.match(self._source, at, end)
            assert match is not None
            at = match.end()
            if match["text"] or match["ticks_only"]:
                self._builder.add_text(match[0], match.start(), at)
            elif match["escape"]:
                self._builder.add_text(match[0][1], match.start(), at)
            elif match["ref"]:
                self._builder.add_text(html.unescape(match[0]), match.start(), at)
            elif match["hard"] and at < end:
                self._builder.add_line_break(match.start(), at, kind)
            elif match["open"]:
                self._open_bracket(match, end)
            elif match["close"]:
                at = self._close_bracket(at, end)
            elif match["code"]:
                ticks_length = len(match["ticks"])
                self._add_kept(match, match.start() + ticks_length, at - ticks_length)
            elif match["auto"]:
                self._add_kept(match, match.start() + 1, at - 1)
            elif match["content"] or match["kept_content"]:
                group = "content" if match["content"] else "kept_content"
                self._add_kept(match, *match.span(group))
            elif match["quote"]:
                self._add_quotation_mark(match)
            elif match["raised"]:
                at = self._add_raised(match)
            elif (match["tag_name"] or "").lower() in BLOCK_ELEMENTS:
                self._end_block(match, kind)
            else:
                self._builder.add_mark(match.start(), at)

    def _add_kept(self, match: re.Match[str], start: int, end: int) -> None:
        """Add an element, or a code span, whose content [start, end) translations keep."""
        if self._source[start:end].strip():
            self._builder.begin_kept(match.start())
            self._builder.add_text(self._source[start:end], start, end)
            self._builder.end_kept(match.end())
        else:
            self._builder.add_mark(*match.span())

    def _end_block(self, match: re.Match[str], kind: BlockKind) -> None:
        """End the block before a tag of a block element; an end tag says what the block is."""
        name = match["tag_name"].lower()
        is_end = match[0].startswith("</")
        self._builder.end_block((block_kind(name) if is_end else None) or kind)
        self.reset()

    def _add_quotation_mark(self, match: re.Match[str]) -> None:
        mark = self._quotations.mark_of(closes=match[0][1] == "/")
        if mark:
            self._builder.add_text_of_tag(mark, *match.span())
        else:
            self._builder.add_mark(*match.span())

    def _add_raised(self, match: re.Match[str]) -> int:
        """Add the number of a note, or the tag of another ``sup``; return where it ends."""
        start, end = match.span()
        content, before = match["note_number"], self._builder.last_text
        if is_note_number(content, before):
            self._builder.add_mark(start, end)
            return end
        after, end = self._source[end : end + 1], match.start("note_number")
        if is_exponent(content, before, after):
            self._builder.add_text_of_tag(POWER, start, end)
        else:
            self._builder.add_mark(start, end)
        return end

    def _open_bracket(self, match: re.Match[str], end: int) -> None:
        bracket = match.end() - 1
        label = _BRACKETED.match(self._source, bracket, end)
        is_link = label is not None and (bool(label[2]) or label[1].casefold() in self._defined)
        self._brackets.append(is_link)
        if is_link:
            self._builder.add_mark(*match.span())
        else:
            self._builder.add_text(match[0], *match.span())

    def _close_bracket(self, at: int, end: int) -> int:
        """Parse the closing bracket before ``at`` and its link target; return where they end."""
        if not (self._brackets and self._brackets.pop()):
            self._builder.add_text("]", at - 1, at)
            return at
        target = _LINK_TARGET.match(self._source, at, end)
        stop = target.end() if target else at
        self._builder.add_mark(at - 1, stop)
        return stop
