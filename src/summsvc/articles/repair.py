"""Repair of texts that were certainly decoded or escaped wrongly, with the places as sent.

A repair replaces runs of characters by one character each, so that a map from the repaired text
to the text as sent is exact.
"""

from __future__ import annotations

import html
import re
import unicodedata
from array import array
from dataclasses import dataclass, replace

from summsvc.articles import code_pages, encoding
from summsvc.articles.characters import SCAN_CHUNK
from summsvc.articles.document import Document, Segment
from summsvc.articles.encoding import CodePage
from summsvc.articles.source_map import SourceMap, add_offsets
from summsvc.interruption import checked, checked_matches
from summsvc.types import Article, Field, MimeType, Span, Warning, WarningType

MAX_TIMES = 2
"""How often a text is decoded again: some were read wrongly twice."""

_Edits = list[tuple[int, int, str]]

_NOT_TEXT = frozenset(("Cc", "Cn", "Co", "Cs"))
_PLAIN_AMPERSANDS = re.compile(r"</?[a-zA-Z!][^<>]*>|&(?P<reference>#?\w{1,10};)?")
_CODE = re.compile(r"<(?:code|pre|kbd|samp|textarea)\b|`", re.IGNORECASE)
_REACH = 3
"""Most code points of a misread character after its first."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """An article after its repair.

    article: with the repaired texts. fields: the repaired ones, mapped to the text as sent.
    warnings: what was repaired, and what looks wrong but was left as sent.
    """

    article: Article
    fields: dict[Field, SourceMap]
    warnings: tuple[Warning, ...]

    def placed(self, document: Document) -> Document:
        """The document of the repaired article, with all places in the text as sent."""
        if not self.fields:
            return replace(document, warnings=(*self.warnings, *document.warnings))
        page = document.page
        return replace(
            document,
            title=tuple(map(self._placed_segment, checked(document.title))),
            body=tuple(map(self._placed_segment, checked(document.body))),
            removed=tuple(self._span(Field.BODY, span) for span in checked(document.removed)),
            warnings=(*self.warnings, *map(self._placed_warning, checked(document.warnings))),
            parts=tuple(
                replace(part, span=self._span(part.field, part.span)) for part in document.parts
            ),
            page=page
            and replace(
                page, furniture=tuple(self._span(Field.BODY, span) for span in page.furniture)
            ),
        )

    def _placed_segment(self, segment: Segment) -> Segment:
        return replace(segment, span=self._span(segment.field, segment.span))

    def _placed_warning(self, warning: Warning) -> Warning:
        if warning.field is None or warning.span is None:
            return warning
        return replace(warning, span=self._span(warning.field, warning.span))

    def _span(self, field: Field, span: Span) -> Span:
        places = self.fields.get(field)
        return places.span(span.start, span.end) if places and span.end > span.start else span


def repair(article: Article) -> Repaired:
    """Repair the texts of an article where it is certain how; else only warn.

    Misread: every character outside ASCII belongs to a misread one, all decode without loss to
    text, and words stay within one script. A code page read as another one: see ``code_pages``.
    Escaped: every ampersand of the text begins a reference that was escaped, and most stand at a
    word. In time linear in the lengths.
    """
    fields: dict[Field, SourceMap] = {}
    warnings: list[Warning] = []
    texts = {Field.TITLE: article.title, Field.BODY: article.body}
    for field, text in texts.items():
        mime_type = article.mime_type if field is Field.BODY else MimeType.PLAIN
        mended, found = _repair_field(field, text, mime_type)
        warnings += found
        if mended:
            fields[field] = mended
            texts[field] = mended.text
    if fields:
        article = replace(article, title=texts[Field.TITLE], body=texts[Field.BODY])
    return Repaired(article, fields, tuple(warnings))


def _repair_field(
    field: Field, text: str, mime_type: MimeType
) -> tuple[SourceMap | None, list[Warning]]:
    """The repaired text of a field, None if nothing was repaired, and the warnings."""
    places: SourceMap | None = None
    warnings: list[Warning] = []
    if misread := encoding.misread_as(text):
        page, first = misread
        places = _decoded_text(text)
        if places:
            text = places.text
            message = f"the text is UTF-8 that was read as {page.name}; it was decoded again"
            warnings.append(_warning(message, field, first.span(), None))
        else:
            warnings.append(encoding.misread_warning(field, page, first))
    elif other := code_pages.misreading_of(text):
        places = SourceMap(other.decoded(text), range(len(text)), range(1, len(text) + 1))
        text = places.text
        message = f"the text is {other.name} that was read as windows-1252; it was decoded again"
        warnings.append(_warning(message, field, (other.first, other.first + 1), None))
    if escaped := encoding.first_escaped(text, mime_type):
        if edits := _unescaped(text, mime_type):
            message = f"{len(edits)} characters were escaped once too often; they were unescaped"
            warnings.append(_warning(message, field, escaped.span(), places))
            places = _edited(text, edits, places)
        else:
            doubt = encoding.escaped_warning(field, escaped, mime_type)
            if places and doubt.span:
                doubt = replace(doubt, span=places.span(doubt.span.start, doubt.span.end))
            warnings.append(doubt)
    return places, warnings


def _warning(message: str, field: Field, at: tuple[int, int], places: SourceMap | None) -> Warning:
    span = places.span(*at) if places else Span(*at)
    return Warning(WarningType.ENCODING_REPAIRED, message, field, span)


def _decoded_text(text: str) -> SourceMap | None:
    """A misread text, decoded; None if it is not certain that it is misread throughout."""
    places: SourceMap | None = None
    is_plausible = False
    for _ in range(MAX_TIMES):
        if (misread := encoding.misread_as(text)) is None:
            break
        if not (edits := _decoded(text, misread[0])):
            return None
        is_plausible = _is_plausible(text, edits)
        places = _edited(text, edits, places)
        text = places.text
    return places if is_plausible and encoding.misread_as(text) is None else None


def _decoded(text: str, page: CodePage) -> _Edits:
    """The misread characters, decoded; none if one cannot be or others are outside ASCII."""
    edits: _Edits = []
    outside_ascii = misread = 0
    for low in checked(range(0, len(text), SCAN_CHUNK), 1):
        high = min(low + SCAN_CHUNK, len(text))
        chunk = text[low:high]
        outside_ascii += len(chunk) - len(chunk.encode("ascii", "ignore"))
        begin = max(low, edits[-1][1]) if edits else low
        for match in page.misread.finditer(text, begin, min(high + _REACH, len(text))):
            if match.start() >= high:
                break
            char = _character(match[0], page.codec)
            if not char:
                return []
            edits.append((*match.span(), char))
            misread += len(match[0])
        if misread < outside_ascii - _REACH:
            return []
    return edits if misread == outside_ascii else []


def _character(misread: str, codec: str) -> str:
    """The character that a code page shows as ``misread``; "" if there is none."""
    data = bytearray()
    for char in misread:
        # Bytes that a code page does not define are often read as control characters.
        data += char.encode(codec) if ord(char) >= 0xA0 else bytes((ord(char),))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _is_plausible(text: str, edits: _Edits) -> bool:
    """Whether repaired characters stand where a writer puts them: letters in words of one script,
    marks at a word. A text about wrong encodings has them alone.
    """
    alone = mixed = 0
    for i, (start, end, char) in enumerate(checked(edits)):
        if unicodedata.category(char) in _NOT_TEXT:
            return False
        before = edits[i - 1][2] if i and edits[i - 1][1] == start else text[start - 1 : start]
        follows = i + 1 < len(edits) and edits[i + 1][0] == end
        after = edits[i + 1][2] if follows else text[end : end + 1]
        neighbours = [each for each in (before, after) if each.isalpha()]
        if char.isalpha():
            alone += not neighbours
            mixed += any(_is_cyrillic(each) != _is_cyrillic(char) for each in neighbours)
        elif not char.isspace() and unicodedata.category(char) not in ("Pd", "So", "Cf"):
            alone += not neighbours and not (before + after).strip()
    return 2 * alone < len(edits) and 10 * mixed <= len(edits)


def _is_cyrillic(char: str) -> bool:
    return "\u0400" <= char <= "\u052f"


def _unescaped(text: str, mime_type: MimeType) -> _Edits:
    """The references of a text that were escaped, unescaped; none if that is not certain.

    In HTML and Markdown the ampersand of a reference is unescaped, in plain text the reference.
    """
    is_plain = mime_type is MimeType.PLAIN
    if not is_plain and _CODE.search(text):
        return []
    edits: _Edits = []
    at_word = alone = 0
    for match in checked_matches(_PLAIN_AMPERSANDS if is_plain else encoding.AMPERSANDS, text):
        if match[0].startswith("<"):
            if is_plain:
                return []
            continue
        reference = match["reference"] or ""
        char = html.unescape(f"&{reference}")
        if (
            not reference
            or len(char) != 1
            or char in "<>"
            or unicodedata.category(char) in _NOT_TEXT
        ):
            return []
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if before.isalnum() or after.isalnum():
            at_word += 1
        else:
            alone += 1
        end = match.end() if is_plain else match.end() - len(reference)
        edits.append((match.start(), end, char if is_plain else "&"))
    return edits if at_word and at_word >= alone else []


def _edited(text: str, edits: _Edits, places: SourceMap | None) -> SourceMap:
    """The text with runs replaced by one character each, mapped to the text as sent.

    places: of ``text``, None if it is the text as sent.
    """
    pieces: list[str] = []
    starts, ends = array("i"), array("i")
    at = 0
    for start, end, char in checked(edits):
        pieces += (text[at:start], char)
        add_offsets(starts, ends, [(at, start)])
        starts.append(start)
        ends.append(end)
        at = end
    pieces.append(text[at:])
    add_offsets(starts, ends, [(at, len(text))])
    if places:
        starts = array("i", [places.starts[each] for each in checked(starts)])
        ends = array("i", [places.ends[each - 1] for each in checked(ends)])
    return SourceMap("".join(pieces), starts, ends)
