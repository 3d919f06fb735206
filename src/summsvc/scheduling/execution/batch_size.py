"""How large a batch may be, so that it takes about as long as it should."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 256
"""Tokens of a budget while nothing is measured."""

MIN_SAMPLE_FILL = 0.5
"""Share of the budget from which a batch tells how fast full ones are: every step of
the search has a fixed cost, small batches run at a worse rate."""

STEP = 2.0
"""A budget changes at most by this factor after one batch, however odd that was."""

NARROWER = 3
"""Times as few sequences are in a bulk batch while interactive requests come: each of them
waits until a worker is free, and a third of the sequences costs the engine little more."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a batch may hold at most.

    tokens: longest segment x segments x beams. sequences: segments x beams, which
    are the rows that each step of a search computes.
    """

    tokens: int
    sequences: int

    def times(self, count: int) -> Budget:
        """That of so many batches."""
        return Budget(self.tokens * count, self.sequences * count)

    def tells(self, used: Budget) -> bool:
        """Whether a batch that holds so much of this budget says how fast full ones are."""
        return (
            used.tokens >= MIN_SAMPLE_FILL * self.tokens
            or used.sequences >= MIN_SAMPLE_FILL * self.sequences
        )


class BatchSizer:
    """The budget of the next batch.

    A budget in tokens alone is seconds for one model and milliseconds for another.
    This one grows or shrinks after each full batch towards what takes ``target_s``;
    most: what is never exceeded.
    """

    def __init__(self, *, most: Budget, target_s: float) -> None:
        self._most = most
        self._target_s = target_s
        self._tokens = float(min(FIRST, most.tokens))

    @property
    def budget(self) -> Budget:
        return Budget(int(self._tokens), self._most.sequences)

    @property
    def narrow(self) -> Budget:
        """Of a bulk batch that others should not wait for long."""
        return Budget(self.budget.tokens, -(-self._most.sequences // NARROWER))

    @property
    def shared(self) -> Budget:
        """While one caller's work fills the queue and others ask for little of it."""
        return Budget(max(1, self.budget.tokens // NARROWER), self.narrow.sequences)

    def measured(self, used: Budget, seconds: float) -> None:
        """Learn from a batch that tells."""
        wanted = used.tokens * self._target_s / max(seconds, 1e-9)
        wanted = min(max(wanted, self._tokens / STEP), self._tokens * STEP)
        self._tokens = min(self._most.tokens, max(1.0, wanted))
