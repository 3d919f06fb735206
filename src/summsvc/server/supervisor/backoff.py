"""Exponential back-off between the starts of a process that ends again and again."""

from __future__ import annotations

FIRST_S = 0.2
"""Seconds before the first restart."""

FACTOR = 2.0
"""Growth from one restart to the next."""

MOST_S = 30.0
"""Most seconds before a restart."""

STABLE_S = 60.0
"""Seconds of a run after which the next delay is the first one again."""


class Backoff:
    """Delays of one process."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def delay_s(self, ran_s: float) -> float:
        """Return the seconds to wait before the next start. ran_s: seconds that it has run."""
        if ran_s >= STABLE_S:
            self._next_s = FIRST_S
        delay_s = self._next_s
        self._next_s = min(MOST_S, delay_s * FACTOR)
        return delay_s
