"""From a model's output to one that can be answered: checked, tried again, flagged.

What is doubtful in a group of outputs is tried again together: one submission for each
attempt, however many segments need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from summsvc.articles.document import Segment
from summsvc.errors import SummsvcError
from summsvc.tasks.pipeline.output import ChainOutput
from summsvc.tasks.pipeline.pipeline import Chain
from summsvc.tasks.pipeline.sizes import size
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.quality.checks import Doubt, attempts_cut, severity
from summsvc.tasks.translation.glossary import Found, Terms, TermUse, around, uses
from summsvc.tasks.translation.retry_strategies import SEARCHES, Attempt, attempts
from summsvc.tasks.translation.term_enforcement import Protected, Unprotected, protect
from summsvc.types import Field, Span, Warning, WarningType


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


@dataclass(eq=False, slots=True)
class Case:
    """A segment's output so far, the best of its attempts.

    found: the segment's terms. doubts: about the output. notes: what else is to be said
    about it. ways: to try it again, one for each of ``SEARCHES``.
    """

    segment: Segment
    output: ChainOutput
    found: Sequence[Found]
    doubts: list[Doubt]
    notes: list[Doubt] = field(default_factory=list)
    ways: list[Attempt] = field(default_factory=list)

    @property
    def severe(self) -> bool:
        return any(doubt.severe for doubt in self.doubts)

    @property
    def text(self) -> str:
        return self.output.text if self.output.text.strip() else self.segment.text


@dataclass(frozen=True, slots=True)
class Looked:
    """A group of outputs. answers: None for each that needs repair; cases: these, in order."""

    answers: list[Repaired | None]
    cases: list[Case]

    @property
    def ahead(self) -> list[Repaired]:
        """The answers before the first that needs repair."""
        ahead = []
        for answer in self.answers:
            if answer is None:
                break
            ahead.append(answer)
        return ahead


async def look(
    chain: Chain,
    segments: Sequence[Segment],
    outputs: Sequence[ChainOutput],
    target: str,
    found: Sequence[Sequence[Found]],
) -> Looked:
    """Which outputs are answers as they are, and which need ``repair``.

    found: the terms of each segment.
    """
    source = chain.legs[0].source

    def look_at_all() -> Looked:
        answers, cases = list[Repaired | None](), list[Case]()
        for segment, output, terms in zip(segments, outputs, found, strict=True):
            good, doubts = accepted(segment, output, source, target, terms, chain.checks)
            answers.append(good)
            if good is None:
                cases.append(Case(segment, output, terms, doubts))
        return Looked(answers, cases)

    return await chain.workers.beside(size(each.text for each in segments), look_at_all)


async def repair_all(
    chain: Chain,
    segments: Sequence[Segment],
    outputs: Sequence[ChainOutput],
    target: str,
    terms: Terms,
) -> list[Repaired]:
    """What to answer for each segment, when all are known."""
    found = await chain.workers.beside(
        size(each.text for each in segments),
        lambda: [terms.find(segment.text) for segment in segments],
    )
    looked = await look(chain, segments, outputs, target, found)
    return looked.ahead + await repair(chain, looked, target)


def accepted(
    segment: Segment,
    output: ChainOutput,
    source: str,
    target: str,
    found: Sequence[Found],
    checks: Checks,
) -> tuple[Repaired | None, list[Doubt]]:
    """The output as it is when nothing about it needs ``repair``, else None; and its doubts."""
    doubts = _doubts(segment, output, source, target, found, checks)
    if output.pieces > 1 or any(doubt.severe for doubt in doubts):
        return None, doubts
    used = uses(found, output.text, target)
    if not all(use.applied for use in used):
        return None, doubts
    return Repaired(output.text, output.score, tuple(doubts), used), doubts


def _doubts(
    segment: Segment,
    output: ChainOutput,
    source: str,
    target: str,
    found: Sequence[Found],
    checks: Checks,
) -> list[Doubt]:
    return checks.doubts(
        segment.text,
        output.text,
        source_language=source,
        target=target,
        complete=output.complete,
        kept={each.target for each in found if each.kept},
    )


def translatable(segment: Segment, found: Sequence[Found]) -> bool:
    """Whether a segment has a letter outside the protected ones of the terms found in it."""
    return any(
        any(map(str.isalpha, stretch))
        for stretch in around(segment.text, [each for each in found if each.kept])
    )


async def repair(chain: Chain, looked: Looked, target: str) -> list[Repaired]:
    """Improve on outputs where they are doubtful; the answers from the first of them on.

    Severe doubts: ``attempts`` one after the other until an output has none; of all
    outputs the least severe is kept, the earlier of two alike. Then the segment's terms are
    put in (see ``protect``), which is no reason to try again, and its doubts are those
    of what is answered.
    """
    cases = looked.cases
    await _try_again(chain, cases, target)
    unprotected = [Unprotected(case.segment.text, case.text, case.found) for case in cases]
    protected = await protect(chain, unprotected, target)
    source = chain.legs[0].source

    def ended() -> list[Repaired]:
        return [
            _answer(case, each, source, target, chain.checks)
            for case, each in zip(cases, protected, strict=True)
        ]

    repaired = iter(await chain.workers.beside(_size(cases), ended))
    return [answer or next(repaired) for answer in looked.answers[len(looked.ahead) :]]


async def _try_again(chain: Chain, cases: Sequence[Case], target: str) -> None:
    """Every attempt for all that are still severe, until none is."""
    trying = [case for case in cases if case.severe]
    beside, source = chain.workers.beside, chain.legs[0].source
    for _ in trying:
        chain.legs[-1].scheduler.count_retried()

    def plan() -> None:
        for case in trying:
            case.ways = attempts(case.segment, [(each.start, each.end) for each in case.found])

    def judge(number: int, outputs: Sequence[list[ChainOutput] | SummsvcError]) -> list[Case]:
        """Keep what is better; returns those to be tried again."""
        for case, given in zip(trying, outputs, strict=True):
            if isinstance(given, SummsvcError):
                # No time for it, say: a doubtful output is more than none.
                case.notes += attempts_cut(given)
                case.ways = []
                continue
            way = case.ways[number]
            other = way.output(given)
            fewer = _doubts(case.segment, other, source, target, case.found, chain.checks)
            if severity(fewer) < severity(case.doubts):
                case.output, case.doubts = other, fewer
                case.notes = [Doubt(WarningType.RETRIED, way.message, severe=False)]
        return [case for case in trying if case.severe and len(case.ways) > number + 1]

    if trying:
        await beside(_size(trying), plan)
    for number, search in enumerate(SEARCHES):
        if not trying:
            break
        outputs = await chain.again([case.ways[number].texts for case in trying], search)
        trying = await beside(_size(trying), judge, number, outputs)


def _answer(case: Case, protected: Protected, source: str, target: str, checks: Checks) -> Repaired:
    doubts, notes = case.doubts, case.notes
    if case.output.pieces > 1:
        count = case.output.pieces
        message = f"the segment was too long for the model and was translated in {count} pieces"
        notes = [*notes, Doubt(WarningType.SEGMENT_SPLIT, message, severe=False)]
    if protected.text != case.text:
        answered = replace(case.output, text=protected.text)
        doubts = _doubts(case.segment, answered, source, target, case.found, checks)
    if protected.pieces:
        message = "translated apart around terms that did not come through; the joins may be rough"
        notes = [*notes, Doubt(WarningType.SEGMENT_SPLIT, message, severe=False)]
    said = dict.fromkeys((*doubts, *notes, *protected.doubts))
    return Repaired(protected.text, case.output.score, tuple(said), protected.terms)


def _size(cases: Sequence[Case]) -> int:
    return size(case.segment.text + case.output.text for case in cases)
