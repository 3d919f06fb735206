"""Checked translations of a group of segments: quality checks, retries and terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from summsvc.alignment import Alignment
from summsvc.articles.document import Segment
from summsvc.tasks.pipeline.pipeline import Pipeline
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.pipeline.text_workers import work_size
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.quality.checks import Issue
from summsvc.tasks.translation.glossary import Found, Terms
from summsvc.tasks.translation.letter_case import UsualForms, is_copied
from summsvc.tasks.translation.retry import Case, Context, any_retryable, retry_doubtful
from summsvc.tasks.translation.term_enforcement import TermOutput, any_lacking, enforce_terms
from summsvc.tasks.translation.term_uses import TermUse, uses
from summsvc.tracing import current
from summsvc.types import Field, Span, Warning, WarningType

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CheckedOutput:
    """The final text of a segment.

    score: 0 for a segment that was not translated. alignment: as in ``Generated``.
    """

    text: str
    score: float = 0.0
    issues: tuple[Issue, ...] = ()
    terms: tuple[TermUse, ...] = ()
    alignment: Alignment = ()

    @staticmethod
    def unchanged(segment: Segment) -> CheckedOutput:
        """The output of a segment without anything to translate: its own text."""
        return CheckedOutput(segment.text)


def warnings_of(
    checked: CheckedOutput, field: Field | None, span: Span | None
) -> tuple[Warning, ...]:
    """The issues of an output as warnings about a span of the article."""
    return tuple(Warning(issue.type, issue.message, field, span) for issue in checked.issues)


@dataclass(frozen=True, slots=True)
class Selected:
    """A segment to translate, and its terms.

    work: the work size of the segment and of the segments without anything to translate
    that come before it.
    """

    segment: Segment
    found: Sequence[Found]
    work: int


class Chunk(Generic[T]):
    """Consecutive checked outputs. results: of placing them; None until they are placed.

    start: number of the first one among the selected segments.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self.outputs: list[CheckedOutput] = []
        self.results: list[T] | None = None


Place = Callable[[int, Sequence[CheckedOutput]], "list[T] | None"]
"""Places outputs from a number on; None where the output before them is not placed yet."""


class CheckedGroup(Generic[T]):
    """Outputs of neighbouring segments, checked and placed in one call of a worker.

    ahead: the outputs before the first that needs a retry or a term. rest: the others, empty
    until ``complete`` is done. done: whether nothing is left for ``complete``.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        start: int,
        selected: Sequence[Selected],
        target: str,
        place: Place[T],
        usual: UsualForms,
    ) -> None:
        self.ahead, self.rest = Chunk[T](start), Chunk[T](start)
        self.done = False
        self.work = sum([each.work for each in selected])
        self._pipeline = pipeline
        self._selected = selected
        self._target = target
        self._place = place
        self._context = Context(pipeline.source, target, usual)
        self._cases: list[Case] = []
        self._answers: list[CheckedOutput | None] = []
        self._term_outputs: list[TermOutput] | None = None

    async def check(self, outputs: Sequence[PipelineOutput]) -> None:
        """Check an output of each segment."""
        work = self.work + sum([len(output.text) for output in outputs])
        with current().child("checks", segments=len(outputs)) as span:
            await self._pipeline.workers.offload(work, self._check, outputs)
            span.set(doubtful=len(self._cases))

    async def complete(self) -> None:
        """Retry the outputs with severe issues, then insert missing terms.

        Of all outputs of a segment the least severe is kept, the earlier one of two equally
        severe ones. A missing term alone is no reason for a retry.
        """
        if self.done:
            return
        with current().child("retries", segments=len(self._cases)):
            await retry_doubtful(self._pipeline, self._cases, self._issues, self._advance)
            assert self._term_outputs is not None
            await enforce_terms(self._pipeline, self._term_outputs, self._target, self._advance)

    def _check(self, outputs: Sequence[PipelineOutput]) -> None:
        source, checks = self._pipeline.source, self._pipeline.checks
        doubtful: list[tuple[Segment, PipelineOutput, Sequence[Found], list[Issue]]] = []
        for each, output in zip(self._selected, outputs, strict=True):
            segment, found = each.segment, each.found
            answer, issues = accepted(segment, output, source, self._target, found, checks)
            self._answers.append(answer)
            if answer is None:
                doubtful.append((segment, output, found, issues))
            elif not doubtful:
                self.ahead.outputs.append(answer)
        self._cases = [Case(*each, self._context) for each in doubtful]
        self.rest.start += len(self.ahead.outputs)
        self._placed(self.ahead)
        self._advance()

    def _advance(self) -> None:
        """Do in the worker what needs no model any more."""
        if any_retryable(self._cases):
            return
        texts = [case.text for case in self._cases]
        if self._term_outputs is None:
            self._term_outputs = [
                TermOutput.of(case.segment.text, text, case.found, self._target, case.alignment)
                for case, text in zip(self._cases, texts, strict=True)
            ]
        if any_lacking(self._term_outputs):
            return
        term_issues = [output.issues for output in self._term_outputs]
        final = map(self._final, self._cases, texts, self._term_outputs, term_issues)
        left = self._answers[len(self.ahead.outputs) :]
        self.rest.outputs = [answer or next(final) for answer in left]
        self.done = True
        self._placed(self.rest)

    def _placed(self, chunk: Chunk[T]) -> None:
        chunk.results = self._place(chunk.start, chunk.outputs)

    def _issues(self, case: Case, output: PipelineOutput) -> list[Issue]:
        source, checks = self._pipeline.source, self._pipeline.checks
        return find_issues(case.segment, output, source, self._target, case.found, checks)

    def _final(
        self, case: Case, text: str, with_terms: TermOutput, term_issues: Sequence[Issue]
    ) -> CheckedOutput:
        issues, notes = case.issues, case.notes
        if case.output.pieces > 1:
            count = case.output.pieces
            message = f"the segment was too long for the model and was translated in {count} pieces"
            notes = [*notes, Issue(WarningType.SEGMENT_SPLIT, message, severe=False)]
        if with_terms.text != text:
            issues = self._issues(case, replace(case.output, text=with_terms.text))
        if with_terms.pieces:
            message = (
                "translated apart around terms that did not come through; the joins may be rough"
            )
            notes = [*notes, Issue(WarningType.SEGMENT_SPLIT, message, severe=False)]
        unique = dict.fromkeys((*issues, *notes, *term_issues))
        return CheckedOutput(
            with_terms.text,
            case.output.score,
            tuple(unique),
            with_terms.used,
            with_terms.alignment,
        )


def accepted(
    segment: Segment,
    output: PipelineOutput,
    source: str,
    target: str,
    found: Sequence[Found],
    checks: Checks,
) -> tuple[CheckedOutput | None, list[Issue]]:
    """Check an output. Returns it if it needs neither a retry nor a term, and its issues."""
    issues = find_issues(segment, output, source, target, found, checks)
    if output.pieces > 1 or any(issue.severe for issue in issues):
        return None, issues
    aligned = output.alignment
    used = uses(found, output.text, target, aligned) if found else ()
    if not all(use.applied for use in used):
        return None, issues
    return CheckedOutput(output.text, output.score, tuple(issues), used, aligned), issues


def find_issues(
    segment: Segment,
    output: PipelineOutput,
    source: str,
    target: str,
    found: Sequence[Found],
    checks: Checks,
) -> list[Issue]:
    """The quality issues of an output. found: the terms of the segment."""
    issues = checks.issues(
        segment.text,
        output.text,
        source_language=source,
        target=target,
        complete=output.complete,
        kept={each.target for each in found if each.kept},
    )
    if is_copied(segment.text, output.text) and not any(
        issue.type is WarningType.UNTRANSLATED for issue in issues
    ):
        message = "the text was left as in the source"
        issues.append(Issue(WarningType.UNTRANSLATED, message, severe=True))
    return issues


async def check_and_complete(
    pipeline: Pipeline,
    segments: Sequence[Segment],
    outputs: Sequence[PipelineOutput],
    target: str,
    terms: Terms,
) -> list[CheckedOutput]:
    """The checked outputs of all segments. outputs: of their texts, in order."""
    texts = [segment.text for segment in segments]
    found = await pipeline.workers.offload(
        work_size(texts), lambda: [terms.find(each.text, each.kept) for each in segments]
    )
    selected = [
        Selected(segment, each, work_size((segment.text,)))
        for segment, each in zip(segments, found, strict=True)
    ]
    group = CheckedGroup[CheckedOutput](
        pipeline, 0, selected, target, lambda _, done: list(done), UsualForms(texts)
    )
    await group.check(outputs)
    await group.complete()
    return group.ahead.outputs + group.rest.outputs
