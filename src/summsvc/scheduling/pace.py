"""How large a batch may be, so that it takes about as long as it should."""

from __future__ import annotations

FIRST = 256
"""Tokens of a budget while nothing is measured."""

TELLS = 0.5
"""Share of the budget from which a batch tells how fast full ones are: every step of
the search has a fixed cost, small batches run at a worse rate."""

STEP = 2.0
"""A budget changes at most by this factor after one batch, however odd that was."""


class Pace:
    """The budget of the next batch, in padded tokens times beams.

    A budget in tokens alone is seconds for one model and milliseconds for
    another, and past the caches of the machine larger batches are slower. This
    one grows or shrinks after each full batch towards what takes ``target_s``;
    most: the budget that is never exceeded.
    """

    def __init__(self, *, most: int, target_s: float) -> None:
        self._most = most
        self._target_s = target_s
        self._budget = float(min(FIRST, most))

    @property
    def budget(self) -> int:
        return int(self._budget)

    def tells(self, cost: int) -> bool:
        """Whether a batch of this cost says how fast full ones are."""
        return cost >= TELLS * self._budget

    def measured(self, *, cost: int, seconds: float) -> None:
        """Learn from a batch that tells."""
        wanted = cost * self._target_s / max(seconds, 1e-9)
        wanted = min(max(wanted, self._budget / STEP), self._budget * STEP)
        self._budget = min(self._most, max(1.0, wanted))
