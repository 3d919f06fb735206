"""Protected terms and glossary terms of a request, and where texts contain them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from summsvc.interruption import checked
from summsvc.tasks.translation.term_patterns import WORD, Pattern, Patterns

_PLACEHOLDERS = (
    r"\{\{[^{}]{1,80}\}\}"
    r"|\{%[^{}%]{1,80}%\}"
    r"|[$#%]?\{[\w.!:\[\]-]{0,40}\}"
    r"|(?<![\w%])%(?:\(\w{1,40}\)|\d\$)?[-+0#]?\d{0,3}(?:\.\d{1,2})?l{0,2}[sdiufFeEgGxXcr@](?!\w)"
    r"|(?<![\w:]):[a-z][a-z0-9_+-]{1,40}:(?![\w:])"
    r"|(?<![\w$])\$[A-Z]{1,6}(?:\.[A-Z])?(?!\w)"
)
"""Placeholders of templates and of printf, emoji names (":smile:") and tickers ("$AAPL")."""

_AUTOMATIC = re.compile(
    r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]"
    r"|www\.[^\s<>\"']+[\w/]"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w@#/&])[@#](?=\w*[^\W\d])\w{2,}"
    r"|(?<![\w/.])~?/[\w.-]+(?:/[\w.-]+)+(?<!\.)"
    r"|(?<!\w)[a-zA-Z]:\\[\w.-]+(?:\\[\w.-]+)*(?<!\.)"
    r"|(?<![\w+])\+\d[\d ()-]{6,18}\d(?!\w)"
    r"|(?<![\w-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-])"
    r"|(?<!\w)(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,64}(?!\w)"
    rf"|{_PLACEHOLDERS}"
)
"""URLs, e-mail addresses, @handles, #hashtags, file paths, phone numbers with +, UUIDs, hashes
and placeholders."""

_HINT = re.compile(r"[@#/\\+{%$]|:[a-z]|www\.|[0-9a-fA-F]{8}")
"""A necessary condition for an automatic term."""


@dataclass(frozen=True, slots=True)
class Found:
    """A term at [start, end) of a segment, and its target.

    kept: True for a protected term; the target of others may be inflected.
    """

    start: int
    end: int
    source: str
    target: str
    kept: bool = False


class Terms:
    """The terms of one request. A search is linear in the text for any number of terms."""

    def __init__(self, patterns: Iterable[Pattern], language: str) -> None:
        self._language = language
        known = list(patterns)
        self._patterns = Patterns(known) if known else None

    @staticmethod
    def of(
        do_not_translate: Sequence[str], glossary: Sequence[tuple[str, str]], language: str
    ) -> Terms:
        """The terms of a request. language: BCP-47 code of the article.

        A term without a letter or digit is ignored. Of two entries with the same source the
        first one counts, and do_not_translate before the glossary.
        """
        targets = {(term.strip(), True): "" for term in do_not_translate}
        for source, target in glossary:
            targets.setdefault((source.strip(), False), target)
        return Terms(
            [
                Pattern(source, target, kept=kept, language=language)
                for (source, kept), target in checked(targets.items())
                if WORD.search(source)
            ],
            language,
        )

    def find(self, text: str, kept: Sequence[tuple[int, int]] = ()) -> list[Found]:
        """The terms in a text, in text order; of overlapping ones the longest.

        Automatic terms are always among them. Other terms match whole words; an upper-case
        letter of the term must be upper-case in the text too. Glossary terms match in any
        inflected form, protected terms as they are written. kept: ranges [start, end) that are
        protected, in order, as ``Segment.kept``; they count before all terms.
        """
        protected = _whole_words(text, kept)
        found: list[Found] = []
        if _HINT.search(text):
            automatic = (each.span() for each in _AUTOMATIC.finditer(text))
            found += _whole_words(text, automatic)
        if self._patterns is not None:
            found += (
                Found(start, end, each.source, each.target or text[start:end], each.kept)
                for each, start, end in self._patterns.find(text, self._language)
            )
        if not found:
            return protected
        found.sort(key=lambda each: (each.start - each.end, each.start))
        taken = bytearray(len(text))
        chosen: list[Found] = []
        for each in checked(protected + found):
            if taken.find(1, each.start, each.end) < 0:
                taken[each.start : each.end] = b"\x01" * (each.end - each.start)
                chosen.append(each)
        return sorted(chosen, key=lambda each: each.start)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The spans [start, end) of the terms in a text."""
        return [(each.start, each.end) for each in self.find(text)]


def _whole_words(text: str, kept: Iterable[tuple[int, int]]) -> list[Found]:
    """Ranges in text order as protected terms, with the rest of the words at their ends.

    A term is looked for as whole words in an output: "`Widget`s" is the term "Widgets".
    """
    found: list[Found] = []
    for start, end in checked(kept):
        if found and start < found[-1].end:
            before = found.pop()
            start, end = before.start, max(end, before.end)
        while start and _in_word(text, start):
            start -= 1
        while _in_word(text, end):
            end += 1
        found.append(Found(start, end, text[start:end], text[start:end], kept=True))
    return found


def _in_word(text: str, at: int) -> bool:
    """Whether an offset is inside a word."""
    return 0 < at < len(text) and (text[at - 1] + text[at]).replace("_", "a").isalnum()


def around(text: str, found: Sequence[Found]) -> list[str]:
    """The text before, between and after its terms: one string more than there are terms."""
    bounds = [0, *(bound for each in found for bound in (each.start, each.end)), len(text)]
    return [text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]


def translatable(text: str, found: Sequence[Found]) -> bool:
    """Whether a text has a letter outside its protected terms."""
    kept = [each for each in found if each.kept]
    stretches = around(text, kept) if kept else [text]
    return any(any(map(str.isalpha, stretch)) for stretch in stretches)
