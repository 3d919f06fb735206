"""From a model's output to one that can be answered: checked, tried again, flagged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from summsvc.articles.article import Field, Span, Warning, WarningType
from summsvc.articles.document import Segment, SegmentKind
from summsvc.tasks.chain import Chain, ChainOutput
from summsvc.tasks.guards import Doubt, assess, safer, severity
from summsvc.tasks.protect import protect
from summsvc.tasks.terms import Terms, TermUse, around

ATTEMPTS = 2
"""Times that a doubtful segment is tried again."""


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


def translatable(segment: Segment, terms: Terms) -> bool:
    """Whether a segment has a letter outside its protected terms."""
    return any(
        any(map(str.isalpha, stretch))
        for stretch in around(
            segment.text, [each for each in terms.find(segment.text) if each.kept]
        )
    )


async def repair(
    chain: Chain, segment: Segment, output: ChainOutput, target: str, terms: Terms
) -> Repaired:
    """Check a segment's output and improve on it where it is doubtful.

    Severe doubts: tried again with safer decoding, the best attempt is kept.
    Terms that did not come through: see ``protect``. Never drops a segment: without any
    output the source text is answered, with a warning.
    """
    found = terms.find(segment.text)
    check = partial(
        assess,
        segment.text,
        source_language=chain.legs[0].source,
        target=target,
        kept={each.target for each in found if each.kept},
    )
    best, doubts = output, check(output.text, complete=output.complete)
    retried = False
    for attempt in range(1, ATTEMPTS + 1):
        if not any(doubt.severe for doubt in doubts):
            break
        other = await _again(chain, segment, attempt)
        fewer = check(other.text, complete=other.complete)
        if severity(fewer) < severity(doubts):
            best, doubts, retried = other, fewer, True
    text = best.text if best.text.strip() else segment.text
    if retried:
        message = "a first output was doubtful; this one comes from safer decoding"
        doubts = [*doubts, Doubt(WarningType.RETRIED, message, severe=False)]
    if best.pieces > 1:
        message = (
            f"the segment was too long for the model and was translated in {best.pieces} pieces"
        )
        doubts = [*doubts, Doubt(WarningType.SEGMENT_SPLIT, message, severe=False)]
    protected = await protect(chain, segment.text, text, found, target)
    if protected.text != text:
        text = protected.text
        doubts = [doubt for doubt in doubts if doubt.type is not WarningType.NUMBER_LOST]
        known = {doubt.type for doubt in doubts}
        doubts += [each for each in check(text, complete=True) if each.type not in known]
    if protected.pieces:
        message = "translated apart around terms that did not come through; the joins may be rough"
        doubts.append(Doubt(WarningType.SEGMENT_SPLIT, message, severe=False))
    doubts += protected.doubts
    return Repaired(text, best.score, tuple(doubts), protected.terms)


async def _again(chain: Chain, segment: Segment, attempt: int) -> ChainOutput:
    """Another attempt; a heading becomes a sentence first, fragments make models loop."""
    text = segment.text
    dotted = attempt == ATTEMPTS and segment.kind is not SegmentKind.SENTENCE
    (output,) = await chain.run_all(
        [f"{text}." if dotted else text], partial(safer, attempt=attempt)
    )
    if not dotted:
        return output
    return ChainOutput(output.text.rstrip("."), output.score, output.complete, output.pieces)
