"""From a model's output to one that can be answered: checked, tried again, flagged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from summsvc.articles.article import Field, Span, Warning, WarningType
from summsvc.articles.document import Segment, SegmentKind
from summsvc.tasks.chain import Chain, ChainOutput
from summsvc.tasks.guards import Doubt, assess, safer, severity
from summsvc.tasks.terms import Found, Terms, TermUse, around, uses

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
            segment.text, [each for each in terms.find(segment.text) if each.source == each.target]
        )
    )


async def repair(
    chain: Chain, segment: Segment, output: ChainOutput, target: str, terms: Terms
) -> Repaired:
    """Check a segment's output and improve on it where it is doubtful.

    Severe doubts: tried again with safer decoding, the best attempt is kept.
    Terms that did not come through: the stretches between them are translated
    apart and the terms put in their places. Never drops a segment: without any
    output the source text is answered, with a warning.
    """
    best, doubts = (
        output,
        assess(segment.text, output.text, target=target, complete=output.complete),
    )
    retried = False
    for attempt in range(1, ATTEMPTS + 1):
        if not any(doubt.severe for doubt in doubts):
            break
        other = await _again(chain, segment, attempt)
        found = assess(segment.text, other.text, target=target, complete=other.complete)
        if severity(found) < severity(doubts):
            best, doubts, retried = other, found, True
    text = best.text if best.text.strip() else segment.text
    if retried:
        message = "a first output was doubtful; this one comes from safer decoding"
        doubts = [*doubts, Doubt(WarningType.RETRIED, message, severe=False)]
    if best.pieces > 1:
        message = (
            f"the segment was too long for the model and was translated in {best.pieces} pieces"
        )
        doubts = [*doubts, Doubt(WarningType.SEGMENT_SPLIT, message, severe=False)]
    found_terms = terms.find(segment.text)
    used = uses(found_terms, text)
    if not all(use.applied for use in used):
        text = await _around_terms(chain, segment.text, found_terms)
        used = uses(found_terms, text)
        doubts = [doubt for doubt in doubts if doubt.type is not WarningType.NUMBER_LOST]
        doubts += assess(segment.text, text, target=target, complete=True)
    return Repaired(text, best.score, tuple(doubts), used)


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


async def _around_terms(chain: Chain, text: str, found: Sequence[Found]) -> str:
    """Translate the stretches between terms on their own and put the terms between them."""
    stretches = around(text, found)
    wanted = [i for i, stretch in enumerate(stretches) if any(map(str.isalpha, stretch))]
    outputs = await chain.run_all([stretches[i].strip() for i in wanted])
    for i, output in zip(wanted, outputs, strict=True):
        stretch = stretches[i]
        lead = stretch[: len(stretch) - len(stretch.lstrip())]
        tail = stretch[len(stretch.rstrip()) :]
        stretches[i] = lead + (output.text or stretch.strip()) + tail
    joined = stretches[0]
    for each, stretch in zip(found, stretches[1:], strict=True):
        joined += each.target + stretch
    return joined
