"""Inline elements of HTML with a meaning of their own: quotations, note numbers, kept text."""

from __future__ import annotations

import re

from summsvc.articles.characters import QUOTATION_MARKS

KEPT_ELEMENTS = frozenset("code kbd samp tt".split())
"""Elements whose text is part of its sentence and that translations keep as it is."""

ANNOTATION_ELEMENTS = frozenset("rt rp rtc".split())
"""Elements with the pronunciation of a ruby element's text. It stands beside the text and not in
it, so it is markup."""

RUBY_ELEMENTS = ANNOTATION_ELEMENTS | {"ruby", "rb"}
"""Elements before whose tags an annotation ends that has no end tag."""

_NO_TRANSLATE = re.compile(
    r"""\btranslate\s*=\s*["']?no\b|\bclass\s*=\s*(?:"[^"]*\bnotranslate\b|'[^']*\bnotranslate\b"""
    r"""|notranslate\b)""",
    re.IGNORECASE,
)
MAX_NOTE = 300
"""Code points of the source of a note number, tags included."""

_TAG = re.compile(r"<[^<>]*>")
_LINK = re.compile(r"<a[\s>]", re.IGNORECASE)
_NOTE_MARK = re.compile(r"\s*(?:\[\d{1,3}\]|[*†‡§¶]{1,3}|\[[a-z]{1,4}(?: \d{1,2})?\])\s*")
_NUMBER = re.compile(r"\s*\d{1,3}\s*")
_LETTER = re.compile(r"\s*[a-z]\s*")
_ENDED_SENTENCE = re.compile(r"[^\W\d_]{3}[.!?…][\"'”’»›)\]]{0,2}\Z")
_WORD_BEFORE = re.compile(r"[^\W\d_]{5,}\Z")
_EXPONENT = re.compile(r"\s*[−+–-]?\d{1,3}\s*")
_UNIT_OR_NUMBER_BEFORE = re.compile(r"(?<!\d\d)[\w%°]\Z")


def is_not_translated(attributes: str) -> bool:
    """Whether the attributes of a tag say that translations keep its element as it is."""
    return "translate" in attributes.lower() and _NO_TRANSLATE.search(attributes) is not None


def is_note_number(content: str, before: str) -> bool:
    """Whether the content of a ``sup`` element is the number of a note and not part of a word.

    That is a number in brackets or a mark; a number or a letter with a link; a letter after the
    end of a sentence; or a number after a punctuation mark, or after a word of five letters or a
    number of three digits or more, since units and powers are shorter. content: as in the source.
    before: the visible text before the element.
    """
    if len(content) > MAX_NOTE:
        return False
    shown = _TAG.sub("", content)
    if _NOTE_MARK.fullmatch(shown):
        return True
    if _LINK.search(content):
        return bool(_NUMBER.fullmatch(shown) or _LETTER.fullmatch(shown))
    before = before.rstrip()
    if _LETTER.fullmatch(shown) and _ENDED_SENTENCE.search(before):
        return True
    if not _NUMBER.fullmatch(shown) or not before:
        return False
    if _UNIT_OR_NUMBER_BEFORE.search(before) is None:
        return True
    return _WORD_BEFORE.search(before[-5:]) is not None


def is_exponent(content: str, before: str, after: str) -> bool:
    """Whether the content of a ``sup`` element is the exponent of the number before it.

    content, before: as for ``is_note_number``, which it is not. after: the character after the
    element; a stroke is that of a fraction.
    """
    return (
        len(content) <= MAX_NOTE
        and before[-1:].isdecimal()
        and after not in ("/", "⁄")
        and _EXPONENT.fullmatch(_TAG.sub("", content)) is not None
    )


class Quotations:
    """The quotation marks of the ``q`` tags of a block; the language's own replace them later."""

    def __init__(self) -> None:
        self._depth = 0

    def mark_of(self, *, closes: bool) -> str:
        """The quotation mark of the next tag; empty for an end tag without a start tag."""
        if closes:
            if not self._depth:
                return ""
            self._depth -= 1
        mark = QUOTATION_MARKS[2 * (self._depth > 0) + closes]
        self._depth += not closes
        return mark

    def reset(self) -> None:
        """Forget open quotations at the end of a block."""
        self._depth = 0
