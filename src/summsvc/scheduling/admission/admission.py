"""Admission control: limits on waiting requests and tokens, and the measured processing rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from summsvc.errors import DeadlineError, OverloadedError
from summsvc.scheduling.admission.shares import Share

SMOOTHING = 0.2
"""Weight of the latest batch in an exponential moving average."""

UNMEASURED_RETRY_S = 1.0
"""Retry delay of a rejected caller in seconds, while the rate is unknown."""

MIN_RETRY_S = 0.05
"""Lowest retry delay in seconds: an earlier retry would only add load."""

CALLER, SERVER = "caller", "server"
"""The limit that rejected a request: the caller's share, or the limit for all callers."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """The most requests and input tokens that may wait for one model.

    Callers with waiting requests share the limits, see ``Share``. All callers together may
    reach twice the limits, and one request more for each connection. For work on text, here
    and in ``Admission``, the tokens are code points. max_wait_s: longest expected wait of a
    request without a deadline, in seconds.
    """

    max_requests: int
    max_tokens: int
    max_wait_s: float = math.inf


class Admission:
    """Admits or rejects a request when it arrives, by the queue limits and by its deadline.

    workers: batches computed at the same time. unit: what is counted, plural, for error
    messages. resource: what requests wait for, for error messages.
    """

    def __init__(
        self,
        limits: QueueLimits,
        *,
        workers: int,
        unit: str = "tokens",
        resource: str = "this model",
    ) -> None:
        self.limits = limits
        self._workers = workers
        self._unit = unit
        self._resource = resource
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
        """Set the rate of one worker until a batch is measured: ``tokens`` in ``seconds``."""
        self._tokens, self._seconds = max(1, tokens), seconds

    def record_batch(self, *, tokens: int, seconds: float) -> None:
        """Update the rate with a full batch: its input tokens, and the seconds one worker took.

        Smaller batches have a lower rate than a full queue would have. Tokens and seconds are
        averaged separately, so that a large batch has more weight than a small one.
        """
        self._batches += 1
        weight = max(SMOOTHING, 1 / self._batches)
        self._tokens += weight * (max(1, tokens) - self._tokens)
        self._seconds += weight * (seconds - self._seconds)

    def admit(
        self,
        *,
        tokens: int,
        requests_waiting: int,
        tokens_waiting: int,
        tokens_ahead: int,
        seconds_left: float | None,
        shortfall_s: float = 0.0,
        continues: bool = False,
        likely_tokens: int = 0,
        share: Share | None = None,
    ) -> None:
        """Raise OverloadedError or DeadlineError unless a request may wait. Changes no state.

        tokens: to be computed for the request. A request with 0 tokens is always admitted, and
        one above the limit is admitted to an empty queue. tokens_ahead: tokens served before
        the request's last one. seconds_left: time until its deadline. shortfall_s: seconds by
        which the request, or another one because of it, would miss its deadline. continues:
        True for more work of an admitted request; only its deadline counts. likely_tokens:
        expected tokens, used for the retry delay when ``tokens`` is only a lower bound. share:
        the caller's share; None when all that waits belongs to the caller.
        """
        rate = self.tokens_per_s
        waiting = requests_waiting, tokens_waiting
        limited = bool(tokens) and not continues
        if limited and requests_waiting:
            self._require_room(waiting, tokens, likely_tokens, share or Share.of_all(waiting))
        if seconds_left is None:
            wait_s = tokens_ahead / rate if rate else 0.0
            if limited and requests_waiting and wait_s > self.limits.max_wait_s:
                raise OverloadedError(
                    f"it would take about {wait_s:.0f} s until {self._resource} is free for a "
                    "request without a deadline; try again later or on another server, or set a "
                    "deadline",
                    retry_after=max(MIN_RETRY_S, wait_s - self.limits.max_wait_s),
                    metadata=self._queue_metadata(waiting, SERVER),
                )
            return
        needed_s = (tokens_ahead + tokens) / rate if rate else 0.0
        if seconds_left <= 0 or needed_s > seconds_left:
            left_s = max(0.0, seconds_left)
            raise DeadlineError(
                f"the deadline is {left_s:.2f} s away and the work would take about "
                f"{needed_s:.2f} s; allow more time or send less text",
                metadata={"needed_s": f"{needed_s:.2f}", "left_s": f"{left_s:.2f}"},
            )
        if limited and shortfall_s > 0:
            raise OverloadedError(
                f"{requests_waiting} requests are waiting for {self._resource}, and with one more "
                "not all would be done by their deadlines; try again later or on another server",
                retry_after=max(MIN_RETRY_S, shortfall_s),
                metadata=self._queue_metadata(waiting, CALLER),
            )

    def _require_room(
        self, waiting: tuple[int, int], tokens: int, likely_tokens: int, share: Share
    ) -> None:
        """Raise OverloadedError unless the limits allow one more request with ``tokens``.

        waiting: requests and tokens that wait, of all callers.
        """
        limits = self.limits
        excess_requests = share.excess(limits.max_requests, waiting[0], 1, tokens=False)
        excess_tokens = share.excess(limits.max_tokens, waiting[1], tokens, tokens=True)
        if excess_requests <= 0 and excess_tokens <= 0:
            return
        (requests, queued), rate = waiting, self.tokens_per_s
        likely = max(tokens, likely_tokens)
        subject, limit_of = f"{requests} requests with {queued} {self._unit}", SERVER
        if share.is_exceeded(limits.max_requests, 1, tokens=False) or share.is_exceeded(
            limits.max_tokens, tokens, tokens=True
        ):
            limit_of = CALLER
            if share.callers > 1:
                requests, queued = share.own
                subject = (
                    f"{requests} of your own requests with {queued} {self._unit}, which is your "
                    "share while other callers are active,"
                )
            # The caller's part of the rate.
            rate = rate and rate / share.callers
        raise OverloadedError(
            f"{subject} are waiting for {self._resource}; try again later or on another server",
            retry_after=self._retry_after(max(excess_tokens + likely - tokens, likely), rate),
            metadata=self._queue_metadata((requests, queued), limit_of),
        )

    def _queue_metadata(self, waiting: tuple[int, int], limit_of: str) -> dict[str, str]:
        unit = self._unit.replace(" ", "_")
        requests, tokens = map(str, waiting)
        return {"queued_requests": requests, f"queued_{unit}": tokens, "limit_of": limit_of}

    @staticmethod
    def _retry_after(tokens: float, rate: float | None) -> float:
        """Return the seconds until so many tokens have left the queue."""
        return max(MIN_RETRY_S, tokens / rate) if rate else UNMEASURED_RETRY_S
