"""Batches, and the selection of segments that fill a batch with little padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from summsvc.scheduling.batch_size import Budget
from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.jobs import WorkItem

BATCH_OVERHEAD = 0.25
"""Fixed cost of a batch as a fraction of the cost of a full batch's tokens, padding included. It
balances small batches against padding: without a fixed cost, no batch would be padded."""

MIN_BATCH_DIVISOR = 8
"""A queue shorter than one full batch per idle worker is divided among the workers, but not into
batches below this fraction (one over the value) of the budget: small batches waste the model."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Segments with one batch key that go through the model together, longest first.

    budget: the largest batch that was allowed.
    """

    items: tuple[WorkItem, ...]
    budget: Budget

    @cached_property
    def tokens(self) -> int:
        """Input tokens without padding."""
        return sum(item.tokens for item in self.items)

    @cached_property
    def padded_tokens(self) -> int:
        """Length of the longest segment times the number of segments."""
        return self.items[0].tokens * len(self.items)

    @cached_property
    def used(self) -> Budget:
        """The part of the budget that is used: padded tokens and segments, times the beams."""
        beams = self.items[0].beams
        return Budget(self.padded_tokens * beams, len(self.items) * beams)

    def abandoned(self) -> bool:
        """Whether no job waits for any segment of the batch. Thread-safe."""
        return not any(item.handles for item in self.items)


@dataclass(frozen=True, slots=True)
class Capacity:
    """Limits on the content of a batch, given its first segment.

    padded_tokens: limit on the longest segment times the number of segments. segments: limit
    on the number of segments. full_tokens: tokens of a full batch of segments as long as the
    first one.
    """

    padded_tokens: int
    segments: int
    full_tokens: int

    @classmethod
    def of(cls, budget: Budget, first: WorkItem) -> Capacity:
        """Return the capacity of a batch within a budget that starts with a segment."""
        padded_tokens = max(1, budget.tokens // first.beams)
        segments = max(1, budget.sequences // first.beams)
        return cls(padded_tokens, segments, min(padded_tokens, segments * first.tokens))


def of_small_caller(
    caller: Caller, candidates: list[WorkItem], capacity: Capacity
) -> tuple[list[WorkItem], int]:
    """Return the candidates and the target tokens of a batch led by a caller with little work.

    The batch holds the caller's own segments. Only below the minimum size it is filled with
    those of others: each of them makes the batch longer, and a request waits for several
    batches when it has retries.
    """
    own = [
        item for item in candidates if any(handle.job.caller == caller for handle in item.handles)
    ]
    own_tokens = sum(item.tokens for item in own)
    minimum = capacity.full_tokens // MIN_BATCH_DIVISOR
    return (own, own_tokens) if own_tokens >= minimum else (candidates, minimum)


def select_segments(
    first: WorkItem,
    candidates: Sequence[WorkItem],
    capacity: Capacity,
    target_tokens: int,
    *,
    trim: bool,
) -> list[WorkItem]:
    """Return the segments of a batch: ``first``, and candidates of the most similar length.

    candidates: segments with the same batch key, ``first`` included, in fair order.
    target_tokens: the batch stops to grow at this number of tokens. trim: cut the batch to the
    size with the lowest cost per token.
    """
    # The sort is stable: of equally similar candidates, those earlier in the fair order win.
    nearest = sorted(candidates, key=lambda item: abs(item.tokens - first.tokens))
    nearest.remove(first)
    longest = tokens = first.tokens
    selected = [first]
    best_size, best_cost = 1, math.inf
    for item in nearest[: capacity.segments - 1]:
        longest = max(longest, item.tokens)
        if tokens >= target_tokens or longest * (len(selected) + 1) > capacity.padded_tokens:
            break
        selected.append(item)
        tokens += item.tokens
        overhead = BATCH_OVERHEAD * capacity.full_tokens
        cost_per_token = (longest * len(selected) + overhead) / max(1, tokens)
        if cost_per_token <= best_cost:
            best_size, best_cost = len(selected), cost_per_token
    if trim:
        del selected[best_size:]
    return selected
