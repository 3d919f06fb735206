"""Escaping of text for HTML and Markdown, so that no character is parsed as markup."""

from __future__ import annotations

import html
import re

from summsvc.interruption import checked_matches
from summsvc.types import MimeType

_MARKDOWN_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|\Z)"
    r"|`"
    r"|(?<!\s)\*|\*(?!\s)"
    r"|(?<!\w)_|_(?!\w)"
    r"|~(?=~)"
    r"|\[(?![^\[\]\\]{0,200}\](?![(\[:]))|\](?=[(\[:])"
    r"|<(?=[a-zA-Z/!?])"
    r"|\|"
)
_MARKDOWN_BEFORE_MARK = re.compile(r"(?<!\\)[!\\\]<]\Z")
_AMPERSAND_OF_REFERENCE = re.compile(
    r"&(?=#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)"
)
_MARKDOWN_LINE_START = re.compile(
    r"(#{1,6}|[-+>*:]|\d{1,9}(?=[.)]))(?=[.)]?(?:\s|\Z))|[=~-]{2,}\s*\Z"
)


def escape(
    text: str, mime_type: MimeType, *, at_line_start: bool = False, before_markup: bool = False
) -> str:
    """Escape ``text``, a part of one line, for a format.

    at_line_start: whether the text begins a line, where Markdown block markers must be
    escaped. before_markup: whether markup follows the text directly.
    """
    if mime_type is MimeType.HTML:
        return html.escape(text, quote=False)
    if mime_type is MimeType.PLAIN:
        return text
    start = _MARKDOWN_LINE_START.match(text) if at_line_start else None
    text = _AMPERSAND_OF_REFERENCE.sub("&amp;", _backslash_escape(text))
    if before_markup:
        text = _MARKDOWN_BEFORE_MARK.sub(r"\\\g<0>", text)
    if not start:
        return text
    if start[0].isdigit():
        return f"{start[0]}\\{text[len(start[0]) :]}"
    return text if text.startswith("\\") else f"\\{text}"


def _backslash_escape(text: str) -> str:
    """The text with a backslash before each character that Markdown could parse as markup."""
    pieces: list[str] = []
    at = 0
    for match in checked_matches(_MARKDOWN_SPECIAL, text):
        pieces += [text[at : match.start()], "\\"]
        at = match.start()
    pieces.append(text[at:])
    return "".join(pieces)
