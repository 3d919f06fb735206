"""Greedy search and its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from summsvc.engines.base import Cancelled, CancelledGeneration, DecodingOptions
from summsvc.engines.onnxruntime.batch import DecoderBatch
from summsvc.engines.onnxruntime.constraints import Constraints
from summsvc.engines.onnxruntime.model import Floats, Integers

FINISHED_SHARE = 1 / 8
"""Rows that have ended leave a batch once they are at least this share of it. Copying what is
left for every row that ends would take longer than the rows themselves."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """An output of the search.

    ids: its tokens, without the end marker. attended: for each token, the index of the source
    token that it attends to most. total: sum of the log-probabilities of all tokens, the end
    marker included. complete: whether it ended with the end marker.
    """

    ids: Sequence[int]
    attended: Sequence[int]
    total: float
    complete: bool

    @property
    def length(self) -> int:
        """Number of tokens, the end marker included."""
        return len(self.ids) + self.complete


def log_sums(logits: Floats) -> Floats:
    """Logarithm of the sum of exponentials of each row, of shape (rows, 1)."""
    top = logits.max(axis=1, keepdims=True)
    sums: Floats = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    return sums


def greedy(
    batch: DecoderBatch,
    limits: Integers,
    end: int,
    options: DecodingOptions,
    cancelled: Cancelled,
) -> list[Hypothesis]:
    """The likeliest token at each step.

    limits: most tokens of each segment, the end marker included. Raises CancelledGeneration.
    """
    count, longest = len(limits), int(limits.max())
    tokens = np.zeros((count, longest), np.int64)
    attended = np.zeros((count, longest), np.int64)
    totals = np.zeros(count)
    lengths = np.zeros(count, np.int64)
    complete, ended = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    constraints = Constraints(options, batch.words, end)
    least = np.minimum(options.min_output_tokens, limits - 1)
    rows = np.arange(count)
    last: Integers | None = None
    for step in range(longest):
        if cancelled():
            raise CancelledGeneration
        logits, sources = batch.step(last)
        constraints.apply(logits, tokens[rows, :step], least[rows])
        best = logits.argmax(axis=1)
        gained = logits[np.arange(len(rows)), best] - log_sums(logits)[:, 0]
        last = batch.words[best]
        tokens[rows, step], attended[rows, step] = last, sources
        live = ~ended[rows]
        totals[rows] += np.where(live, gained, 0)
        lengths[rows] += live
        complete[rows] |= live & (last == end)
        ended[rows] |= (last == end) | (step + 1 >= limits[rows])
        left = np.flatnonzero(~ended[rows])
        if not len(left):
            break
        if len(rows) - len(left) >= FINISHED_SHARE * len(rows):
            batch.keep(left)
            rows, last = rows[left], last[left]
    made = lengths - complete
    return [
        Hypothesis(
            tokens[i, : made[i]].tolist(),
            attended[i, : made[i]].tolist(),
            float(totals[i]),
            bool(complete[i]),
        )
        for i in range(count)
    ]
