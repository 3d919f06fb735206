"""Text written in the syntax of each form, so that nothing in it is taken for markup."""

from __future__ import annotations

import html
import re

from summsvc.articles.article import MimeType
from summsvc.interruption import checked

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
_MARKDOWN_BEFORE_MARKUP = re.compile(r"(?<!\\)[!\\\]<]\Z")
_REFERENCE = re.compile(r"&(?=#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)")
_MARKDOWN_LINE_START = re.compile(
    r"(#{1,6}|[-+>*]|\d{1,9}(?=[.)]))(?=[.)]?(?:\s|\Z))|[=~-]{2,}\s*\Z"
)


def escaped(
    text: str, mime_type: MimeType, *, at_line_start: bool = False, before_markup: bool = False
) -> str:
    """The source that shows ``text``, a piece of one line."""
    if mime_type is MimeType.HTML:
        return html.escape(text, quote=False)
    if mime_type is MimeType.PLAIN:
        return text
    start = _MARKDOWN_LINE_START.match(text) if at_line_start else None
    text = _REFERENCE.sub("&amp;", _with_backslashes(text))
    if before_markup:
        text = _MARKDOWN_BEFORE_MARKUP.sub(r"\\\g<0>", text)
    if not start:
        return text
    if start[0].isdigit():
        return f"{start[0]}\\{text[len(start[0]) :]}"
    return text if text.startswith("\\") else f"\\{text}"


def _with_backslashes(text: str) -> str:
    """A backslash before each special character."""
    pieces: list[str] = []
    at = 0
    for match in checked(_MARKDOWN_SPECIAL.finditer(text)):
        pieces += [text[at : match.start()], "\\"]
        at = match.start()
    pieces.append(text[at:])
    return "".join(pieces)
