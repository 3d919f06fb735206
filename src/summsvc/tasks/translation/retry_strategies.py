"""How a doubtful segment is tried again.

Models loop most on fragments and on sentences longer than they were trained on
(Koehn and Knowles, "Six Challenges for Neural Machine Translation", 2017), and
their search is what goes astray before they do. So, in this order:

1. another beam, which may say no four tokens twice; a heading or fragment is
   given a full stop first, to be a sentence;
2. one hypothesis, which is held against every token said before;
3. between clauses in pieces, each with the other beam, where there are clauses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from summsvc.articles.document import Segment
from summsvc.tasks.pipeline.boundaries import Spans
from summsvc.tasks.pipeline.output import PipelineOutput
from summsvc.tasks.pipeline.pipeline import Adjust
from summsvc.tasks.pipeline.splitting import clauses, join
from summsvc.tasks.quality.checks import safer
from summsvc.types import SegmentKind

SEARCHES: tuple[Adjust, ...] = (
    partial(safer, attempt=1),
    partial(safer, attempt=2),
    partial(safer, attempt=1),
)
"""How models search in each attempt, the same for all segments, which go together."""

MAX_RETRIES = len(SEARCHES)
"""Times at most that a doubtful segment is tried again."""

_ENDS = ".!?…:;"


@dataclass(frozen=True, slots=True)
class RetryStrategy:
    """One more way to have a segment translated.

    pieces: joined they are its text. stop: a full stop follows the last, and
    does not belong to it.
    """

    pieces: tuple[str, ...]
    stop: bool = False

    @property
    def message(self) -> str:
        """What a caller is told when this one was the best."""
        if len(self.pieces) > 1:
            how = f"is translated in {len(self.pieces)} pieces, cut between clauses"
        elif self.stop:
            how = "is translated as a sentence"
        else:
            how = "comes from safer decoding"
        return f"a first output was doubtful; this one {how}"

    @property
    def texts(self) -> list[str]:
        """What a model is to read, for each piece."""
        texts = [piece.strip() for piece in self.pieces]
        if self.stop:
            texts[-1] += "."
        return texts

    def output(self, outputs: Sequence[PipelineOutput]) -> PipelineOutput:
        """The output for the whole segment, of those for its ``texts``."""
        text = join(self.pieces, [output.text for output in outputs])
        if self.stop:
            text = text.removesuffix(".")
        return PipelineOutput(
            text,
            min(output.score for output in outputs),
            all(output.complete for output in outputs),
            max(output.pieces for output in outputs),
        )


def retry_strategies(segment: Segment, whole: Spans = ()) -> list[RetryStrategy]:
    """The ways to try a segment again, at most ATTEMPTS of them, one for each of SEARCHES.

    whole: stretches [start, end) that are not cut, such as terms.
    """
    text = segment.text
    fragment = segment.kind is not SegmentKind.SENTENCE and text[-1] not in _ENDS
    ways = [RetryStrategy((text,), stop=fragment), RetryStrategy((text,))]
    pieces = tuple(clauses(text, whole))
    if len(pieces) > 1:
        ways.append(RetryStrategy(pieces))
    return ways
