"""Who may wait: limits on the queue, and the rate at which it empties."""

from __future__ import annotations

import math
from dataclasses import dataclass

from summsvc.errors import DeadlineError, OverloadedError
from summsvc.scheduling.admission.shares import Share

SMOOTHING = 0.2
"""Weight of the latest batch in the measured rate (exponential moving average)."""

UNMEASURED_RETRY_S = 1.0
"""Seconds a refused caller is told to wait while the rate is unknown."""

CALLER, SERVER = "caller", "server"
"""Whose limit refused a request: the caller's part of it, or what all callers have together."""

SHORTEST_RETRY_S = 0.05
"""Seconds below which coming back would only add load."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Most requests and most input tokens that may wait for one model.

    Where several callers have something waiting these are divided among them, see ``Share``:
    all together may come to twice as much, and one request more for each connection. For text
    work the tokens are code points, here and in ``Admission``. max_wait_s: seconds that one
    without a deadline may wait for its turn.
    """

    max_requests: int
    max_tokens: int
    max_wait_s: float = math.inf


class Admission:
    """Lets requests in or refuses them at once.

    workers: batches computed at the same time. unit: what is counted, in the plural.
    place: what requests wait for.
    """

    def __init__(
        self,
        limits: QueueLimits,
        *,
        workers: int,
        unit: str = "tokens",
        place: str = "this model",
    ) -> None:
        self.limits = limits
        self._workers = workers
        self._unit = unit
        self._place = place
        self._tokens = 1.0
        self._seconds = 0.0
        self._batches = 0

    @property
    def tokens_per_s(self) -> float | None:
        """Measured rate of all workers together; None while unknown."""
        return self._workers * self._tokens / self._seconds if self._seconds > 0 else None

    @property
    def batch_s(self) -> float:
        """Seconds that a full batch takes; 0 while unknown."""
        return self._seconds

    def expect(self, *, tokens: int, seconds: float) -> None:
        """Take so many tokens in so many seconds for a worker's rate until one is measured."""
        self._tokens, self._seconds = max(1, tokens), seconds

    def measured(self, *, tokens: int, seconds: float) -> None:
        """Learn from a full batch: its input tokens, and how long it took one worker.

        Smaller ones run at a worse rate than what a queue would see. Tokens and
        seconds are averaged apart: a large batch says more than a small one.
        """
        self._batches += 1
        weight = max(SMOOTHING, 1 / self._batches)
        self._tokens += weight * (max(1, tokens) - self._tokens)
        self._seconds += weight * (seconds - self._seconds)

    def check(
        self,
        *,
        tokens: int,
        requests_waiting: int,
        tokens_waiting: int,
        tokens_ahead: int,
        seconds_left: float | None,
        seconds_missing: float = 0.0,
        continues: bool = False,
        tokens_likely: int = 0,
        share: Share | None = None,
    ) -> None:
        """Raise OverloadedError or DeadlineError unless a request may wait.

        tokens: to be computed for the request; one without any is always let
        in, and one larger than the whole queue into an empty one.
        tokens_ahead: those that go before its last one. seconds_left: until its
        deadline. seconds_missing: by which it, or another one because of it, would
        be late. continues: more work of a request that was let in before; only
        its deadline counts. tokens_likely: for which there should be room when a
        refused caller comes back, where ``tokens`` is only the least it may be. share: the
        caller's, or None when all that waits is the caller's own.
        """
        rate = self.tokens_per_s
        if tokens and requests_waiting and not continues:
            waiting = requests_waiting, tokens_waiting
            self._check_room(waiting, tokens, tokens_likely, share or Share.of_all(waiting))
        if seconds_left is None:
            wait = tokens_ahead / rate if rate else 0.0
            if tokens and requests_waiting and not continues and wait > self.limits.max_wait_s:
                raise OverloadedError(
                    f"it would take about {wait:.0f} s until {self._place} is free for a request "
                    "without a deadline; try again later or elsewhere, or set a deadline",
                    retry_after=max(SHORTEST_RETRY_S, wait - self.limits.max_wait_s),
                    metadata=self._waiting((requests_waiting, tokens_waiting), SERVER),
                )
            return
        needed = (tokens_ahead + tokens) / rate if rate else 0.0
        if seconds_left <= 0 or needed > seconds_left:
            left = max(0.0, seconds_left)
            raise DeadlineError(
                f"the deadline is {left:.2f} s away and the work would take about {needed:.2f} s; "
                "allow more time or send less text",
                metadata={"needed_s": f"{needed:.2f}", "left_s": f"{left:.2f}"},
            )
        if tokens and seconds_missing > 0 and not continues:
            raise OverloadedError(
                f"{requests_waiting} requests are waiting for {self._place}, and with one more not "
                "all would be done by their deadlines; try again later or elsewhere",
                retry_after=max(SHORTEST_RETRY_S, seconds_missing),
                metadata=self._waiting((requests_waiting, tokens_waiting), CALLER),
            )

    def _check_room(
        self, waiting: tuple[int, int], tokens: int, tokens_likely: int, share: Share
    ) -> None:
        """Raise OverloadedError unless one more request of so many tokens may wait.

        waiting: requests and tokens that wait, of all callers.
        """
        limits = self.limits
        too_many = share.lacking(limits.max_requests, waiting[0], 1, tokens=False) > 0
        excess = share.lacking(limits.max_tokens, waiting[1], tokens, tokens=True)
        if not too_many and excess <= 0:
            return
        (requests, queued), rate = waiting, self.tokens_per_s
        likely = max(tokens, tokens_likely)
        what, whose = f"{requests} requests with {queued} {self._unit}", SERVER
        if share.is_used(limits.max_requests, 1, tokens=False) or share.is_used(
            limits.max_tokens, tokens, tokens=True
        ):
            whose = CALLER
            if share.callers > 1:
                requests, queued = share.own
                what = (
                    f"{requests} of your own requests with {queued} {self._unit}, which is your "
                    "share while others call too,"
                )
            # Of what is done meanwhile so much is the caller's.
            rate = rate and rate / share.callers
        raise OverloadedError(
            f"{what} are waiting for {self._place}; try again later or elsewhere",
            retry_after=self._retry_after(max(excess + likely - tokens, likely), rate),
            metadata=self._waiting((requests, queued), whose),
        )

    def _waiting(self, waiting: tuple[int, int], whose: str) -> dict[str, str]:
        unit = self._unit.replace(" ", "_")
        requests, tokens = map(str, waiting)
        return {"queued_requests": requests, f"queued_{unit}": tokens, "limit_of": whose}

    @staticmethod
    def _retry_after(tokens: float, rate: float | None) -> float:
        """Seconds until so many tokens have left the queue."""
        return max(SHORTEST_RETRY_S, tokens / rate) if rate else UNMEASURED_RETRY_S
