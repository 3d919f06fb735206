"""Numbers and names of a summary that its article does not have.

A number agrees with another by value (``numerals``), a name by what its forms
have in common (``names``), an acronym also with the words it stands for. What
an article says is never doubted when it is said again: every sentence of the
article is supported by it.
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

LONGEST_ACRONYM = 6

LOOK_BACK = 100
"""Words before a name among which those with capitals are looked for that may spell it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A number or a name at [start, end) of a sentence, in code points."""

    start: int
    end: int
    text: str


class Support:
    """What an article says, to hold sentences against.

    texts: the article's segments, title included. language: BCP-47. Time and
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
        """The support that a document gives, its title included."""
        return Support((segment.text for segment in document.segments), document.language.code)

    def unsupported(self, sentence: str) -> list[Claim]:
        """Claims of a sentence that the article does not have, in text order."""
        figures = list(numbers(sentence, self._language))
        claims = [
            Claim(each.start, each.end, sentence[each.start : each.end])
            for each in figures
            if not each.loose and not self._has_number(each)
        ]
        # "Four" at the start of a sentence is no name.
        claims += [name for name in self._names(sentence) if not _overlap(figures, name)]
        return sorted(claims, key=lambda claim: claim.start)

    def _has_number(self, number: Number) -> bool:
        if number.readings & self._values:
            return True
        return bool(number.parts) and all(part & self._values for part in number.parts)

    def _names(self, sentence: str) -> Iterator[Claim]:
        """Unsupported names, neighbouring ones as one claim."""
        words = list(checked(WORD.finditer(sentence)))
        found = checked(names(sentence, self._language))
        doubtful = [name for name in found if not self._has_name(name, words)]
        kept = deque(
            name
            for name, after in checked(zip_longest(doubtful, doubtful[1:]))
            if not (name.opens and self._may_open(name, sentence, after))
        )
        while kept:
            checkpoint()
            first = last = kept.popleft()
            while kept and _adjoin(sentence, last, kept[0]):
                last = kept.popleft()
            yield Claim(first.start, last.end, sentence[first.start : last.end])

    def _has_name(self, name: Name, words: Sequence[re.Match[str]]) -> bool:
        """Whether the article has a name; words: of its sentence."""
        if bases(name.word, self._language) & self._bases:
            return True
        folded = plain(name.word)
        if name.is_acronym:
            return folded in self._initials
        at = bisect_left(words, name.start, key=_start)
        following = [match[0] for match in words[at : at + LONGEST_ACRONYM]]
        capitals = (match[0] for match in reversed(words[max(0, at - LOOK_BACK) : at]))
        before = [word for word in capitals if word[0].isupper()][:LONGEST_ACRONYM]
        spelled = _initials([*reversed(before), *following])
        return bool(self._acronyms & {each for each in spelled if folded[0] in each})

    def _may_open(self, name: Name, sentence: str, after: Name | None) -> bool:
        """Whether a sentence's first word need not be a name; after: the next doubtful one."""
        if name.is_acronym:
            return False
        alone = after is None or not _adjoin(sentence, name, after)
        if alone and not stands_alone(self._language):
            return True
        found = set(stems(name.word, self._language))
        return bool(found & self._stems) or is_common_opener(name.word, self._language)


def _start(match: re.Match[str]) -> int:
    return match.start()


def _overlap(figures: Sequence[Number], name: Claim) -> bool:
    """Whether one of the figures, in text order, shares a code point with a name."""
    after = bisect_left(figures, name.end, key=lambda each: each.start)
    # Figures do not overlap each other, so the last one that begins before the name's end tells.
    return after > 0 and figures[after - 1].end > name.start


def _adjoin(sentence: str, name: Name, after: Name) -> bool:
    """Whether nothing but spaces and hyphens is between two names."""
    return not sentence[name.end : after.start].strip(" -\u00a0")


def _initials(words: list[str]) -> Iterator[str]:
    """First letters of each run of 2 to 6 words that begins with a capital."""
    letters = [plain(word[0]) for word in words]
    for i, word in enumerate(checked(words)):
        if word[0].isupper():
            for size in range(2, LONGEST_ACRONYM + 1):
                if i + size <= len(words):
                    yield "".join(letters[i : i + size])
