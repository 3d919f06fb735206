"""Deadlines of waiting requests: who has to go first, and whom one more would make late.

In order of deadlines, earliest first, all of them are met if they can be met in
any order at all (Liu and Layland 1973, section 7). Requests of a caller take turns as
long as all have time; where time gets short that order holds. Callers take turns
however short of time their requests are: whoever sets tight deadlines goes first
among its own.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from summsvc.scheduling.admission.admission import Admission
from summsvc.scheduling.admission.demand import Demand
from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.jobs import JobHandle, Priority

MARGIN = 2
"""Full batches that a request should have time for: one that has to end first, and its own."""

SPARE = 1
"""One more for which a new request should have time: the rate is an estimate, and as long as
nobody is short of time batches are of like length."""

Due = tuple[float, float, int, float]
"""Waiting requests of one caller: their first and last deadline, tokens and slack.

Deadlines are in ``loop.time()`` seconds. The tokens are their own and those of all that
go before. The slack is what is left of their time once these have gone, in seconds.
"""

WithOthers = Callable[[Caller, int], int]
"""Tokens of all callers that are computed until so many of one caller are."""


def alone(_: Caller, tokens: int) -> int:
    """There is no other caller."""
    return tokens


@dataclass(slots=True)
class _Line:
    """One caller's requests. ordered: deadline, number and ticket of each."""

    ordered: list[tuple[float, int, JobHandle]] = field(default_factory=list)
    demand: Demand = field(default_factory=Demand)
    tokens: int = 0


class Deadlines:
    """Those of the interactive requests with segments in the queue, by caller.

    Bulk is not protected: a book with a tight deadline would hold up everybody.
    with_others: how callers share the model.
    """

    def __init__(self, admission: Admission, with_others: WithOthers = alone) -> None:
        self._admission = admission
        self._with_others = with_others
        self._lines: dict[Caller, _Line] = {}
        self._noted: dict[JobHandle, tuple[int, int]] = {}
        self._numbers = 0

    def note(self, handle: JobHandle) -> None:
        """Look after a request while some of its segments wait, by what it has now."""
        deadline = handle.work.deadline
        if deadline is None or handle.work.priority is not Priority.INTERACTIVE:
            return
        if not handle.pending:
            self._forget(handle, deadline)
            return
        tokens = handle.pending_tokens + handle.coming_tokens
        line = self._lines.setdefault(handle.work.caller, _Line())
        number, before = self._noted.get(handle, (0, 0))
        if not number:
            self._numbers = number = self._numbers + 1
            insort(line.ordered, (deadline, number, handle), key=itemgetter(0, 1))
            line.demand.add(deadline, tokens)
        else:
            line.demand.change(deadline, tokens - before)
        line.tokens += tokens - before
        self._noted[handle] = number, tokens

    def _forget(self, handle: JobHandle, deadline: float) -> None:
        number, tokens = self._noted.pop(handle, (0, 0))
        if not number:
            return
        caller = handle.work.caller
        line = self._lines[caller]
        del line.ordered[bisect_left(line.ordered, (deadline, number), key=itemgetter(0, 1))]
        line.demand.remove(deadline, tokens)
        line.tokens -= tokens
        if not line.ordered:
            del self._lines[caller]

    def __len__(self) -> int:
        """Requests that are looked after."""
        return len(self._noted)

    def pressing(self, caller: Caller) -> Iterator[JobHandle]:
        """Requests of a caller that have to go first, earliest deadline first.

        So that none of them has less slack than the margin: all up to the last one that is
        short of time, for who stands before it in that order is part of its wait.
        """
        line, rate = self._lines.get(caller), self._rate(caller, 0)
        if line is None or rate is None:
            return iter(())
        now = asyncio.get_running_loop().time()
        margin_s = MARGIN * self._admission.batch_s
        until = short_of_time(due(line.demand, tokens_per_s=rate, now=now), margin_s)
        if until is None:
            return iter(())
        return _up_to(line.ordered, until)

    def missing(
        self, tokens: int, priority: Priority, deadline: float | None, caller: Caller
    ) -> float:
        """Seconds missing for one more request of so many tokens, see ``lacking``.

        deadline: ``loop.time()`` seconds, or None. Takes time that does not depend on how
        many requests wait.
        """
        line, rate = self._lines.get(caller), self._rate(caller, tokens)
        if line is None or rate is None or priority is not Priority.INTERACTIVE:
            return 0.0
        now = asyncio.get_running_loop().time()
        return lacking(
            due(line.demand, tokens_per_s=rate, now=now),
            tokens=tokens,
            deadline=deadline,
            tokens_per_s=rate,
            now=now,
            margin_s=(MARGIN + SPARE) * self._admission.batch_s,
        )

    def _rate(self, caller: Caller, more: int) -> float | None:
        """Tokens of a caller that are computed in a second; None while unknown.

        On average until all it has waiting and so many more are done.
        """
        rate = self._admission.tokens_per_s
        line = self._lines.get(caller)
        own = max(1, more + (line.tokens if line is not None else 0))
        return rate and rate * own / self._with_others(caller, own)


def due(demand: Demand, *, tokens_per_s: float, now: float) -> Iterator[Due]:
    """Of one caller's waiting requests, earliest deadline first. now: ``loop.time()`` seconds."""
    tokens = 0
    for group in demand:
        tokens += group.tokens
        yield group.first, group.last, tokens, group.first - now - tokens / tokens_per_s


def short_of_time(waiting: Iterable[Due], margin_s: float) -> float | None:
    """The last deadline with less slack than the margin; None when all have more."""
    last = None
    for _, deadline, _, slack_s in waiting:
        if slack_s < margin_s:
            last = deadline
    return last


def _up_to(ordered: Sequence[tuple[float, int, JobHandle]], deadline: float) -> Iterator[JobHandle]:
    for each, _, handle in ordered:
        if each > deadline:
            return
        yield handle


def lacking(
    waiting: Iterable[Due],
    *,
    tokens: int,
    deadline: float | None,
    tokens_per_s: float,
    now: float,
    margin_s: float,
) -> float:
    """Seconds that are missing for one more request of so many tokens; 0 when it has room.

    It has when it would keep the margin, or half of its time where that is less,
    and so would all with a later deadline that keep it now. Without a deadline it
    never goes before those.
    """
    if deadline is None:
        return 0.0
    own_s = tokens / tokens_per_s
    before, missing = 0, 0.0
    for other, _, ahead, left_s in waiting:
        if other <= deadline:
            before = ahead
        elif left_s >= margin_s:
            missing = max(missing, margin_s + own_s - left_s)
    slack_s = deadline - now - before / tokens_per_s - own_s
    return max(missing, min(margin_s, (deadline - now) / 2) - slack_s, 0.0)
