"""What stands within a stretch of Markdown: links, emphasis, code, escapes.

Emphasis marks are not paired: each ``*`` or ``_`` that could open or close
keeps its place as markup, so a lone one comes back as it was.
"""

from __future__ import annotations

import html
import re

from summsvc.articles.source_map import BlockBuilder, BlockKind
from summsvc.interruption import checked, checkpoint

_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)([^\]\r\n]{1,500})\]:", re.MULTILINE)
_TOKEN = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:[^`]++|(?!(?P=ticks)(?!`))`++)*+(?P=ticks)(?!`))"
    r"|(?P<ticks_only>`++)"
    r"|(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<hard>(?: {2,9}|\\)(?:\r\n|\r|\n)|<[bB][rR]\s{0,9}/?>)"
    r"|(?P<note>\[\^[^\]\s]{1,100}\])"
    r"|(?P<open>!?\[)"
    r"|(?P<close>\])"
    r"|(?P<auto><(?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]{0,2000}|[^\s<>@]{1,64}@[^\s<>]{1,255})>)"
    r"|(?P<element><(?P<name>code|kbd|samp|script|style)\b[^<>]{0,2000}>[^<]*+</(?P=name)>"
    r"|<(?P<kept>[a-z]{1,20})\b[^<>]{0,500}\btranslate=[\"']?no\b[^<>]{0,500}>[^<]*+</(?P=kept)>)"
    r"|(?P<tag></?[a-zA-Z][^<>]{0,2000}>|<!--(?:[^-<]|-(?!->)|<(?!!))*+-->)"
    r"|(?P<ref>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)"
    r"|(?P<emphasis>(?<!\s)\*{1,3}|\*{1,3}(?!\s)|~~|(?<!\w)_{1,3}|_{1,3}(?!\w))"
    r"|(?P<text>(?:[^`\\!\[\]<&*~_ \r\n]{1,1000}+| (?! {1,8}[\r\n])){1,1000}+|.)",
    re.DOTALL,
)
_TICKS = re.compile(r"`++")
_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.|\[[^\[\]]{0,200}\]){0,1000}+)\]([(\[]?)", re.DOTALL)
_TARGET = re.compile(
    r"\((?:[^()\\\r\n]|\\.|\([^()\r\n]{0,500}\)){0,2000}+\)|\[[^\[\]\r\n]{0,500}\]"
)


def labels(source: str) -> frozenset[str]:
    """The labels of the link definitions of an article, case folded."""
    return frozenset(match[1].casefold() for match in checked(_DEFINITION.finditer(source)))


class Inline:
    """Reads stretches of one article into a builder."""

    def __init__(self, source: str, builder: BlockBuilder, defined: frozenset[str]) -> None:
        self._source = source
        self._builder = builder
        self._defined = defined
        self._brackets: list[bool] = []

    def reset(self) -> None:
        """Forget open brackets: a new block begins."""
        self._brackets.clear()

    def read(self, start: int, end: int, kind: BlockKind) -> None:
        """Read source [start, end), a part of a block of that kind."""
        at = start
        runs = checked(_TICKS.finditer(self._source, start, end))
        last = {len(run[0]): run.start() for run in runs}
        while at < end:
            checkpoint()
            ticks = _TICKS.match(self._source, at, end)
            if ticks and last.get(len(ticks[0]), -1) <= at:
                # No code: to look for its end each time would take more than linear time.
                self._builder.visible(ticks[0], at, ticks.end())
                at = ticks.end()
                continue
            match = _TOKEN.match(self._source, at, end)
            assert match is not None
            at = match.end()
            if match["text"] or match["ticks_only"]:
                self._builder.visible(match[0], match.start(), at)
            elif match["escape"]:
                self._builder.visible(match[0][1], match.start(), at)
            elif match["ref"]:
                self._builder.visible(html.unescape(match[0]), match.start(), at)
            elif match["hard"] and at < end:
                self._builder.line_break(match.start(), at, kind)
            elif match["open"]:
                self._open(match, end)
            elif match["close"]:
                at = self._close(at, end)
            else:
                self._builder.mark(match.start(), at)

    def _open(self, match: re.Match[str], end: int) -> None:
        bracket = match.end() - 1
        label = _LABEL.match(self._source, bracket, end)
        is_link = label is not None and (bool(label[2]) or label[1].casefold() in self._defined)
        self._brackets.append(is_link)
        if is_link:
            self._builder.mark(*match.span())
        else:
            self._builder.visible(match[0], *match.span())

    def _close(self, at: int, end: int) -> int:
        """Read a closing bracket before ``at`` and its target; returns where they end."""
        if not (self._brackets and self._brackets.pop()):
            self._builder.visible("]", at - 1, at)
            return at
        target = _TARGET.match(self._source, at, end)
        stop = target.end() if target else at
        self._builder.mark(at - 1, stop)
        return stop
