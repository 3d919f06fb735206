"""Retries of doubtful translations: the strategies, and the choice of the least severe output.

Models loop most on fragments and on sentences longer than those of their training data
(Koehn and Knowles, "Six Challenges for Neural Machine Translation", 2017), and more often
because of the search than because of the model. Hence the order of the strategies:

1. a wide beam in which no four tokens may repeat; a heading or fragment gets a full stop
   first, which makes it a sentence;
2. greedy search with a penalty for tokens that were generated before;
3. one piece per clause, decoded as in 1, where the segment has several clauses.

Two kinds of text are also changed. One in capitals or title case is tried in sentence case,
and its output is put back into its case. One that is returned in the source's language is
tried without its final stop, and in pieces even within a clause.

All doubtful segments of a group are retried together: one submission per attempt.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from summsvc.alignment import Alignment, clipped, joined, shifted
from summsvc.articles.document import Segment
from summsvc.errors import SummsvcError
from summsvc.tasks.pipeline.pipeline import Adjust, Pipeline
from summsvc.tasks.pipeline.splitting import parts_of_join, split, split_clauses
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.pipeline.text_workers import work_size
from summsvc.tasks.quality.checks import Issue, attempts_cut, safer, severity
from summsvc.tasks.translation.glossary import Found, around
from summsvc.tasks.translation.letter_case import (
    LetterCase,
    UsualForms,
    case_of,
    in_case,
    sentence_case,
)
from summsvc.types import SegmentKind, WarningType

ATTEMPT_DECODING: tuple[Adjust, ...] = (
    partial(safer, attempt=1),
    partial(safer, attempt=2),
    partial(safer, attempt=1),
)
"""The decoding of each attempt, the same for all segments of a submission."""

MAX_RETRIES = len(ATTEMPT_DECODING)
"""Most attempts for a doubtful segment."""

_SENTENCE_ENDS = ".!?…:;"
_STOPS = ".!?…"

MIN_PIECE = 12
"""Least code points of the pieces of a text that was returned in the source's language."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryStrategy:
    """One way to translate a segment again.

    pieces: joined they are the segment's text, without its final stop where ``removed`` is
    that stop. stop: whether a full stop is appended to the last piece, and removed from the
    output. case: of the segment, where the pieces are in sentence case. kept: strings whose
    case never changes. target: BCP-47 code of the output.
    """

    pieces: tuple[str, ...]
    stop: bool = False
    removed: str = ""
    case: LetterCase = LetterCase.MIXED
    kept: tuple[str, ...] = ()
    target: str = ""

    @property
    def message(self) -> str:
        """The message of the warning when the output of this strategy is kept."""
        if len(self.pieces) > 1:
            how = f"is translated in {len(self.pieces)} pieces, cut between clauses"
        elif self.removed:
            how = "is translated without its final stop"
        elif self.stop:
            how = "is translated as a sentence"
        else:
            how = "comes from safer decoding"
        if self.case is not LetterCase.MIXED:
            how += f", in sentence case instead of {self.case.value}"
        return f"a first output was doubtful; this one {how}"

    @property
    def texts(self) -> list[str]:
        """The model's input for each piece."""
        texts = [piece.strip() for piece in self.pieces]
        if self.stop:
            texts[-1] += "."
        return texts

    def output(self, outputs: Sequence[PipelineOutput]) -> PipelineOutput:
        """The output for the whole segment. outputs: of ``texts``, in order."""
        if len(self.pieces) == 1:
            (output,) = outputs
            lead = len(self.pieces[0]) - len(self.pieces[0].lstrip())
            aligned = shifted(output.alignment, lead, 0)
            text = output.text
        else:
            parts = parts_of_join(self.pieces, [output.text for output in outputs])
            aligned = joined(self.pieces, parts, [output.alignment for output in outputs])
            text = "".join(parts)
        finished = self._finished(text)
        if len(finished) > len(text):
            # Letters without a counterpart of the same length, such as ß in capitals.
            aligned = ()
        aligned = clipped(aligned, sum(map(len, self.pieces)), len(finished))
        return PipelineOutput(
            finished,
            min([output.score for output in outputs]),
            all(output.complete for output in outputs),
            max([output.pieces for output in outputs]),
            (aligned,),
        )

    def _finished(self, text: str) -> str:
        """A whole output with the end and the letter case of the segment."""
        if self.stop:
            text = text.removesuffix(".")
        if self.removed and text.strip():
            text = text.rstrip(_STOPS) + self.removed
        return in_case(text, self.case, self.target, self.kept)


@dataclass(frozen=True, slots=True)
class Context:
    """What the retries of all segments of a request have in common.

    source, target: BCP-47 codes. usual: the usual letter case of words in the article.
    """

    source: str
    target: str
    usual: UsualForms = field(default_factory=UsualForms)


def retry_strategies(
    segment: Segment, found: Sequence[Found], issues: Sequence[Issue], context: Context
) -> list[RetryStrategy]:
    """The strategies for a segment, one per attempt, at most MAX_RETRIES.

    found: the segment's terms, which are not split. issues: of its first output.
    """
    text = segment.text
    fragment = segment.kind is not SegmentKind.SENTENCE and text[-1] not in _SENTENCE_ENDS
    spans = [(each.start, each.end) for each in found]
    case = case_of(" ".join(around(text, found)) if found else text)
    if case is not LetterCase.MIXED:
        text = sentence_case(text, case, context.source, context.usual, spans)
    kept = tuple({each.target for each in found}) if case is not LetterCase.MIXED else ()
    strategy = partial(RetryStrategy, case=case, kept=kept, target=context.target)
    copied = any(issue.type is WarningType.UNTRANSLATED for issue in issues)
    bare = text.rstrip(_STOPS) if copied else text
    first = strategy((bare or text,), stop=fragment, removed=text[len(bare) :] if bare else "")
    # Sentence case may take a name for a word, which title case does not.
    is_title = case is LetterCase.TITLE
    strategies = [first, RetryStrategy((segment.text,)) if is_title else strategy((text,))]
    pieces = split_clauses(text, spans)
    if copied and len(pieces) == 1 and len(text) >= 2 * MIN_PIECE:
        pieces = split(text, _lengths, math.ceil(0.6 * len(text)), spans)
    if len(pieces) > 1:
        strategies.append(strategy(tuple(pieces)))
    return strategies


def _lengths(parts: Sequence[str]) -> list[int]:
    return list(map(len, parts))


@dataclass(eq=False, slots=True)
class Case:
    """A segment whose output is not accepted as it is, with the best output so far.

    found: the segment's terms. issues: of the output. context: of the request. notes: other
    warnings. strategies: for the attempts, while the output has a severe issue. attempts:
    number of them made.
    """

    segment: Segment
    output: PipelineOutput
    found: Sequence[Found]
    issues: list[Issue]
    context: Context
    notes: list[Issue] = field(default_factory=list)
    strategies: list[RetryStrategy] = field(default_factory=list)
    attempts: int = 0

    def __post_init__(self) -> None:
        if self.severe:
            self.strategies = retry_strategies(self.segment, self.found, self.issues, self.context)

    @property
    def severe(self) -> bool:
        """Whether the output has a severe issue."""
        return any(issue.severe for issue in self.issues)

    @property
    def retryable(self) -> bool:
        """Whether the output is severe and another attempt is left."""
        return len(self.strategies) > self.attempts and self.severe

    @property
    def text(self) -> str:
        """The output, or the segment's own text where the output is empty."""
        return self.output.text if self.output.text.strip() else self.segment.text

    @property
    def alignment(self) -> Alignment:
        """The alignment of ``text``, as in ``Generated``."""
        return self.output.alignment if self.output.text.strip() else ()

    def consider(
        self,
        result: list[PipelineOutput] | SummsvcError,
        check: Callable[[Case, PipelineOutput], list[Issue]],
    ) -> None:
        """Keep the result of an attempt if its issues are less severe."""
        if isinstance(result, SummsvcError):
            # For example no time is left: a doubtful output is better than none.
            self.notes += attempts_cut(result)
            self.strategies = []
            return
        strategy = self.strategies[self.attempts]
        self.attempts += 1
        output = strategy.output(result)
        issues = check(self, output)
        if severity(issues) < severity(self.issues):
            self.output, self.issues = output, issues
            self.notes = [Issue(WarningType.RETRIED, strategy.message, severe=False)]


def any_retryable(cases: Sequence[Case]) -> bool:
    """Whether one of the cases is to be retried."""
    return any(case.retryable for case in cases)


async def retry_doubtful(
    pipeline: Pipeline,
    cases: Sequence[Case],
    check: Callable[[Case, PipelineOutput], list[Issue]],
    then: Callable[[], T],
) -> T | None:
    """Retry the cases with severe issues until none is left or all attempts are made.

    check: finds the issues of an output. then: called in the worker after each attempt.
    Returns the last result of ``then``, None without any attempt.
    """

    def consider(
        trying: Sequence[Case], results: Sequence[list[PipelineOutput] | SummsvcError]
    ) -> T:
        for case, result in zip(trying, results, strict=True):
            case.consider(result, check)
        return then()

    result: T | None = None
    for attempt, adjust in enumerate(ATTEMPT_DECODING):
        trying = [case for case in cases if case.retryable]
        if not trying:
            break
        results = await pipeline.retry(
            [case.strategies[attempt].texts for case in trying],
            adjust,
            newly_retried=0 if attempt else len(trying),
        )
        size = work_size([case.segment.text + case.output.text for case in trying])
        result = await pipeline.workers.offload(size, consider, trying, results)
    return result
