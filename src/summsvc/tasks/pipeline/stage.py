"""Pipeline stage: splits texts to the input limit of a model, and joins the outputs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from summsvc.alignment import Alignment, composed, joined, shifted
from summsvc.engines.base import Generated
from summsvc.errors import EngineError, SummsvcError
from summsvc.interruption import checked, grouped
from summsvc.scheduling.jobs import JobHandle, Outcome
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tasks.pipeline import splitting
from summsvc.tasks.pipeline.splitting import Spans
from summsvc.tasks.pipeline.usage import ModelUse

Unsplittable = Callable[[str], Spans]
"""Returns the spans [start, end) of a text that must not be split, such as terms."""

log = structlog.get_logger("summsvc.pipeline")


@dataclass(frozen=True, slots=True)
class ModelInput:
    """Texts as a model's input.

    pieces: each text as one piece, or as several where it is longer than the model's input.
    texts, tokens: all pieces in order, stripped of white space, and their lengths in tokens.
    """

    pieces: list[list[str]]
    texts: list[str]
    tokens: list[int]


@dataclass(frozen=True, slots=True)
class Stage:
    """One model of a route, and the languages (BCP-47) of its input and output."""

    scheduler: Scheduler
    source: str
    target: str

    @property
    def use(self) -> ModelUse:
        """The model as responses name it."""
        engine = self.scheduler.engine
        return ModelUse(
            engine.spec.id,
            engine.name,
            engine.spec.revision,
            self.source,
            self.target,
            engine.aligns,
        )

    def prepare(self, texts: Sequence[str], unsplittable: Unsplittable) -> ModelInput:
        """Split the texts that are too long. Blocks; linear in the lengths of the texts."""
        limit = self.scheduler.engine.max_input_tokens
        pieces: list[list[str]] = []
        tokens: list[int] = []
        for text, length in checked(zip(texts, self.count_tokens(texts), strict=True)):
            if length <= limit:
                pieces.append([text])
                tokens.append(length)
            else:
                pieces.append(splitting.split(text, self.count_tokens, limit, unsplittable(text)))
                tokens += self.count_tokens([piece.strip() for piece in pieces[-1]])
        return ModelInput(pieces, [piece.strip() for group in pieces for piece in group], tokens)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Length of each text in tokens as the model's input, special tokens included.

        Blocks; linear in the lengths of the texts. Raises EngineError when the tokenizer fails.
        """
        count = self.scheduler.engine.count_tokens
        lengths: list[int] = []
        for group in grouped(texts):
            try:
                lengths += count(group, self.source, self.target)
            except SummsvcError:
                raise
            # Where this runs on the event loop, SystemExit would end the process.
            except (Exception, SystemExit) as error:
                model = self.scheduler.engine.spec.id
                log.exception("tokenizer failed", model=model, exc_info=error)
                raise EngineError(
                    f"model '{model}' could not read a segment of this text; the operator finds "
                    "the cause in the server's log",
                    detail=repr(error),
                ) from error
        return lengths


@dataclass(frozen=True, slots=True)
class Submitted:
    """Texts in the queue of a model. pieces: of each text, for the model's input."""

    pieces: list[list[str]]
    handle: JobHandle

    def cancel(self) -> None:
        """Remove the texts from the queue; does nothing once all are done."""
        self.handle.cancel()


@dataclass(frozen=True, slots=True)
class PipelineOutput:
    """The output for one text.

    score: mean log-probability per token, at most 0; the lower one where two stages or
    several pieces have one. complete: False when a length limit ended the output. pieces:
    number of pieces that the text was split into for the model's input, at least 1.
    alignments: of each stage's output, as in ``Generated``.
    """

    text: str
    score: float
    complete: bool
    pieces: int
    alignments: tuple[Alignment, ...] = ()

    @property
    def alignment(self) -> Alignment:
        """The alignment of the output with the text; empty where a stage has none."""
        return functools.reduce(composed, self.alignments) if self.alignments else ()


def join_outputs(
    pieces: Sequence[Sequence[str]], outcomes: Sequence[Outcome | SummsvcError]
) -> list[PipelineOutput | SummsvcError]:
    """Each text's output, or the error of the first of its pieces that failed.

    pieces: of each text. outcomes: of all pieces in order.
    """
    outputs: list[PipelineOutput | SummsvcError] = []
    at = 0
    for group in pieces:
        found = outcomes[at : at + len(group)]
        at += len(group)
        generated: list[Generated] = []
        failed: SummsvcError | None = None
        for outcome in found:
            if isinstance(outcome, Outcome):
                generated.append(outcome.generated)
            else:
                failed = failed or outcome
        outputs.append(failed or _joined(group, generated))
    return outputs


def _joined(pieces: Sequence[str], generated: Sequence[Generated]) -> PipelineOutput:
    if len(pieces) == 1:
        (output,) = generated
        lead = len(pieces[0]) - len(pieces[0].lstrip())
        aligned = shifted(output.alignment, lead, 0)
        return PipelineOutput(output.text, output.score, output.complete, 1, (aligned,))
    parts = splitting.parts_of_join(pieces, [output.text for output in generated])
    return PipelineOutput(
        text="".join(parts),
        score=min(output.score for output in generated),
        complete=all(output.complete for output in generated),
        pieces=len(pieces),
        alignments=(joined(pieces, parts, [output.alignment for output in generated]),),
    )


def after_both(first: PipelineOutput, second: PipelineOutput) -> PipelineOutput:
    """The output of two stages in a row."""
    return PipelineOutput(
        text=second.text,
        score=min(first.score, second.score),
        complete=first.complete and second.complete,
        pieces=max(first.pieces, second.pieces),
        alignments=first.alignments + second.alignments,
    )
