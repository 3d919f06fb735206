"""Which terms of a segment its output has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from summsvc.alignment import Alignment, overlaps, targets_of
from summsvc.articles.occurrences import Occurrences, Taken
from summsvc.interruption import checked
from summsvc.tasks.translation.glossary import Found
from summsvc.tasks.translation.term_patterns import WORD, Pattern, Patterns

MAX_INFLECTED_TERM = 200
"""Code points of the longest term that is searched in inflected forms."""


@dataclass(frozen=True, slots=True)
class TermUse:
    """A term of the request in a segment, its target, and whether the output has the target."""

    source: str
    target: str
    applied: bool


Wanted = tuple[str, bool]
"""A term, and whether it is protected."""

_Spans = list[tuple[int, int]]


def places(wanted: Iterable[Wanted], text: str, language: str) -> dict[Wanted, _Spans]:
    """The spans of each term in a text, inflected ones too unless it is protected or very long.

    language: BCP-47 code of the terms and the text. Spans of one term do not overlap, those of
    different terms may. Linear in the text for any number of terms.
    """
    spans: dict[Wanted, _Spans] = {each: [] for each in checked(wanted)}
    for each, start, end in checked(_occurrences(spans, text, language)):
        there = spans[each]
        if not there or start >= there[-1][1]:
            there.append((start, end))
    return spans


def _occurrences(
    wanted: Collection[Wanted], text: str, language: str
) -> Iterator[tuple[Wanted, int, int]]:
    """Yield (term, start, end) of all occurrences, those of one term in text order."""
    exact: dict[str, list[Wanted]] = {}
    inflected: dict[Pattern, Wanted] = {}
    for each in wanted:
        term, kept = each
        if kept or len(term) > MAX_INFLECTED_TERM or not WORD.search(term):
            exact.setdefault(term, []).append(each)
        else:
            inflected[Pattern(term, "", kept=False, language=language)] = each
    exact.pop("", None)
    if exact:
        for start, term in Occurrences(exact).all(text, whole_words=True):
            for each in exact[term]:
                yield each, start, start + len(term)
    if inflected:
        for pattern, start, end in Patterns(inflected).find(text, language):
            yield inflected[pattern], start, end


def _counted(needed: Mapping[Wanted, int], text: str, language: str) -> dict[Wanted, _Spans]:
    """The spans that count as each term; no two overlap.

    As in ``Terms.find``, of overlapping occurrences the longest counts, and the first of equally
    long ones. An occurrence of a term that has been counted as often as it is needed leaves its
    text to the others. A term and a protected term may be equal.
    """
    at: dict[tuple[int, int], list[Wanted]] = {}
    for each, start, end in checked(_occurrences(needed, text, language)):
        at.setdefault((start, end), []).append(each)
    spans: dict[Wanted, _Spans] = {each: [] for each in needed}
    taken = Taken(len(text))
    for start, end in checked(sorted(at, key=lambda span: (span[0] - span[1], span[0]))):
        lacking = [each for each in at[start, end] if len(spans[each]) < needed[each]]
        if lacking and taken.add(start, end):
            # A protected term first: the other one may also stand in another form.
            spans[max(lacking, key=lambda each: each[1])].append((start, end))
    return {each: sorted(there) for each, there in spans.items()}


def uses(
    found: Sequence[Found], output: str, target: str, alignment: Alignment = ()
) -> tuple[TermUse, ...]:
    """Whether an output has each of the terms.

    target: BCP-47 code of the output. alignment: of the output with the text of the terms.
    The output must have a term as often as the source, not counting where it is part of a longer
    one. Of a term that it has less often, the occurrences with which it is aligned are applied,
    without an alignment the first ones.
    """
    if not found:
        return ()
    needed = Counter((each.target, each.kept) for each in found)
    there = _counted(needed, output, target)
    left = {wanted: len(spans) for wanted, spans in there.items()}
    order: Iterable[int] = range(len(found))
    if alignment and any(left[wanted] < count for wanted, count in needed.items()):
        targets = targets_of([(each.start, each.end) for each in found], alignment)
        aligned = [
            any(overlaps(there[each.target, each.kept], *span) for span in spans)
            for each, spans in zip(found, targets, strict=True)
        ]
        order = sorted(order, key=aligned.__getitem__, reverse=True)
    applied = [False] * len(found)
    for i in checked(order):
        wanted = (found[i].target, found[i].kept)
        applied[i] = left[wanted] > 0
        left[wanted] -= 1
    return tuple(
        TermUse(each.source, each.target, has) for each, has in zip(found, applied, strict=True)
    )
