"""Terms that must come through: protected as they are, or in a prescribed form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.engines.terms import stems

_AUTOMATIC = re.compile(
    r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|www\.[^\s<>\"']+[\w/]"
)


@dataclass(frozen=True, slots=True)
class TermUse:
    """A term of the request in a segment, what the output should have, whether it does."""

    source: str
    target: str
    applied: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A term at [start, end) of a segment and what must stand for it."""

    start: int
    end: int
    source: str
    target: str


class Terms:
    """The terms of one request."""

    def __init__(self, entries: Sequence[tuple[str, str]], language: str) -> None:
        self._entries = [
            (source, target, stems(source, language) or [source.lower()])
            for source, target in entries
        ]
        self._language = language

    @staticmethod
    def of(
        do_not_translate: Sequence[str], glossary: Sequence[tuple[str, str]], language: str
    ) -> Terms:
        """Terms of a request; language: BCP-47 code of the article."""
        kept = [(term, term) for term in do_not_translate]
        return Terms([*kept, *glossary], language)

    def find(self, text: str) -> list[Found]:
        """Terms in a text, longest first where they overlap, in text order.

        URLs and e-mail addresses are always among them. Other terms match whole
        words, in any inflected form when written in lower case.
        """
        found = [Found(*m.span(), m[0], m[0]) for m in _AUTOMATIC.finditer(text)]
        if self._entries:
            words = [(m.start(), m.end(), m[0]) for m in re.finditer(r"[\w’'-]+", text)]
            for source, target, stemmed in self._entries:
                found += self._matches(text, words, source, target, stemmed)
        found.sort(key=lambda each: (each.start - each.end, each.start))
        chosen: list[Found] = []
        for each in found:
            if all(each.end <= other.start or each.start >= other.end for other in chosen):
                chosen.append(each)
        return sorted(chosen, key=lambda each: each.start)

    def _matches(
        self,
        text: str,
        words: Sequence[tuple[int, int, str]],
        source: str,
        target: str,
        stemmed: Sequence[str],
    ) -> list[Found]:
        exact = re.compile(rf"(?<!\w){re.escape(source)}(?!\w)")
        matches = [Found(*m.span(), source, target) for m in exact.finditer(text)]
        if source != source.lower() or source == target:
            return matches
        size = len(source.split())
        for i in range(len(words) - size + 1):
            start, end = words[i][0], words[i + size - 1][1]
            if stems(text[start:end], self._language) == list(stemmed):
                matches.append(Found(start, end, source, target))
        return matches


def uses(found: Sequence[Found], output: str) -> tuple[TermUse, ...]:
    """Which of the terms are in an output, by what it really says."""
    folded = output.casefold()
    return tuple(
        TermUse(each.source, each.target, each.target.casefold() in folded) for each in found
    )


def around(text: str, found: Sequence[Found]) -> list[str]:
    """The stretches of a text before, between and after its terms; one more than terms."""
    bounds = [0, *(bound for each in found for bound in (each.start, each.end)), len(text)]
    return [text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
