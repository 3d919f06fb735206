"""What came out of a chain of models for one text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summsvc.errors import SummsvcError
from summsvc.scheduling.jobs import Outcome
from summsvc.tasks.pipeline import splitting


@dataclass(frozen=True, slots=True)
class PipelineOutput:
    """What came out for one text.

    score: mean log-probability per token of the weaker leg, at most 0.
    complete: False when a length limit ended it. pieces: into how many the
    text had to be split for the model's input, at least 1.
    """

    text: str
    score: float
    complete: bool
    pieces: int


def joined(pieces: Sequence[str], outcomes: Sequence[Outcome]) -> PipelineOutput:
    """The output for a text, of those for its pieces."""
    generated = [outcome.generated for outcome in outcomes]
    return PipelineOutput(
        text=splitting.join(pieces, [output.text for output in generated]),
        score=min(output.score for output in generated),
        complete=all(output.complete for output in generated),
        pieces=len(pieces),
    )


def weaker(before: PipelineOutput, after: PipelineOutput) -> PipelineOutput:
    """The output of two legs, one after the other."""
    return PipelineOutput(
        text=after.text,
        score=min(before.score, after.score),
        complete=before.complete and after.complete,
        pieces=max(before.pieces, after.pieces),
    )


def all_or_error(
    outputs: Sequence[PipelineOutput | SummsvcError],
) -> list[PipelineOutput] | SummsvcError:
    """The outputs, or what the first without one failed with."""
    done = [each for each in outputs if isinstance(each, PipelineOutput)]
    return (
        done
        if len(done) == len(outputs)
        else next(each for each in outputs if isinstance(each, SummsvcError))
    )
