"""Beam search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from summsvc.engines.base import (
    BEAM_PATIENCE,
    Cancelled,
    CancelledGeneration,
    DecodingOptions,
)
from summsvc.engines.onnxruntime.batch import DecoderBatch
from summsvc.engines.onnxruntime.constraints import Constraints
from summsvc.engines.onnxruntime.model import Floats, Integers
from summsvc.engines.onnxruntime.search import Hypothesis, log_sums


@dataclass(slots=True)
class _Segment:
    """A segment in the search. number: its place in the request. ended: complete hypotheses."""

    number: int
    limit: int
    penalty: float
    beam: int
    ended: list[Hypothesis] = field(default_factory=list)

    def normalized(self, total: float, length: int) -> float:
        """The score by which hypotheses of different lengths are compared."""
        return total / math.pow(length, self.penalty)

    def best(self) -> Hypothesis:
        """The best hypothesis that has ended."""
        return max(self.ended, key=lambda each: self.normalized(each.total, each.length))

    def is_over(self, likeliest: float, length: int) -> bool:
        """Whether no hypothesis that has not ended needs to be continued.

        likeliest: the largest total of those of ``length`` tokens. A total only decreases, so the
        best normalized score that one can still reach is known.
        """
        if length >= self.limit or len(self.ended) >= BEAM_PATIENCE * self.beam:
            return True
        if not self.ended:
            return False
        final = self.limit if self.penalty > 0 else length + 1
        found = self.best()
        return self.normalized(found.total, found.length) >= self.normalized(likeliest, final)


def beam_search(
    batch: DecoderBatch,
    limits: Integers,
    end: int,
    options: DecodingOptions,
    cancelled: Cancelled,
) -> list[Hypothesis]:
    """The hypothesis with the best total / length ** length_penalty that was found.

    batch: with ``options.beam_size`` rows for each segment. limits: most tokens of each segment,
    the end marker included. A hypothesis that reaches the limit is only returned when none has
    ended. Raises CancelledGeneration.
    """
    beam = options.beam_size
    segments = [
        _Segment(i, int(limit), options.length_penalty, beam) for i, limit in enumerate(limits)
    ]
    found: list[Hypothesis | None] = [None] * len(segments)
    constraints = Constraints(options, batch.words, end)
    least = np.repeat(np.minimum(options.min_output_tokens, limits - 1), beam)
    # At first all rows of a segment are the same, so only one counts.
    totals = np.where(np.arange(len(least)) % beam, -np.inf, 0.0).astype(np.float64)
    tokens = np.zeros((len(least), 0), np.int64)
    attended = np.zeros((len(least), 0), np.int64)
    for step in range(int(limits.max())):
        if cancelled():
            raise CancelledGeneration
        logits, sources = batch.step(tokens[:, -1] if step else None)
        constraints.apply(logits, tokens, least)
        gains = totals[:, None] + (logits - log_sums(logits))
        parents = np.zeros(len(tokens), np.int64)
        columns = np.zeros(len(tokens), np.int64)
        kept: list[int] = []
        for i, segment in enumerate(segments):
            rows = range(i * beam, (i + 1) * beam)
            chosen = _continue(segment, gains, rows, batch.words, end, tokens, attended)
            for row, (parent, column) in zip(rows, chosen, strict=True):
                parents[row], columns[row] = parent, column
            likeliest = float(gains[parents[rows[0]], columns[rows[0]]])
            if segment.is_over(likeliest, step + 1):
                if not segment.ended:
                    best = parents[rows[0]]
                    segment.ended.append(
                        Hypothesis(
                            [*tokens[best].tolist(), int(batch.words[columns[rows[0]]])],
                            [*attended[best].tolist(), int(sources[best])],
                            likeliest,
                            complete=False,
                        )
                    )
                found[segment.number] = segment.best()
            else:
                kept += rows
        segments = [each for each in segments if found[each.number] is None]
        if not segments:
            break
        order = np.array(kept)
        parents, columns = parents[order], columns[order]
        totals = gains[parents, columns]
        tokens = np.column_stack([tokens[parents], batch.words[columns]])
        attended = np.column_stack([attended[parents], sources[parents]])
        least = least[order]
        if len(order) == len(logits):
            batch.reorder(parents)
        else:
            batch.keep(parents)
    return [each for each in found if each is not None]


def _continue(
    segment: _Segment,
    gains: Floats,
    rows: Sequence[int],
    words: Integers,
    end: int,
    tokens: Integers,
    attended: Integers,
) -> list[tuple[int, int]]:
    """The best continuations of a segment, one for each of its rows, best first.

    gains: the total of each row and next word. Returns the row that each continues and the column
    of its word. Continuations with the end marker are added to the segment when they are among
    the best ``beam_size``.
    """
    beam, width = len(rows), gains.shape[1]
    flat = gains[rows[0] : rows[-1] + 1].ravel()
    count = min(2 * beam, len(flat))
    best = np.argpartition(flat, len(flat) - count)[len(flat) - count :]
    # Of equal totals the first word is taken, so that the result is repeatable.
    best = best[np.lexsort((best, -flat[best]))]
    chosen: list[tuple[int, int]] = []
    for rank, place in enumerate(best):
        row, column = rows[0] + int(place) // width, int(place) % width
        if words[column] != end:
            chosen.append((row, column))
        elif rank < beam and math.isfinite(flat[place]):
            segment.ended.append(
                Hypothesis(
                    tokens[row].tolist(), attended[row].tolist(), float(flat[place]), complete=True
                )
            )
        if len(chosen) == beam:
            break
    return chosen
