"""Terms as words with what stands around them, and where texts have them in any form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from summsvc.engines.terms import STEMMED, stems
from summsvc.interruption import checked, checkpoint

WORD = re.compile(r"\w+")
_ENDING = re.compile(r"['’][^\W\d_]{1,3}(?!\w)")
"""The inflection of a foreign name: Vilnius's, Coale’o."""

_SAME = str.maketrans({"’": "'", "ё": "е", "Ё": "Е"})


class Word:
    """A word of a text at [start, end), and its stem in a language."""

    __slots__ = ("end", "start", "stem", "text")

    def __init__(self, match: re.Match[str], language: str) -> None:
        self.start, self.end = match.span()
        self.text = match[0].translate(_SAME)
        self.stem = (stems(self.text, language) or [self.text.lower()])[0]


def words_of(text: str, language: str) -> list[Word]:
    """The words of a text in order. language: BCP-47."""
    return [Word(match, language) for match in checked(WORD.finditer(text), STEMMED)]


def _gap(text: str) -> str:
    return " ".join(text.translate(_SAME).split(" "))


class Pattern:
    """A term cut into words, of which it has one, and what stands around them."""

    def __init__(self, source: str, target: str, *, kept: bool, language: str) -> None:
        self.source, self.target, self.kept = source.strip(), target.strip(), kept
        self.words = words_of(self.source, language)
        bounds = [0, *(edge for word in self.words for edge in (word.start, word.end))]
        edges = [*bounds, len(self.source)]
        self.before, *self.gaps, self.after = (
            _gap(self.source[start:end]) for start, end in zip(edges[::2], edges[1::2], strict=True)
        )

    def match(self, text: str, words: Sequence[Word], at: int) -> tuple[int, int] | None:
        """Where the term is, [start, end), with its first word at ``words[at]``; or None."""
        there = words[at : at + len(self.words)]
        if len(there) < len(self.words):
            return None
        start, end = there[0].start - len(self.before), there[-1].end
        if start < 0 or _gap(text[start : there[0].start]) != self.before:
            return None
        if self.before and text[start - 1 : start].isalnum():
            return None
        for left, right, gap in zip(there, there[1:], self.gaps, strict=False):
            if _gap(text[left.end : right.start]) != gap:
                return None
        if not all(map(self._same, self.words, there)):
            return None
        if self.after:
            if _gap(text[end : end + len(self.after)]) != self.after:
                return None
            end += len(self.after)
            if text[end : end + 1].isalnum():
                return None
        elif not self.kept and (ending := _ENDING.match(text, end)):
            end = ending.end()
        return start, end

    def _same(self, wanted: Word, there: Word) -> bool:
        exact = wanted.text.lower() == there.text.lower()
        return (exact if self.kept else wanted.stem == there.stem) and all(
            not mine.isupper() or mine == theirs
            for mine, theirs in zip(wanted.text, there.text, strict=False)
        )


class Patterns:
    """Some patterns, looked up by the stems of all their words.

    At a word of a text as many look-ups are made as patterns that begin with its stem have
    different numbers of words, however many patterns there are.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._by_first: dict[str, dict[int, dict[tuple[str, ...], list[Pattern]]]] = {}
        for pattern in checked(patterns):
            key = tuple(word.stem for word in pattern.words)
            by_length = self._by_first.setdefault(key[0], {})
            by_length.setdefault(len(key), {}).setdefault(key, []).append(pattern)

    def __bool__(self) -> bool:
        return bool(self._by_first)

    def find(self, text: str, language: str) -> Iterator[tuple[Pattern, int, int]]:
        """Yield (pattern, start, end) wherever a text has one, by the word it begins with."""
        words = words_of(text, language)
        for at, word in enumerate(checked(words)):
            for length, patterns in self._by_first.get(word.stem, {}).items():
                key = tuple(each.stem for each in words[at : at + length])
                for pattern in patterns.get(key, ()):
                    checkpoint()
                    if found := pattern.match(text, words, at):
                        yield pattern, *found
