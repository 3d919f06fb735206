"""Search for terms in any inflected form, by the stems of their words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from summsvc.interruption import checked
from summsvc.languages.letters import letter_folds
from summsvc.languages.stemming import stems

WORD = re.compile(r"\w+")
_ENDING = re.compile(r"['’][^\W\d_]{1,3}(?!\w)")
"""The inflection of a foreign name: Vilnius's, Coale’o."""

_APOSTROPHES = str.maketrans("’", "'")


class Word:
    """A word of a text at [start, end), in lower case, and its stem in a language."""

    __slots__ = ("end", "lower", "start", "stem", "text")

    def __init__(self, match: re.Match[str], language: str) -> None:
        self.start, self.end = match.span()
        self.text = match[0].translate(letter_folds())
        self.lower = self.text.lower()
        self.stem = (stems(self.text, language) or [self.lower])[0]


class Words:
    """A text split into words. gaps: the text between each word and the next."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.words = [Word(match, language) for match in checked(WORD.finditer(text))]
        self.gaps = [
            text[before.end : after.start].translate(_APOSTROPHES)
            for before, after in checked(pairwise(self.words))
        ]


class Pattern:
    """A term split into its words (at least one) and the text around them."""

    def __init__(self, source: str, target: str, *, kept: bool, language: str) -> None:
        self.source, self.target, self.kept = source.strip(), target.strip(), kept
        cut = Words(self.source, language)
        self.words, self._gaps = cut.words, cut.gaps
        self._before = self.source[: self.words[0].start].translate(_APOSTROPHES)
        self._after = self.source[self.words[-1].end :].translate(_APOSTROPHES)
        self._has_capitals = any(map(str.isupper, self.source))

    def match(self, there: Words, at: int) -> tuple[int, int] | None:
        """Return the range of the term, [start, end), if it begins at word ``at``; else None.

        The text's words have the stems of the term's words.
        """
        text, last = there.text, at + len(self.words) - 1
        if there.gaps[at:last] != self._gaps:
            return None
        start, end = there.words[at].start - len(self._before), there.words[last].end
        if self._before:
            before = text[max(0, start) : there.words[at].start].translate(_APOSTROPHES)
            if before != self._before or text[start - 1 : start].isalnum():
                return None
        if (self.kept or self._has_capitals) and not all(
            map(self._same, self.words, there.words[at : last + 1])
        ):
            return None
        if self._after:
            if text[end : end + len(self._after)].translate(_APOSTROPHES) != self._after:
                return None
            end += len(self._after)
            if text[end : end + 1].isalnum():
                return None
        elif not self.kept and (ending := _ENDING.match(text, end)):
            end = ending.end()
        return start, end

    def _same(self, wanted: Word, there: Word) -> bool:
        return not (self.kept and wanted.lower != there.lower) and all(
            not mine.isupper() or mine == theirs
            for mine, theirs in zip(wanted.text, there.text, strict=False)
        )


@dataclass(slots=True)
class _Node:
    """Node of the trie: the patterns that end here, and the child node for each next stem."""

    patterns: list[Pattern] = field(default_factory=list)
    following: dict[str, _Node] = field(default_factory=dict)


class Patterns:
    """Trie of patterns, keyed by word stems; a search walks the trie from each word of a text."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._root = _Node()
        for pattern in checked(patterns):
            node = self._root
            for word in pattern.words:
                node = node.following.setdefault(word.stem, _Node())
            node.patterns.append(pattern)

    def __bool__(self) -> bool:
        return bool(self._root.following)

    def find(self, text: str, language: str) -> Iterator[tuple[Pattern, int, int]]:
        """Yield (pattern, start, end) of each occurrence, ordered by the first word."""
        there = Words(text, language)
        for pattern, at in checked(self._likely(there)):
            if span := pattern.match(there, at):
                yield pattern, *span

    def _likely(self, there: Words) -> Iterator[tuple[Pattern, int]]:
        """Yield patterns whose stems all occur in a row, with the index of the first word."""
        words = there.words
        for at in checked(range(len(words))):
            node: _Node | None = self._root
            for number in range(at, len(words)):
                assert node is not None
                node = node.following.get(words[number].stem)
                if node is None:
                    break
                yield from ((pattern, at) for pattern in node.patterns)
