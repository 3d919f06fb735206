"""Deadlines of waiting requests: who has to go first, and whom one more would make late.

In order of deadlines, earliest first, all of them are met if they can be met in
any order at all (Liu and Layland 1973, section 7). Requests take turns as long as
everybody has time; where time gets short that order holds.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from operator import itemgetter

from summsvc.scheduling.admission import Admission
from summsvc.scheduling.work import Priority, Ticket

MARGIN = 2
"""Full batches that a request should have time for: one that has to end first, and its own."""

SPARE = 1
"""One more for which a new request should have time: the rate is an estimate, and as long as
nobody is short of time batches are of like length."""

Due = tuple[Ticket, float, int, float]
"""A waiting request, its deadline, tokens and slack.

The deadline is in ``loop.time()`` seconds. The tokens are its own and those of all that
go before. The slack is what is left of its time once they have gone, in seconds.
"""


class Deadlines:
    """Those of the interactive requests that wait for a model.

    Bulk is not protected: a book with a tight deadline would hold up everybody.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        # Always in order: thousands may wait, and they are looked at for every request.
        self._ordered: list[tuple[float, Ticket]] = []

    def enter(self, ticket: Ticket) -> None:
        """Look after a request until it leaves."""
        work = ticket.work
        if work.deadline is not None and work.priority is Priority.INTERACTIVE:
            insort(self._ordered, (work.deadline, ticket), key=itemgetter(0))

    def leave(self, ticket: Ticket) -> None:
        """Forget a request that has entered."""
        work = ticket.work
        if work.deadline is not None and work.priority is Priority.INTERACTIVE:
            at = bisect_left(self._ordered, work.deadline, key=itemgetter(0))
            del self._ordered[self._ordered.index((work.deadline, ticket), at)]

    def pressing(self) -> list[Ticket]:
        """Requests that have to go first, see ``pressing``."""
        return pressing(self.waiting(), MARGIN * self._admission.batch_s)

    def missing(self, tokens: int, priority: Priority, deadline: float | None) -> float:
        """Seconds missing for one more request of so many tokens, see ``lacking``.

        deadline: ``loop.time()`` seconds, or None.
        """
        rate = self._admission.tokens_per_s
        if rate is None or priority is not Priority.INTERACTIVE or not self._any_waits():
            return 0.0
        return lacking(
            self.waiting(),
            tokens=tokens,
            deadline=deadline,
            tokens_per_s=rate,
            now=asyncio.get_running_loop().time(),
            margin_s=(MARGIN + SPARE) * self._admission.batch_s,
        )

    def _any_waits(self) -> bool:
        return any(ticket.pending for _, ticket in self._ordered)

    def waiting(self) -> Iterator[Due]:
        """Requests with segments in the queue; none while the rate is unknown."""
        rate = self._admission.tokens_per_s
        now = asyncio.get_running_loop().time()
        return due(self._ordered, tokens_per_s=rate, now=now) if rate else iter(())


def due(
    ordered: Iterable[tuple[float, Ticket]], *, tokens_per_s: float, now: float
) -> Iterator[Due]:
    """Of requests in order of their deadlines those that wait. now: ``loop.time()`` seconds."""
    tokens = 0
    for deadline, ticket in ordered:
        if ticket.pending:
            tokens += ticket.pending_tokens + ticket.coming_tokens
            yield ticket, deadline, tokens, deadline - now - tokens / tokens_per_s


def pressing(waiting: Iterable[Due], margin_s: float) -> list[Ticket]:
    """Who has to go first, earliest deadline first, so that nobody has less slack than the margin.

    All up to the last one that is short of time: who stands before it in that order
    is part of its wait.
    """
    tickets, last = [], 0
    for ticket, _, _, slack_s in waiting:
        tickets.append(ticket)
        if slack_s < margin_s:
            last = len(tickets)
    return tickets[:last]


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
    for _, other, ahead, left_s in waiting:
        if other <= deadline:
            before = ahead
        elif left_s >= margin_s:
            missing = max(missing, margin_s + own_s - left_s)
    slack_s = deadline - now - before / tokens_per_s - own_s
    return max(missing, min(margin_s, (deadline - now) / 2) - slack_s, 0.0)
