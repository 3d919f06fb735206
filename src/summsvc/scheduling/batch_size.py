"""Batch budgets, adapted so that a batch takes a target time."""

from __future__ import annotations

from dataclasses import dataclass

INITIAL_TOKENS = 256
"""Tokens of the budget before a batch is measured."""

MIN_SAMPLE_FILL = 0.5
"""Minimum fill of a budget for a batch to count as a throughput sample. Every decoding step has a
fixed cost, so small batches run at a lower rate."""

MAX_STEP = 2.0
"""Largest factor by which the budget changes after one batch."""

NARROW_DIVISOR = 3
"""Bulk batches have this many times fewer sequences while interactive jobs arrive. An interactive
job waits until a worker is free; a third of the sequences has little cost in throughput."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits on one batch.

    tokens: longest segment x segments x beams. sequences: segments x beams, which is the
    number of rows that each decoding step computes.
    """

    tokens: int
    sequences: int

    def times(self, count: int) -> Budget:
        """Return the budget of ``count`` batches together."""
        return Budget(self.tokens * count, self.sequences * count)

    def is_sample(self, used: Budget) -> bool:
        """Whether a batch that uses so much of this budget counts as a throughput sample."""
        return (
            used.tokens >= MIN_SAMPLE_FILL * self.tokens
            or used.sequences >= MIN_SAMPLE_FILL * self.sequences
        )


class BatchSizer:
    """Computes the budget of the next batch.

    The same number of tokens takes seconds with one model and milliseconds with another. So
    the budget grows or shrinks after each full batch, towards the size that takes ``target_s``.

    limit: largest budget. target_s: seconds that a batch should take.
    """

    def __init__(self, *, limit: Budget, target_s: float) -> None:
        self._limit = limit
        self._target_s = target_s
        self._tokens = float(min(INITIAL_TOKENS, limit.tokens))

    @property
    def budget(self) -> Budget:
        """The budget of a batch."""
        return Budget(int(self._tokens), self._limit.sequences)

    @property
    def narrow_budget(self) -> Budget:
        """The budget of a bulk batch while interactive jobs arrive."""
        return Budget(self.budget.tokens, -(-self._limit.sequences // NARROW_DIVISOR))

    @property
    def contended_budget(self) -> Budget:
        """The budget while one caller fills the queue and callers with little work arrive."""
        tokens = max(1, self.budget.tokens // NARROW_DIVISOR)
        return Budget(tokens, self.narrow_budget.sequences)

    def record_batch(self, used: Budget, seconds: float) -> None:
        """Adapt the budget to a batch that counts as a throughput sample."""
        wanted = used.tokens * self._target_s / max(seconds, 1e-9)
        wanted = min(max(wanted, self._tokens / MAX_STEP), self._tokens * MAX_STEP)
        self._tokens = min(self._limit.tokens, max(1.0, wanted))
