"""Limits of one caller name: its calls in flight, and its tokens that wait for a model."""

from __future__ import annotations

from collections import Counter

from summsvc.errors import CallerLimitError
from summsvc.scheduling.admission.admission import CALLER, MIN_RETRY_S, UNMEASURED_RETRY_S
from summsvc.scheduling.fairness.callers import Caller


class CallsInFlight:
    """Calls in flight of each caller name. Names without calls take no memory."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return the number of names with calls in flight."""
        return len(self._calls)

    def of(self, caller: Caller) -> int:
        """Return the calls in flight of a caller's name."""
        return self._calls[caller.name]

    def start(self, caller: Caller) -> None:
        """Count a call until ``end``; raises CallerLimitError, and then counts nothing."""
        limit, calls = caller.limits.max_calls, self._calls[caller.name]
        if limit and calls >= limit:
            raise caller_limit_error(
                caller,
                "max_calls",
                limit,
                f"{calls} calls of caller '{caller.name}' are in flight and its limit is {limit}; "
                "wait until one of them ends",
                retry_after=UNMEASURED_RETRY_S,
            )
        self._calls[caller.name] = calls + 1

    def end(self, caller: Caller) -> None:
        """End a call that ``start`` counted."""
        self._calls[caller.name] -= 1
        if not self._calls[caller.name]:
            del self._calls[caller.name]


def require_queued_tokens(
    caller: Caller, waiting: int, more: int, tokens_per_s: float | None
) -> None:
    """Raise CallerLimitError if ``more`` tokens would exceed the limit of the caller's name.

    A name without waiting tokens may always add some: an article above the limit could
    otherwise never be processed.

    waiting: tokens of the name that wait for the model. tokens_per_s: the rate at which the
    name is served; None while unknown.
    """
    limit = caller.limits.max_queued_tokens
    excess = waiting + more - limit
    if not limit or not waiting or not more or excess <= 0:
        return
    raise caller_limit_error(
        caller,
        "max_queued_tokens",
        limit,
        f"{waiting} tokens of caller '{caller.name}' wait for this model, {more} more would "
        f"exceed its limit of {limit}; wait until some of its calls end",
        retry_after=max(MIN_RETRY_S, min(excess, waiting) / tokens_per_s)
        if tokens_per_s
        else UNMEASURED_RETRY_S,
    )


def caller_limit_error(
    caller: Caller, name: str, limit: int, message: str, *, retry_after: float
) -> CallerLimitError:
    """Build the error for a reached limit. name, limit: of the limit, as in ``CallerLimits``."""
    metadata = {
        "limit_of": CALLER,
        "caller": caller.name,
        "limit_name": name,
        "limit": str(limit),
    }
    return CallerLimitError(message, metadata=metadata, retry_after=retry_after)
