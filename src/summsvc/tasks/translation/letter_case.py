"""Letter case of a segment: capitals and title case, to sentence case and back.

Models are trained on sentence case and often copy a text in capitals. The usual form of a
word is the one that other segments of the article have within sentences (truecasing as in
Lita et al. 2003, "tRuEcasIng").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from enum import Enum

from summsvc.articles.occurrences import Occurrences
from summsvc.interruption import checked
from summsvc.languages import registry
from summsvc.languages.stemming import stop_words

_WORD = re.compile(r"[^\W\d_][\w’']*(?:[.&-]\w[\w’']*)*(?:(?<=\.\w)\.)?")
_VOWEL = re.compile("[aeiouyąęėįųūаеёиоуыэюяіїє]", re.IGNORECASE)

_ACRONYM = re.compile(r"[\d.&]")
"""What a word in capitals has only if it is an acronym or a designation."""

MIN_CAPITALS = 5
"""Least letters of a text in capitals; a shorter one may be an acronym."""

MIN_TITLE_WORDS = 3
"""Least capitalized words of a text in title case; fewer may be a name."""

LONG_WORD = 4
"""Letters from which on every word of a text in title case has a capital."""

MIN_COPIED = 2
"""Least words of a text in capitals that counts as left in the source's language if it is
returned unchanged; twice as many in title case, which names have too."""


MOST_READ = 20_000
"""Most code points that are read for the usual forms of words: some milliseconds."""


class LetterCase(Enum):
    """How a text uses capital letters."""

    MIXED = "mixed"
    CAPITALS = "capitals"
    TITLE = "title case"


def case_of(text: str) -> LetterCase:
    """The letter case of a text."""
    if text.isupper():
        letters = sum(map(str.isalpha, text))
        return LetterCase.CAPITALS if letters >= MIN_CAPITALS else LetterCase.MIXED
    words = [match[0] for match in checked(_WORD.finditer(text))]
    capitalized = sum(word[0].isupper() for word in words)
    has_small = any(word[0].islower() for word in words if len(word) >= LONG_WORD)
    is_title = capitalized >= MIN_TITLE_WORDS and 2 * capitalized > len(words) and not has_small
    return LetterCase.TITLE if is_title else LetterCase.MIXED


def is_copied(source: str, output: str) -> bool:
    """Whether an output repeats a source in capitals or title case, which may not be a name."""
    if source.casefold() != output.casefold():
        return False
    case = case_of(source)
    least = {LetterCase.MIXED: 0, LetterCase.CAPITALS: MIN_COPIED, LetterCase.TITLE: 2 * MIN_COPIED}
    return case is not LetterCase.MIXED and sum(1 for _ in _WORD.finditer(source)) >= least[case]


class UsualForms:
    """The usual letter case of words, from the other segments of an article.

    texts: of the segments; read when a form is asked for the first time, up to MOST_READ.
    """

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._texts = texts
        self._forms: dict[str, str] | None = None

    def get(self, word: str) -> str | None:
        """The most frequent form of a word within sentences; None for an unknown word."""
        if self._forms is None:
            self._forms = self._counted()
        return self._forms.get(word.casefold())

    def _counted(self) -> dict[str, str]:
        counts: Counter[str] = Counter()
        left = MOST_READ
        for text in checked(self._texts):
            left -= len(text)
            if left < 0:
                break
            if case_of(text) is LetterCase.MIXED:
                first, *others = [match[0] for match in checked(_WORD.finditer(text))] or [""]
                counts.update(others)
                if first[1:] != first[1:].lower():
                    counts[first] += 1
        forms: dict[str, str] = {}
        for form, _ in counts.most_common():
            forms.setdefault(form.casefold(), form)
        return forms


def sentence_case(
    text: str,
    case: LetterCase,
    language: str,
    usual: UsualForms,
    kept: Sequence[tuple[int, int]] = (),
) -> str:
    """A text in capitals or title case as it would be written within a sentence, as long as it.

    language: BCP-47 code of the text. kept: spans that stay as they are, in order, such as
    terms. Names that no other segment has are written in lower case; acronyms keep their
    capitals: in title case all of them, in capitals those of the language file and those
    without a vowel, with a digit or with a full stop inside.
    """
    is_capitals = case is LetterCase.CAPITALS
    acronyms = registry.current().get(language).names.acronyms if is_capitals else frozenset()
    spans = iter([*kept, (len(text), len(text))])
    start, end = next(spans)
    at = 0
    pieces: list[str] = []
    for match in checked(_WORD.finditer(text)):
        while end <= match.start() and start < len(text):
            start, end = next(spans)
        if match.end() <= start:
            word = match[0]
            known = usual.get(word) or (word if word.lower() in acronyms else None)
            form = known or _lowered(word, is_capitals=is_capitals)
            # Spans of terms hold for the result only if no word changes its length.
            pieces += text[at : match.start()], form if len(form) == len(word) else word
            at = match.end()
    lowered = "".join(pieces) + text[at:]
    first = next((i for i, char in enumerate(lowered) if char.isalpha()), 0)
    if kept and kept[0][0] <= first < kept[0][1]:
        return lowered
    upper = lowered[first : first + 1].upper()
    return lowered[:first] + upper + lowered[first + 1 :] if len(upper) == 1 else lowered


def _lowered(word: str, *, is_capitals: bool) -> str:
    """A word in lower case unless it looks like an acronym."""
    if is_capitals:
        is_acronym = bool(_ACRONYM.search(word)) or not _VOWEL.search(word)
    else:
        is_acronym = word[1:] != word[1:].lower()
    return word if is_acronym else word.lower()


def in_case(text: str, case: LetterCase, language: str, kept: Collection[str] = ()) -> str:
    """A translation in the letter case of its source. kept: strings that stay as they are.

    language: BCP-47 code; its stop words stay in lower case in title case.
    """
    if case is LetterCase.MIXED:
        return text
    there = Occurrences(kept).apart(text) if kept else []
    pieces: list[str] = []
    at = 0
    for start, string in checked([*there, (len(text), "")]):
        pieces += _changed(text[at:start], case, language, is_first=at == 0), string
        at = start + len(string)
    return "".join(pieces)


def _changed(text: str, case: LetterCase, language: str, *, is_first: bool) -> str:
    """A part of a translation in another letter case. is_first: whether it begins the text."""
    if case is LetterCase.CAPITALS:
        return text.upper()
    small = stop_words(language)
    pieces: list[str] = []
    at = 0
    for match in checked(_WORD.finditer(text)):
        word = match[0]
        is_small = word in small and (at or not is_first)
        pieces += text[at : match.start()], word if is_small else word[0].upper() + word[1:]
        at = match.end()
    return "".join(pieces) + text[at:]
