"""Deadlines of waiting jobs: which jobs are urgent, and whether a new job makes any job late.

Earliest deadline first meets all deadlines that can be met in any order (Liu and Layland 1973,
section 7). The jobs of one caller take turns while all of them have enough time; when time
gets short, earliest deadline first applies. Callers always take turns with each other: tight
deadlines move a job forward only among the jobs of its own caller.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple, Protocol

from summsvc.scheduling.admission.admission import Admission
from summsvc.scheduling.admission.deadline_histogram import DeadlineHistogram
from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.jobs import JobHandle, Priority

URGENT_MARGIN_BATCHES = 2
"""A job is urgent when its slack is below the time of this many full batches: one that has to end
first, and its own."""

ADMISSION_SPARE_BATCHES = 1
"""Full batches of slack that a new job needs in addition to the urgent margin: the rate is an
estimate, and only while no job is urgent do batches have segments of similar length."""


class UrgentJobs(Protocol):
    """Lists the interactive jobs of a caller that are short of time, the most urgent first."""

    def __call__(self, caller: Caller, /) -> Iterable[JobHandle]:
        """Return the urgent jobs of a caller."""


def none_urgent(_: Caller) -> Iterable[JobHandle]:
    """No job is short of time."""
    return ()


class ServedUntil(Protocol):
    """Estimates the tokens served to all callers until one caller is served ``amount`` tokens."""

    def __call__(self, caller: Caller, amount: int, /) -> int:
        """Return the tokens of all callers, those of this caller included."""


def single_caller(_: Caller, amount: int) -> int:
    """Only one caller is served."""
    return amount


class GroupSlack(NamedTuple):
    """The slack of waiting jobs of one caller with adjacent deadlines.

    first, last: earliest and latest deadline, ``loop.time()`` seconds. tokens_until: tokens of
    these jobs and of all with earlier deadlines. slack_s: seconds left until ``first`` once
    those tokens are computed.
    """

    first: float
    last: float
    tokens_until: int
    slack_s: float


@dataclass(slots=True)
class _CallerDeadlines:
    """The jobs of one caller. ordered: deadline, serial number and handle of each."""

    ordered: list[tuple[float, int, JobHandle]] = field(default_factory=list)
    histogram: DeadlineHistogram = field(default_factory=DeadlineHistogram)
    tokens: int = 0


class Deadlines:
    """The deadlines of interactive jobs with segments in the queue, by caller.

    Bulk jobs get no deadline protection: one long article with a tight deadline would delay
    all callers. served_until: how callers share the model.
    """

    def __init__(self, admission: Admission, served_until: ServedUntil = single_caller) -> None:
        self._admission = admission
        self._served_until = served_until
        self._callers: dict[Caller, _CallerDeadlines] = {}
        self._tracked: dict[JobHandle, tuple[int, int]] = {}
        self._last_number = 0

    def update(self, handle: JobHandle) -> None:
        """Track a job while some of its segments wait, with the tokens that it has now."""
        deadline = handle.job.deadline
        if deadline is None or handle.job.priority is not Priority.INTERACTIVE:
            return
        if not handle.pending:
            self._forget(handle, deadline)
            return
        tokens = handle.pending_tokens + handle.unfed_tokens
        caller = self._callers.setdefault(handle.job.caller, _CallerDeadlines())
        number, before = self._tracked.get(handle, (0, 0))
        if not number:
            self._last_number = number = self._last_number + 1
            insort(caller.ordered, (deadline, number, handle), key=itemgetter(0, 1))
            caller.histogram.add(deadline, tokens)
        else:
            caller.histogram.change(deadline, tokens - before)
        caller.tokens += tokens - before
        self._tracked[handle] = number, tokens

    def _forget(self, handle: JobHandle, deadline: float) -> None:
        number, tokens = self._tracked.pop(handle, (0, 0))
        if not number:
            return
        caller = self._callers[handle.job.caller]
        del caller.ordered[bisect_left(caller.ordered, (deadline, number), key=itemgetter(0, 1))]
        caller.histogram.remove(deadline, tokens)
        caller.tokens -= tokens
        if not caller.ordered:
            del self._callers[handle.job.caller]

    def __len__(self) -> int:
        """Return the number of tracked jobs."""
        return len(self._tracked)

    def urgent(self, caller: Caller) -> Iterator[JobHandle]:
        """Return the jobs of a caller that have to go first, earliest deadline first.

        These are all jobs up to the last one with less slack than the margin: the jobs with
        earlier deadlines are part of its wait.
        """
        jobs = self._callers.get(caller)
        if jobs is None:
            return iter(())
        rate = self._rate(caller, 0)
        if rate is None:
            return iter(())
        now = asyncio.get_running_loop().time()
        margin_s = URGENT_MARGIN_BATCHES * self._admission.batch_s
        slacks = slack_by_deadline(jobs.histogram, tokens_per_s=rate, now=now)
        until = last_urgent_deadline(slacks, margin_s)
        return iter(()) if until is None else _up_to(jobs.ordered, until)

    def shortfall_s(
        self, tokens: int, priority: Priority, deadline: float | None, caller: Caller
    ) -> float:
        """Return the ``shortfall`` of one more job, in time independent of the number of jobs.

        deadline: ``loop.time()`` seconds, or None.
        """
        jobs = self._callers.get(caller)
        if jobs is None or priority is not Priority.INTERACTIVE:
            return 0.0
        rate = self._rate(caller, tokens)
        if rate is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        return shortfall(
            slack_by_deadline(jobs.histogram, tokens_per_s=rate, now=now),
            tokens=tokens,
            deadline=deadline,
            tokens_per_s=rate,
            now=now,
            margin_s=(URGENT_MARGIN_BATCHES + ADMISSION_SPARE_BATCHES) * self._admission.batch_s,
        )

    def _rate(self, caller: Caller, more: int) -> float | None:
        """Return the caller's tokens computed per second; None while unknown.

        The average until all its waiting tokens, and ``more`` tokens, are computed.
        """
        rate = self._admission.tokens_per_s
        jobs = self._callers.get(caller)
        own = max(1, more + (jobs.tokens if jobs is not None else 0))
        return rate and rate * own / self._served_until(caller, own)


def slack_by_deadline(
    histogram: DeadlineHistogram, *, tokens_per_s: float, now: float
) -> Iterator[GroupSlack]:
    """Yield the slack of each group, earliest deadline first. now: ``loop.time()`` seconds."""
    tokens = 0
    for group in histogram:
        tokens += group.tokens
        slack_s = group.first - now - tokens / tokens_per_s
        yield GroupSlack(group.first, group.last, tokens, slack_s)


def last_urgent_deadline(slacks: Iterable[GroupSlack], margin_s: float) -> float | None:
    """Return the last deadline with less slack than the margin; None when all have more."""
    last = None
    for group in slacks:
        if group.slack_s < margin_s:
            last = group.last
    return last


def _up_to(ordered: Sequence[tuple[float, int, JobHandle]], until: float) -> Iterator[JobHandle]:
    for deadline, _, handle in ordered:
        if deadline > until:
            return
        yield handle


def shortfall(
    slacks: Iterable[GroupSlack],
    *,
    tokens: int,
    deadline: float | None,
    tokens_per_s: float,
    now: float,
    margin_s: float,
) -> float:
    """Return the seconds that are missing to admit one more job with so many tokens; 0 if none.

    The job may be admitted when it keeps the margin, or half of its time where that is less,
    and when all jobs with a later deadline that have the margin now keep it too. A job without
    a deadline never goes before those with one, so nothing is missing.
    """
    if deadline is None:
        return 0.0
    own_s = tokens / tokens_per_s
    tokens_before, missing_s = 0, 0.0
    for group in slacks:
        if group.first <= deadline:
            tokens_before = group.tokens_until
        elif group.slack_s >= margin_s:
            missing_s = max(missing_s, margin_s + own_s - group.slack_s)
    slack_s = deadline - now - tokens_before / tokens_per_s - own_s
    return max(missing_s, min(margin_s, (deadline - now) / 2) - slack_s, 0.0)
