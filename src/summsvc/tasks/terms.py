"""Terms that must come through: protected as they are, or in a prescribed form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from summsvc.engines.terms import stems

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
)
"""URLs, e-mail addresses, @handles, #hashtags, file paths, phone numbers with +, UUIDs, hashes."""

_HINT = re.compile(r"[@#/\\+]|www\.|[0-9a-fA-F]{8}")
"""What every automatic term has."""

_WORD = re.compile(r"\w+")
_ENDING = re.compile(r"['’][^\W\d_]{1,3}(?!\w)")
"""The inflection of a foreign name: Vilnius's, Coale’o."""

_SAME = str.maketrans({"’": "'", "ё": "е", "Ё": "Е"})


@dataclass(frozen=True, slots=True)
class TermUse:
    """A term of the request in a segment, what the output should have, whether it does."""

    source: str
    target: str
    applied: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A term at [start, end) of a segment and what must stand for it.

    kept: it stays as it is; otherwise the target may be inflected.
    """

    start: int
    end: int
    source: str
    target: str
    kept: bool = False


class _Word:
    """A word of a text at [start, end), and its stem in a language."""

    __slots__ = ("end", "start", "stem", "text")

    def __init__(self, match: re.Match[str], language: str) -> None:
        self.start, self.end = match.span()
        self.text = match[0].translate(_SAME)
        self.stem = (stems(self.text, language) or [self.text.lower()])[0]


def _words(text: str, language: str) -> list[_Word]:
    return [_Word(match, language) for match in _WORD.finditer(text)]


def _gap(text: str) -> str:
    return " ".join(text.translate(_SAME).split(" "))


class _Pattern:
    """A term cut into words, of which it has one, and what stands around them."""

    def __init__(self, source: str, target: str, *, kept: bool, language: str) -> None:
        self.source, self.target, self.kept = source.strip(), target.strip(), kept
        self.words = _words(self.source, language)
        bounds = [0, *(edge for word in self.words for edge in (word.start, word.end))]
        edges = [*bounds, len(self.source)]
        self.before, *self.gaps, self.after = (
            _gap(self.source[start:end]) for start, end in zip(edges[::2], edges[1::2], strict=True)
        )

    def match(self, text: str, words: Sequence[_Word], at: int) -> Found | None:
        """The term with its first word at ``words[at]``, or None."""
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
        return Found(start, end, self.source, self.target or text[start:end], self.kept)

    def _same(self, wanted: _Word, there: _Word) -> bool:
        exact = wanted.text.lower() == there.text.lower()
        return (exact if self.kept else wanted.stem == there.stem) and all(
            not mine.isupper() or mine == theirs
            for mine, theirs in zip(wanted.text, there.text, strict=False)
        )


class Terms:
    """The terms of one request, found in time linear in a text whatever their number."""

    def __init__(self, patterns: Sequence[_Pattern], language: str) -> None:
        self._language = language
        self._by_first: dict[str, list[_Pattern]] = {}
        for pattern in patterns:
            self._by_first.setdefault(pattern.words[0].stem, []).append(pattern)

    @staticmethod
    def of(
        do_not_translate: Sequence[str], glossary: Sequence[tuple[str, str]], language: str
    ) -> Terms:
        """Terms of a request; language: BCP-47 code of the article.

        A term without a letter or digit is ignored. Of two entries with the same
        source the first holds, and do_not_translate before the glossary.
        """
        entries = [(term, "", True) for term in do_not_translate]
        entries += [(source, target, False) for source, target in glossary]
        return Terms(
            [
                _Pattern(source, target, kept=kept, language=language)
                for source, target, kept in entries
                if _WORD.search(source)
            ],
            language,
        )

    def find(self, text: str) -> list[Found]:
        """Terms in a text, longest first where they overlap, in text order.

        Automatic ones are always among them. Others match whole words; an upper-case
        letter of the term must be one in the text too. Glossary terms match in
        any inflected form, protected ones as they are written.
        """
        found: list[Found] = []
        if _HINT.search(text):
            found += (Found(*m.span(), m[0], m[0], kept=True) for m in _AUTOMATIC.finditer(text))
        if self._by_first:
            found += self._matches(text)
        if not found:
            return []
        found.sort(key=lambda each: (each.start - each.end, each.start))
        taken = bytearray(len(text))
        chosen: list[Found] = []
        for each in found:
            if not any(taken[each.start : each.end]):
                taken[each.start : each.end] = b"\x01" * (each.end - each.start)
                chosen.append(each)
        return sorted(chosen, key=lambda each: each.start)

    def _matches(self, text: str) -> Iterator[Found]:
        words = _words(text, self._language)
        for at, word in enumerate(words):
            for pattern in self._by_first.get(word.stem, ()):
                match = pattern.match(text, words, at)
                if match:
                    yield match


def places(term: str, text: str, language: str, *, kept: bool) -> list[tuple[int, int]]:
    """Where a text has a term: as it is when kept, else in any inflected form.

    language: BCP-47 code of both. A stretch is counted once.
    """
    if not term:
        return []
    if kept or not _WORD.search(term):
        exact = re.compile(rf"(?<!\w){re.escape(term)}(?!\w)")
        return [match.span() for match in exact.finditer(text)]
    pattern = _Pattern(term, "", kept=False, language=language)
    words = _words(text, language)
    matches = (pattern.match(text, words, at) for at in range(len(words)))
    spans: list[tuple[int, int]] = []
    for match in matches:
        if match and (not spans or match.start >= spans[-1][1]):
            spans.append((match.start, match.end))
    return spans


def uses(found: Sequence[Found], output: str, target: str) -> tuple[TermUse, ...]:
    """Which of the terms are in an output, by what it really says.

    target: BCP-47 code of the output. A term that the source has twice must be
    there twice; the last ones are those that are missing.
    """
    if not found:
        return ()
    left: Counter[tuple[str, bool]] = Counter()
    for wanted in {(each.target, each.kept) for each in found}:
        left[wanted] = len(places(wanted[0], output, target, kept=wanted[1]))
    told: list[TermUse] = []
    for each in found:
        wanted = (each.target, each.kept)
        told.append(TermUse(each.source, each.target, left[wanted] > 0))
        left[wanted] -= 1
    return tuple(told)


def around(text: str, found: Sequence[Found]) -> list[str]:
    """The stretches of a text before, between and after its terms; one more than terms."""
    bounds = [0, *(bound for each in found for bound in (each.start, each.end)), len(text)]
    return [text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
