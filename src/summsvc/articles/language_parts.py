"""Parts of an article in another language than the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from summsvc.articles import language, running_text
from summsvc.articles.document import IdentifiedLanguage, LanguagePart, Segment
from summsvc.interruption import checked
from summsvc.types import Span, Warning, WarningType

MIN_SEGMENT_LETTERS = 20
"""A shorter segment is of the language of those around it."""

MIN_LETTERS = 150
"""Letters of a part, unless it is a large share of the article."""

MIN_LETTERS_OF_SHARE = 20
"""Letters of a part that is a large share."""

MIN_PROBABILITY = 0.95
"""Of the language of a part."""

WHOLE = 0.9
"""Share of an article that is all of it, but for names and quotations."""

MAX_WARNINGS = 20

MIN_OTHER_SCRIPT = 0.1
"""Share of letters in another script."""

MIN_SEGMENTS = 3
MIN_SHARE = 0.25
"""A part has so many segments, or so large a share of the article's letters: a quotation or an
embedded post is no part."""


_LATIN = re.compile(r"[^\W\d_\u0250-\U0010ffff]")
_OTHER = re.compile(r"[^\W\d_\u0000-\u024f]")
_QUOTED = re.compile(r"[«„“\"][^«»„“”\"]{1,1000}[»”“\"]")


def find(segments: Sequence[Segment], code: str) -> list[LanguagePart]:
    """The parts of an article that are not in its language, in order; in linear time.

    None if all of it is in another language: then it has no parts, but the wrong language.
    """
    letters = [sum(map(str.isalpha, segment.text)) for segment in checked(segments)]
    total = sum(letters)
    parts: list[LanguagePart] = []
    for first, last in _runs(segments, letters, code):
        own = sum(letters[first:last])
        is_long = last - first >= MIN_SEGMENTS and own >= MIN_LETTERS
        if not is_long and own < max(MIN_LETTERS_OF_SHARE, MIN_SHARE * total):
            continue
        sample = language.sample(segment.text for segment in segments[first:last])
        found, probability = language.guess(sample)
        if found in ("", code) or probability < MIN_PROBABILITY:
            continue
        if not running_text.doubt(sample, found):
            span = Span(segments[first].span.start, segments[last - 1].span.end)
            parts.append(LanguagePart(segments[first].field, first, last, found, own / total, span))
    return parts if sum(part.share for part in parts) < WHOLE else []


def warnings(parts: Sequence[LanguagePart], code: str) -> list[Warning]:
    """A warning for each part, the first ``MAX_WARNINGS`` at most."""
    found: list[Warning] = []
    for i, part in enumerate(parts[:MAX_WARNINGS]):
        message = (
            f"this part looks like '{part.code}', not '{code}'; it is read as '{code}', but "
            f"a translation into '{part.code}' keeps it as it is"
        )
        if i + 1 == MAX_WARNINGS < len(parts):
            message += f"; {len(parts) - MAX_WARNINGS} more parts follow"
        found.append(Warning(WarningType.OTHER_LANGUAGE_PART, message, part.field, part.span))
    return found


def less_certain(found: IdentifiedLanguage, parts: Sequence[LanguagePart]) -> IdentifiedLanguage:
    """The language of an article with parts in others: at most as certain as its own share."""
    if not found.identified or not parts:
        return found
    own = round(max(0.0, 1 - sum(part.share for part in parts)), 3)
    return replace(found, confidence=min(found.confidence, own))


def _runs(
    segments: Sequence[Segment], letters: Sequence[int], code: str
) -> Iterator[tuple[int, int]]:
    """Yield the runs [first, last) of segments of one other language.

    Segments too short to tell are part of a run if more of its language follow, or if they end
    its last paragraph.
    """
    first = last = -1
    current = code
    for i, segment in enumerate(checked(segments)):
        found = _language(segment.text, letters[i])
        if not found:
            if first >= 0 and _are_in_one_paragraph(segments[last - 1], segment):
                last = i + 1
            continue
        if found != current or (first >= 0 and segment.field is not segments[first].field):
            if current != code:
                yield first, last
            current, first = found, i
        last = i + 1
    if current != code:
        yield first, last


def _language(text: str, letters: int) -> str:
    """The likeliest language of a segment, "" for one that is too short to tell.

    Who quotes a sentence in its own language does not write in that language.
    """
    own = _QUOTED.sub(" ", text)
    if len(own) < len(text):
        letters = sum(map(str.isalpha, own))
    return language.likeliest(own) if letters >= MIN_SEGMENT_LETTERS else ""


def _are_in_one_paragraph(one: Segment, other: Segment) -> bool:
    return (one.field, one.paragraph) == (other.field, other.paragraph)


def main_text(text: str) -> str:
    """A text without the words that are not in the script of most of its letters, Latin or another.

    The text itself if they are few. Detectors take a text in two scripts for that of either:
    n-grams of one are rarer, and count more.
    """
    latin = len(_LATIN.findall(text))
    other = len(_OTHER.findall(text))
    if min(latin, other) < MIN_OTHER_SCRIPT * (latin + other):
        return text
    return (_OTHER if latin >= other else _LATIN).sub(" ", text)
