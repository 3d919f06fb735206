"""Words that hard wrapping divided at a line end: "har-" and "bour"."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from summsvc.articles.formats.wrapping import Line
from summsvc.interruption import checked, checked_matches

_WORD = re.compile(r"[^\W\d_]++(?:-[^\W\d_]++)*")
_LAST_PART = re.compile(r"(?:[^\W_]+[-‐])*(?P<part>[^\W_]+)[-‐]\Z")
_FIRST_PART = re.compile(r"[^\W_]+")

PRACTICE = 0.05
"""Share of the line ends inside paragraphs that have a hyphen, if the text divides words."""

MIN_DIVIDED = 3
"""Line ends with a hyphen that show such a practice at least."""

WORD_CONTEXT = 60
"""Code points at a line's end in which its last word is searched."""


@dataclass(frozen=True, slots=True)
class Hyphenation:
    """Whether hyphens at line ends are part of their word, by the other words of the article.

    words: how often each word occurs, in lower case. parts: how often each part of a word
    beside a line end does. is_practice: whether the text divides words at line ends.
    """

    words: Mapping[str, int]
    parts: Mapping[str, int]
    is_practice: bool

    @staticmethod
    def of(
        source: str, sections: Sequence[Sequence[Line]], continued: Sequence[Sequence[bool]]
    ) -> Hyphenation:
        """Count the words of an article. continued: for each line, whether it continues another."""
        divided: list[tuple[str, str]] = []
        breaks = 0
        for lines, continues in checked(list(zip(sections, continued, strict=True))):
            for i, (before, line) in enumerate(checked(list(itertools.pairwise(lines)))):
                breaks += continues[i + 1]
                if continues[i + 1] and (parts := _parts(before, line)):
                    divided.append(parts)
        if not divided:
            return Hyphenation({}, {}, is_practice=False)
        words = Counter(match[0].lower() for match in checked_matches(_WORD, source))
        parts_ = Counter(itertools.chain.from_iterable(divided))
        found = sum("".join(each) in words for each in divided)
        kept = sum("-".join(each) in words for each in divided)
        often = len(divided) >= max(MIN_DIVIDED, PRACTICE * breaks)
        return Hyphenation(words, parts_, is_practice=often and found > kept)

    def joins(self, before: Line, line: Line) -> bool:
        """Whether the two lines have parts of one word at their meeting."""
        return _parts(before, line) is not None

    def drops(self, before: Line, line: Line) -> bool:
        """Whether the hyphen between the parts was added by the division."""
        parts = _parts(before, line)
        if parts is None or "-".join(parts) in self.words:
            return False
        if "".join(parts) in self.words:
            return True
        return self.is_practice and all(
            self.words.get(part, 0) <= self.parts[part] for part in parts
        )


def _parts(before: Line, line: Line) -> tuple[str, str] | None:
    """The parts of a word, in lower case, when a hyphen at the line's end joins them."""
    last = _LAST_PART.search(before.text, max(0, len(before.text) - WORD_CONTEXT))
    first = _FIRST_PART.match(line.text)
    return (last["part"].lower(), first[0].lower()) if last and first else None
