"""Signs that a text was decoded or escaped wrongly before it was sent.

UTF-8 that was decoded as a code page of one byte per character ("mojibake") shows each
character as two to four: a leading byte and continuation bytes (RFC 3629, section 3). The text
itself is never changed, so that offsets stay those of the text as sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from summsvc.types import Article, Field, MimeType, Span, Warning, WarningType

SAMPLE_CODE_POINTS = 20_000
"""The start of a text that is examined."""

MIN_MISREAD = 6
"""Least number of code points in misread characters for a warning."""

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


_CODE_PAGES = {"windows-1252": _misread("cp1252"), "windows-1251": _misread("cp1251")}
_ESCAPED_TWICE = re.compile(r"&amp;(?:#\d{2,6}|#x[0-9a-f]{2,5}|[a-z]{2,8});", re.IGNORECASE)
_ESCAPED = re.compile(r"&(?:#\d{2,6}|#x[0-9a-f]{2,5}|amp|apos|quot|nbsp|lt|gt);", re.IGNORECASE)


def warnings(article: Article) -> Iterator[Warning]:
    """Yield a warning for each sign of a wrong encoding, with the place of the first."""
    for field, text in ((Field.TITLE, article.title), (Field.BODY, article.body)):
        sample = text[:SAMPLE_CODE_POINTS]
        outside_ascii = len(sample) - len(sample.encode("ascii", "ignore"))
        for name, pattern in _CODE_PAGES.items():
            if outside_ascii < MIN_MISREAD:
                break
            found = list(pattern.finditer(sample))
            misread = sum(match.end() - match.start() for match in found)
            if misread >= max(MIN_MISREAD, MIN_SHARE * outside_ascii):
                message = f"the text looks like UTF-8 that was read as {name}; decode it as UTF-8"
                yield _doubtful(message, field, found[0])
                break
        has_references = field is Field.BODY and article.mime_type is not MimeType.PLAIN
        if escaped := (_ESCAPED_TWICE if has_references else _ESCAPED).search(sample):
            what = "twice" if has_references else "as HTML"
            yield _doubtful(f"“{escaped[0]}” looks escaped {what}; unescape it", field, escaped)


def _doubtful(message: str, field: Field, found: re.Match[str]) -> Warning:
    return Warning(WarningType.ENCODING_DOUBTFUL, message, field, Span(*found.span()))
