"""Signs that a text was decoded or escaped wrongly before it was sent.

UTF-8 that was decoded as a code page of one byte per character ("mojibake") shows each
character as two to four: a leading byte and continuation bytes (RFC 3629, section 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from summsvc.interruption import checked
from summsvc.types import Field, MimeType, Span, Warning, WarningType

SAMPLE_CODE_POINTS = 20_000
"""The start of a text that is examined."""

MIN_MISREAD = 4
"""Least number of code points in misread characters for a warning; one character is enough if it
is shown as three or more."""

MIN_SHARE = 0.7
"""Least share of misread characters among all code points outside ASCII for a warning."""

_BINARY = {
    "%PDF-": "a PDF document",
    "\x89PNG": "a PNG image",
    "\u2030PNG": "a PNG image",
    "\ufffdPNG": "a PNG image",
    "GIF87a": "a GIF image",
    "GIF89a": "a GIF image",
    "\xff\xd8\xff": "a JPEG image",
    "\ufffd\ufffd\ufffd\ufffd\x00": "a JPEG image",
    "PK\x03\x04": "a ZIP archive, such as a DOCX or EPUB document",
    "\x1f\x8b": "a gzip archive",
    "\x1f\u2039": "a gzip archive",
    "\x1f\ufffd": "a gzip archive",
    "Rar!\x1a": "a RAR archive",
    "7z\xbc\xaf\x27\x1c": "a 7z archive",
    "\xd0\xcf\x11\xe0": "a Microsoft Office document",
    "{\\rtf": "an RTF document",
}
"""First characters of files that are no text, also as a lenient decoder shows them."""


def binary_format(text: str) -> str:
    """What kind of file a text is the content of; "" for text."""
    start = text[:64].lstrip("\ufeff \t\r\n")
    return next((name for magic, name in _BINARY.items() if start.startswith(magic)), "")


def _characters(code_page: str, values: Iterable[int]) -> str:
    """The characters of some byte values, escaped for a class of a regular expression."""
    found = {chr(value) for value in values if value < 0xA0}
    for value in values:
        try:
            found.add(bytes([value]).decode(code_page))
        except UnicodeDecodeError:
            continue
    return re.escape("".join(sorted(found)))


def _misread(code_page: str) -> re.Pattern[str]:
    """A character of UTF-8 as the code page shows it."""
    two = _characters(code_page, range(0xC2, 0xE0))
    three = _characters(code_page, range(0xE0, 0xF0))
    four = _characters(code_page, range(0xF0, 0xF5))
    next_ = f"[{_characters(code_page, range(0x80, 0xC0))}]"
    # A pattern that begins with one class skips other text faster than one of alternatives.
    return re.compile(
        f"[{two}{three}{four}]"
        f"(?:(?<=[{two}]){next_}|(?<=[{three}]){next_}{{2}}|(?<=[{four}]){next_}{{3}})"
    )


@dataclass(frozen=True, slots=True)
class CodePage:
    """A code page as which UTF-8 is often read.

    codec: Python's name. misread: matches a character of UTF-8 as the code page shows it.
    """

    name: str
    codec: str
    misread: re.Pattern[str]


CODE_PAGES = tuple(
    CodePage(name, codec, _misread(codec))
    for name, codec in (("windows-1252", "cp1252"), ("windows-1251", "cp1251"))
)
ESCAPED_TWICE = re.compile(r"&amp;(?:#\d{2,6}|#x[0-9a-f]{2,5}|[a-z]{2,8});", re.IGNORECASE)
ESCAPED = re.compile(r"&(?:#\d{2,6}|#x[0-9a-f]{2,5}|amp|apos|quot|nbsp|lt|gt);", re.IGNORECASE)


AMPERSANDS = re.compile(
    r"<(script|style|noscript|template|svg)\b.*?(?:</\1|\Z)|<!--.*?(?:-->|\Z)|<[^<>]*>"
    r"|&amp;(?P<reference>#?\w{1,10};)?",
    re.IGNORECASE | re.DOTALL,
)
"""Matches an escaped ampersand in text; tags, comments and scripts are matched as a whole."""


def misread_as(text: str) -> tuple[CodePage, re.Match[str]] | None:
    """The code page as which a text's UTF-8 was read, and the first misread character."""
    sample = text[:SAMPLE_CODE_POINTS]
    outside_ascii = len(sample) - len(sample.encode("ascii", "ignore"))
    if not outside_ascii:
        return None
    for page in CODE_PAGES:
        found = list(page.misread.finditer(sample))
        misread = sum(match.end() - match.start() for match in found)
        enough = misread >= MIN_MISREAD or any(len(match[0]) > 2 for match in found)
        if enough and misread >= MIN_SHARE * outside_ascii:
            return page, found[0]
    return None


def first_escaped(text: str, mime_type: MimeType) -> re.Match[str] | None:
    """The first character reference that the text's format would show as it is written."""
    if mime_type is MimeType.PLAIN:
        return ESCAPED.search(text, 0, SAMPLE_CODE_POINTS)
    matches = checked(AMPERSANDS.finditer(text, 0, SAMPLE_CODE_POINTS))
    return next((match for match in matches if ESCAPED_TWICE.fullmatch(match[0])), None)


def misread_warning(field: Field, page: CodePage, first: re.Match[str]) -> Warning:
    """The warning about a text that looks misread."""
    message = f"the text looks like UTF-8 that was read as {page.name}; decode it as UTF-8"
    return _doubtful(message, field, first)


def escaped_warning(field: Field, first: re.Match[str], mime_type: MimeType) -> Warning:
    """The warning about a text that looks escaped once too often."""
    what = "as HTML" if mime_type is MimeType.PLAIN else "twice"
    return _doubtful(f"“{first[0]}” looks escaped {what}; unescape it", field, first)


def _doubtful(message: str, field: Field, found: re.Match[str]) -> Warning:
    return Warning(WarningType.ENCODING_DOUBTFUL, message, field, Span(*found.span()))
