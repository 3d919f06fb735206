"""From a model's output to one that can be answered: checked, tried again, flagged.

What is doubtful in a group of outputs is tried again together: one submission for each
attempt, however many segments need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from summsvc.articles.document import Segment
from summsvc.errors import SummsvcError
from summsvc.tasks.pipeline.output import PipelineOutput
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.sizes import size
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.quality.checks import Issue, attempts_cut, severity
from summsvc.tasks.translation.glossary import Found, Terms, TermUse, around, uses
from summsvc.tasks.translation.retry_strategies import SEARCHES, RetryStrategy, retry_strategies
from summsvc.tasks.translation.term_enforcement import Protected, Unprotected, protect
from summsvc.types import Field, Span, Warning, WarningType


@dataclass(frozen=True, slots=True)
class CheckedOutput:
    """The text to answer for a segment, and what is to be said about it."""

    text: str
    score: float = 0.0
    issues: tuple[Issue, ...] = ()
    terms: tuple[TermUse, ...] = ()

    @staticmethod
    def unchanged(segment: Segment) -> CheckedOutput:
        """A segment with nothing to translate: it stays as it is."""
        return CheckedOutput(segment.text)


def warnings_of(
    checked: CheckedOutput, field: Field | None, span: Span | None
) -> tuple[Warning, ...]:
    """The doubts about a segment as warnings with its place."""
    return tuple(Warning(issue.type, issue.message, field, span) for issue in checked.issues)


@dataclass(eq=False, slots=True)
class Case:
    """A segment's output so far, the best of its attempts.

    found: the segment's terms. doubts: about the output. notes: what else is to be said
    about it. ways: to try it again, one for each of ``SEARCHES``.
    """

    segment: Segment
    output: PipelineOutput
    found: Sequence[Found]
    issues: list[Issue]
    notes: list[Issue] = field(default_factory=list)
    ways: list[RetryStrategy] = field(default_factory=list)

    @property
    def severe(self) -> bool:
        return any(issue.severe for issue in self.issues)

    @property
    def text(self) -> str:
        return self.output.text if self.output.text.strip() else self.segment.text


@dataclass(frozen=True, slots=True)
class Looked:
    """A group of outputs. answers: None for each that needs repair; cases: these, in order."""

    answers: list[CheckedOutput | None]
    cases: list[Case]

    @property
    def ahead(self) -> list[CheckedOutput]:
        """The answers before the first that needs repair."""
        ahead = []
        for answer in self.answers:
            if answer is None:
                break
            ahead.append(answer)
        return ahead


async def look(
    pipeline: Pipeline,
    segments: Sequence[Segment],
    outputs: Sequence[PipelineOutput],
    target: str,
    found: Sequence[Sequence[Found]],
) -> Looked:
    """Which outputs are answers as they are, and which need ``repair``.

    found: the terms of each segment.
    """
    source = pipeline.stages[0].source

    def look_at_all() -> Looked:
        answers, cases = list[CheckedOutput | None](), list[Case]()
        for segment, output, terms in zip(segments, outputs, found, strict=True):
            good, issues = accepted(segment, output, source, target, terms, pipeline.checks)
            answers.append(good)
            if good is None:
                cases.append(Case(segment, output, terms, issues))
        return Looked(answers, cases)

    return await pipeline.workers.offload(size(each.text for each in segments), look_at_all)


async def repair_all(
    pipeline: Pipeline,
    segments: Sequence[Segment],
    outputs: Sequence[PipelineOutput],
    target: str,
    terms: Terms,
) -> list[CheckedOutput]:
    """What to answer for each segment, when all are known."""
    found = await pipeline.workers.offload(
        size(each.text for each in segments),
        lambda: [terms.find(segment.text) for segment in segments],
    )
    looked = await look(pipeline, segments, outputs, target, found)
    return looked.ahead + await repair(pipeline, looked, target)


def accepted(
    segment: Segment,
    output: PipelineOutput,
    source: str,
    target: str,
    found: Sequence[Found],
    checks: Checks,
) -> tuple[CheckedOutput | None, list[Issue]]:
    """The output as it is when nothing about it needs ``repair``, else None; and its doubts."""
    issues = _doubts(segment, output, source, target, found, checks)
    if output.pieces > 1 or any(issue.severe for issue in issues):
        return None, issues
    used = uses(found, output.text, target)
    if not all(use.applied for use in used):
        return None, issues
    return CheckedOutput(output.text, output.score, tuple(issues), used), issues


def _doubts(
    segment: Segment,
    output: PipelineOutput,
    source: str,
    target: str,
    found: Sequence[Found],
    checks: Checks,
) -> list[Issue]:
    return checks.issues(
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


async def repair(pipeline: Pipeline, looked: Looked, target: str) -> list[CheckedOutput]:
    """Improve on outputs where they are doubtful; the answers from the first of them on.

    Severe doubts: ``retry_strategies`` one after the other until an output has none; of all
    outputs the least severe is kept, the earlier of two alike. Then the segment's terms are
    put in (see ``protect``), which is no reason to try again, and its doubts are those
    of what is answered.
    """
    cases = looked.cases
    await _try_again(pipeline, cases, target)
    unprotected = [Unprotected(case.segment.text, case.text, case.found) for case in cases]
    protected = await protect(pipeline, unprotected, target)
    source = pipeline.stages[0].source

    def ended() -> list[CheckedOutput]:
        return [
            _answer(case, each, source, target, pipeline.checks)
            for case, each in zip(cases, protected, strict=True)
        ]

    checked = iter(await pipeline.workers.offload(_size(cases), ended))
    return [answer or next(checked) for answer in looked.answers[len(looked.ahead) :]]


async def _try_again(pipeline: Pipeline, cases: Sequence[Case], target: str) -> None:
    """Every attempt for all that are still severe, until none is."""
    trying = [case for case in cases if case.severe]
    offload, source = pipeline.workers.offload, pipeline.stages[0].source
    for _ in trying:
        pipeline.stages[-1].scheduler.count_retried()

    def plan() -> None:
        for case in trying:
            case.ways = retry_strategies(
                case.segment, [(each.start, each.end) for each in case.found]
            )

    def judge(number: int, outputs: Sequence[list[PipelineOutput] | SummsvcError]) -> list[Case]:
        """Keep what is better; returns those to be tried again."""
        for case, given in zip(trying, outputs, strict=True):
            if isinstance(given, SummsvcError):
                # No time for it, say: a doubtful output is more than none.
                case.notes += attempts_cut(given)
                case.ways = []
                continue
            way = case.ways[number]
            other = way.output(given)
            fewer = _doubts(case.segment, other, source, target, case.found, pipeline.checks)
            if severity(fewer) < severity(case.issues):
                case.output, case.issues = other, fewer
                case.notes = [Issue(WarningType.RETRIED, way.message, severe=False)]
        return [case for case in trying if case.severe and len(case.ways) > number + 1]

    if trying:
        await offload(_size(trying), plan)
    for number, search in enumerate(SEARCHES):
        if not trying:
            break
        outputs = await pipeline.again([case.ways[number].texts for case in trying], search)
        trying = await offload(_size(trying), judge, number, outputs)


def _answer(
    case: Case, protected: Protected, source: str, target: str, checks: Checks
) -> CheckedOutput:
    issues, notes = case.issues, case.notes
    if case.output.pieces > 1:
        count = case.output.pieces
        message = f"the segment was too long for the model and was translated in {count} pieces"
        notes = [*notes, Issue(WarningType.SEGMENT_SPLIT, message, severe=False)]
    if protected.text != case.text:
        answered = replace(case.output, text=protected.text)
        issues = _doubts(case.segment, answered, source, target, case.found, checks)
    if protected.pieces:
        message = "translated apart around terms that did not come through; the joins may be rough"
        notes = [*notes, Issue(WarningType.SEGMENT_SPLIT, message, severe=False)]
    said = dict.fromkeys((*issues, *notes, *protected.issues))
    return CheckedOutput(protected.text, case.output.score, tuple(said), protected.terms)


def _size(cases: Sequence[Case]) -> int:
    return size(case.segment.text + case.output.text for case in cases)
