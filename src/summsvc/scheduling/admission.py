"""Who may wait: limits on the queue, and the rate at which it empties."""

from __future__ import annotations

from dataclasses import dataclass

from summsvc.errors import DeadlineError, OverloadedError

SMOOTHING = 0.2
"""Weight of the latest batch in the measured rate (exponential moving average)."""

MEASURED_AFTER = 4
"""Batches before the rate is believed."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Most requests and most input tokens that may wait for one model."""

    max_requests: int
    max_tokens: int


class Admission:
    """Lets requests in or refuses them at once."""

    def __init__(self, limits: QueueLimits, workers: int) -> None:
        self.limits = limits
        self._workers = workers
        self._seconds_per_token = 0.0
        self._batches = 0

    @property
    def tokens_per_s(self) -> float | None:
        """Measured rate of all workers together; None while unknown."""
        if self._batches < MEASURED_AFTER or self._seconds_per_token <= 0:
            return None
        return self._workers / self._seconds_per_token

    def measured(self, tokens: int, seconds: float) -> None:
        """Learn from a batch: its input tokens, and how long it took one worker."""
        latest = seconds / max(1, tokens)
        weight = SMOOTHING if self._batches else 1.0
        self._seconds_per_token += weight * (latest - self._seconds_per_token)
        self._batches += 1

    def check(
        self, *, tokens: int, requests_waiting: int, tokens_waiting: int, tokens_before: int,
        seconds_left: float | None,
    ) -> None:  # fmt: skip
        """Raise OverloadedError or DeadlineError unless a request may wait.

        tokens: of the request. tokens_before: those that go before it.
        A request larger than the whole queue is let into an empty one.
        """
        rate = self.tokens_per_s
        excess = tokens_waiting + tokens - self.limits.max_tokens
        too_many = requests_waiting >= self.limits.max_requests
        if requests_waiting and (too_many or excess > 0):
            retry_after = max(0.05, max(excess, tokens) / rate) if rate else 1.0
            raise OverloadedError(
                f"{requests_waiting} requests with {tokens_waiting} tokens are waiting for this "
                "model; try again later or elsewhere",
                retry_after=retry_after,
                metadata={
                    "queued_requests": str(requests_waiting),
                    "queued_tokens": str(tokens_waiting),
                },
            )
        needed = (tokens_before + tokens) / rate if rate else 0.0
        if seconds_left is not None and (seconds_left <= 0 or needed > seconds_left):
            raise DeadlineError(
                f"the deadline is {max(0.0, seconds_left):.2f} s away and the work would take "
                f"about {needed:.2f} s; allow more time or send less text",
                metadata={"needed_s": f"{needed:.2f}", "left_s": f"{max(0.0, seconds_left):.2f}"},
            )
