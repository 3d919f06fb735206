"""From a model's output to one that can be answered: checked, tried again, flagged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from summsvc.articles.article import Field, Span, Warning, WarningType
from summsvc.articles.document import Segment
from summsvc.errors import SummsvcError
from summsvc.tasks.attempts import attempts
from summsvc.tasks.chain import Chain, ChainOutput
from summsvc.tasks.guards import Doubt, assess, attempts_cut, severity
from summsvc.tasks.protect import protect
from summsvc.tasks.terms import Found, Terms, TermUse, around, uses

EACH = 50
"""Code points that take as long as what is done once for a segment, however short."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """The text to answer for a segment, and what is to be said about it."""

    text: str
    score: float = 0.0
    doubts: tuple[Doubt, ...] = ()
    terms: tuple[TermUse, ...] = ()

    @staticmethod
    def unchanged(segment: Segment) -> Repaired:
        """A segment with nothing to translate: it stays as it is."""
        return Repaired(segment.text)


def warnings_of(repaired: Repaired, field: Field | None, span: Span | None) -> tuple[Warning, ...]:
    """The doubts about a segment as warnings with its place."""
    return tuple(Warning(doubt.type, doubt.message, field, span) for doubt in repaired.doubts)


async def check_all(
    chain: Chain,
    segments: Sequence[Segment],
    outputs: Sequence[ChainOutput],
    target: str,
    found: Sequence[Sequence[Found]],
) -> list[Repaired | asyncio.Task[Repaired]]:
    """What to answer for each segment; a ``repair`` at work for those that need it.

    found: the terms of each segment.
    """
    source = chain.legs[0].source
    each = list(zip(segments, outputs, found, strict=True))

    def look() -> list[tuple[Repaired | None, list[Doubt]]]:
        return [accepted(segment, output, source, target, terms) for segment, output, terms in each]

    looks = await chain.workers.beside(size(segments), look)
    return [
        good or asyncio.create_task(repair(chain, segment, output, doubts, target, terms))
        for (good, doubts), (segment, output, terms) in zip(looks, each, strict=True)
    ]


async def repair_all(
    chain: Chain,
    segments: Sequence[Segment],
    outputs: Sequence[ChainOutput],
    target: str,
    terms: Terms,
) -> list[Repaired]:
    """What to answer for each segment, when all are known."""
    found = await chain.workers.beside(
        size(segments), lambda: [terms.find(segment.text) for segment in segments]
    )
    return await answers(await check_all(chain, segments, outputs, target, found))


async def answers(checked: Sequence[Repaired | asyncio.Task[Repaired]]) -> list[Repaired]:
    """What ``check_all`` gave, once all repairs have ended; they end with the caller too."""
    repairs = [each for each in checked if isinstance(each, asyncio.Task)]
    try:
        return [await each if isinstance(each, asyncio.Task) else each for each in checked]
    finally:
        if repairs:
            await cancel(repairs)


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def accepted(
    segment: Segment, output: ChainOutput, source: str, target: str, found: Sequence[Found]
) -> tuple[Repaired | None, list[Doubt]]:
    """The output as it is when nothing about it needs ``repair``, else None; and its doubts."""
    doubts = _check(segment, found, source, target)(output.text, complete=output.complete)
    if output.pieces > 1 or any(doubt.severe for doubt in doubts):
        return None, doubts
    used = uses(found, output.text, target)
    if not all(use.applied for use in used):
        return None, doubts
    return Repaired(output.text, output.score, tuple(doubts), used), doubts


def _check(
    segment: Segment, found: Sequence[Found], source: str, target: str
) -> Callable[..., list[Doubt]]:
    """``assess`` for outputs of a segment with these terms."""
    return partial(
        assess,
        segment.text,
        source_language=source,
        target=target,
        kept={each.target for each in found if each.kept},
    )


def size(segments: Sequence[Segment]) -> int:
    """Code points of segments, and some for each: what handling them costs beside its text."""
    return sum(len(segment.text) + EACH for segment in segments)


def translatable(segment: Segment, found: Sequence[Found]) -> bool:
    """Whether a segment has a letter outside the protected ones of the terms found in it."""
    return any(
        any(map(str.isalpha, stretch))
        for stretch in around(segment.text, [each for each in found if each.kept])
    )


async def repair(
    chain: Chain,
    segment: Segment,
    output: ChainOutput,
    doubts: list[Doubt],
    target: str,
    found: Sequence[Found],
) -> Repaired:
    """Improve on a segment's output where it is doubtful.

    doubts: about the output. found: the segment's terms. Severe doubts: ``attempts``
    one after the other until an output has none; of all outputs the least severe is
    kept, the earlier of two alike. Terms that did not come through: see ``protect``.
    Never drops a segment: without any output the source text is answered, with a
    warning. When there is no time for more, or the model fails, or attempts for this
    request have cost enough (``Chain.again``), what there is by then is answered.
    """
    beside, length = chain.workers.beside, len(segment.text)
    blocking = _check(segment, found, chain.legs[0].source, target)

    async def check(text: str, *, complete: bool) -> list[Doubt]:
        return await beside(length + len(text), blocking, text, complete=complete)

    best = output
    notes: list[Doubt] = []
    if any(doubt.severe for doubt in doubts):
        chain.legs[-1].scheduler.count_retried()
        ways = await beside(length, lambda: [*attempts(segment, [(t.start, t.end) for t in found])])
        for way in ways:
            try:
                other = await way.run(chain)
            except SummsvcError as error:
                # No time for it, say: a doubtful output is more than none.
                notes += attempts_cut(error)
                break
            fewer = await check(other.text, complete=other.complete)
            if severity(fewer) < severity(doubts):
                best, doubts = other, fewer
                notes = [Doubt(WarningType.RETRIED, way.message, severe=False)]
            if not any(doubt.severe for doubt in doubts):
                break
    text = best.text if best.text.strip() else segment.text
    if best.pieces > 1:
        message = (
            f"the segment was too long for the model and was translated in {best.pieces} pieces"
        )
        notes.append(Doubt(WarningType.SEGMENT_SPLIT, message, severe=False))
    protected = await protect(chain, segment.text, text, found, target)
    if protected.text != text:
        doubts = await check(protected.text, complete=best.complete)
    if protected.pieces:
        message = "translated apart around terms that did not come through; the joins may be rough"
        notes.append(Doubt(WarningType.SEGMENT_SPLIT, message, severe=False))
    said = dict.fromkeys((*doubts, *notes, *protected.doubts))
    return Repaired(protected.text, best.score, tuple(said), protected.terms)
