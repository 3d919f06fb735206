"""The charset of a file or a web page: declared, or detected from the text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from summsvc.articles.encoding import binary_format
from summsvc.cli import charset_detection

MAX_REPLACED = 0.01
"""Share of the bytes outside ASCII that may not fit a declared charset; they are replaced."""

DECLARATION_BYTES = 2048
"""The start of a document in which its declaration is looked for."""

_DECLARATIONS = (
    re.compile(rb"\A\s{0,20}<\?xml\b[^>]{0,200}\bencoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE),
    re.compile(rb"<meta\b[^>]{0,500}\bcharset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE),
)
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark is the beginning of this one.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TEXT_CODEC = re.compile(r"utf-(?!7)|iso|cp|koi8|mac|gb|big5|shift|euc|ascii|tis|ptcp|kz|hz|johab")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class CharsetError(Exception):
    """Bytes that are no text, or not certainly one; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text. note: what a person has to know about its charset, "" for nothing."""

    text: str
    note: str = ""


def codec_of(label: str) -> str:
    """Python's name of the text codec for a charset's name; "" if there is none.

    ISO-8859-1 and ASCII are windows-1252, as in https://encoding.spec.whatwg.org/#names-and-labels.
    """
    label = label.strip().lower().removeprefix("x-")
    try:
        name = codecs.lookup(re.sub(r"^win-?(?=\d)", "cp", label)).name
    except (LookupError, ValueError):
        return ""
    if name in ("iso8859-1", "ascii"):
        return "cp1252"
    return name if _TEXT_CODEC.match(name) else ""


def decode(data: bytes, *, named: str = "", declared: str = "") -> Decoded:
    """The text of some bytes.

    named: charset that the caller names; nothing else is tried. declared: that of a header, which
    counts more than one inside the document. A byte-order mark and valid UTF-8 count more than
    declarations: other charsets hardly ever produce either. Raises CharsetError.
    """
    if binary := binary_format(data[:64].decode("latin-1")):
        raise CharsetError(f"looks like {binary}; give the text that it contains")
    if named:
        return _as_named(data, named)
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _lenient(data, codec)
    inside = next(
        (
            found[1].decode()
            for each in _DECLARATIONS
            if (found := each.search(data, 0, DECLARATION_BYTES))
        ),
        "",
    )
    if b"\0" in data and (wide := _wide(data, declared)):
        return wide
    label = declared or inside
    codec = codec_of(label)
    if codec.startswith(("utf-16", "utf-32")):
        codec = ""
    try:
        return Decoded(data.decode(codec if codec and data.isascii() else "utf-8"))
    except UnicodeDecodeError as error:
        if codec and (nearly := _nearly(data, codec)):
            return nearly
        return _nearly(data, "utf-8") or _detected(data, error.start)


def _as_named(data: bytes, name: str) -> Decoded:
    codec = codec_of(name)
    try:
        return Decoded(data.decode(codec).removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        byte = f"byte 0x{data[error.start]:02X} at offset {error.start}"
        raise CharsetError(f"not {name}: {byte}; name another --charset") from error


def _lenient(data: bytes, codec: str) -> Decoded:
    text = data.decode(codec, "replace")
    own = data.count(b"\xef\xbf\xbd") if codec.startswith("utf-8") else 0
    replaced = text.count("\ufffd") - own
    name = codec.removesuffix("-sig").upper()
    return Decoded(text, f"{replaced} places are not {name} and were replaced" if replaced else "")


def _nearly(data: bytes, codec: str) -> Decoded | None:
    """The text in a charset that all but a few bytes fit."""
    found = _lenient(data, codec)
    outside_ascii = len(data) - len(data.decode("ascii", "ignore"))
    fits = found.text.count("\ufffd") <= MAX_REPLACED * outside_ascii
    return found if fits else None


def _wide(data: bytes, declared: str) -> Decoded | None:
    """The text of UTF-16 or UTF-32 without a byte-order mark; None if it is in neither."""
    codec = codec_of(declared)
    if not codec.startswith(("utf-16-", "utf-32-")):
        codec = charset_detection.wide_codec(data)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    if not charset_detection.is_text(text):
        return None
    return _guessed(codec.upper(), text)


def _detected(data: bytes, wrong: int) -> Decoded:
    found = None if _CONTROLS.search(data) else charset_detection.detect(data)
    if found is None:
        raise CharsetError(
            f"not UTF-8: byte 0x{data[wrong]:02X} at offset {wrong}; its charset is not certain: "
            "name it with --charset, for example --charset windows-1257"
        )
    return _guessed(*found)


def _guessed(name: str, text: str) -> Decoded:
    return Decoded(text, f"read as {name}, which was detected; --charset names another one")
