"""Faithfulness check of a summary: numbers and names that its article does not support.

Numbers are compared by value (``numerals``), names by their base forms (``names``),
acronyms also with the words that they abbreviate. No sentence of the article itself
is reported: the article supports all of them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from summsvc.articles.document import Document
from summsvc.interruption import checked, checkpoint
from summsvc.languages.stemming import stems
from summsvc.tasks.quality.numerals import Number, numbers
from summsvc.tasks.summarization.names import (
    WORD,
    Name,
    bases,
    is_common_opener,
    names,
    plain,
    stands_alone,
)

MAX_ACRONYM_LETTERS = 6

EXPANSION_WINDOW = 100
"""Words before a name that are searched for the capitalized words of an acronym's expansion."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A number or a name at [start, end) of a sentence, in code points."""

    start: int
    end: int
    text: str


class Support:
    """The numbers and names of an article, against which sentences are checked.

    texts: the article's segments, title included. language: BCP-47 code. Time and
    memory are linear in the length of the article.
    """

    def __init__(self, texts: Iterable[str], language: str) -> None:
        self._language = language
        self._values: set[object] = set()
        self._bases: set[str] = set()
        self._stems: set[str] = set()
        self._acronyms: set[str] = set()
        self._initials: set[str] = set()
        for text in checked(texts, 1):
            for number in numbers(text, language):
                self._values |= number.readings.union(*number.parts)
            words = [match[0] for match in checked(WORD.finditer(text))]
            self._stems |= set(stems(text, language))
            self._acronyms |= {plain(word) for word in words if len(word) > 1 and word.isupper()}
            self._initials |= set(_initials(words))
            for word in checked(set(words)):
                self._bases |= bases(word, language)

    @staticmethod
    def of(document: Document) -> Support:
        """The support of a document, its title included."""
        return Support((segment.text for segment in document.segments), document.language.code)

    def unsupported(self, sentence: str) -> list[Claim]:
        """Claims of a sentence that the article does not support, in text order."""
        figures = list(numbers(sentence, self._language))
        claims = [
            Claim(number.start, number.end, sentence[number.start : number.end])
            for number in figures
            if not number.loose and not self._has_number(number)
        ]
        # "Four" at the start of a sentence is a number, not a name.
        claims += [name for name in self._names(sentence) if not _overlaps(figures, name)]
        return sorted(claims, key=lambda claim: claim.start)

    def _has_number(self, number: Number) -> bool:
        if number.readings & self._values:
            return True
        return bool(number.parts) and all(part & self._values for part in number.parts)

    def _names(self, sentence: str) -> Iterator[Claim]:
        """Unsupported names; adjacent names are one claim."""
        words = list(checked(WORD.finditer(sentence)))
        found = checked(names(sentence, self._language))
        unsupported = [name for name in found if not self._has_name(name, words)]
        remaining = deque(
            name
            for name, following in checked(zip_longest(unsupported, unsupported[1:]))
            if not (name.opens and self._may_be_common(name, sentence, following))
        )
        while remaining:
            checkpoint()
            first = last = remaining.popleft()
            while remaining and _are_adjacent(sentence, last, remaining[0]):
                last = remaining.popleft()
            yield Claim(first.start, last.end, sentence[first.start : last.end])

    def _has_name(self, name: Name, words: Sequence[re.Match[str]]) -> bool:
        """Whether the article has a name. words: all words of the name's sentence."""
        if bases(name.word, self._language) & self._bases:
            return True
        folded = plain(name.word)
        if name.is_acronym:
            return folded in self._initials
        index = bisect_left(words, name.start, key=_start)
        following = [match[0] for match in words[index : index + MAX_ACRONYM_LETTERS]]
        preceding = (
            match[0] for match in reversed(words[max(0, index - EXPANSION_WINDOW) : index])
        )
        capitals = [word for word in preceding if word[0].isupper()][:MAX_ACRONYM_LETTERS]
        initials = _initials([*reversed(capitals), *following])
        return bool(self._acronyms & {letters for letters in initials if folded[0] in letters})

    def _may_be_common(self, name: Name, sentence: str, following: Name | None) -> bool:
        """Whether a sentence's first word may be a common word instead of a name.

        following: the next unsupported name.
        """
        if name.is_acronym:
            return False
        alone = following is None or not _are_adjacent(sentence, name, following)
        if alone and not stands_alone(self._language):
            return True
        found = set(stems(name.word, self._language))
        return bool(found & self._stems) or is_common_opener(name.word, self._language)


def _start(match: re.Match[str]) -> int:
    return match.start()


def _overlaps(figures: Sequence[Number], name: Claim) -> bool:
    """Whether one of the numbers, in text order, overlaps a name."""
    after = bisect_left(figures, name.end, key=lambda number: number.start)
    # Numbers do not overlap each other, so the last one that starts before the name's end decides.
    return after > 0 and figures[after - 1].end > name.start


def _are_adjacent(sentence: str, name: Name, following: Name) -> bool:
    """Whether only spaces and hyphens separate two names."""
    return not sentence[name.end : following.start].strip(" -\u00a0")


def _initials(words: list[str]) -> Iterator[str]:
    """First letters of each run of 2 to 6 words that begins with a capital."""
    letters = [plain(word[0]) for word in words]
    for i, word in enumerate(checked(words)):
        if word[0].isupper():
            for size in range(2, MAX_ACRONYM_LETTERS + 1):
                if i + size <= len(words):
                    yield "".join(letters[i : i + size])
