"""Deadlines of waiting requests: who has to go first, and whom one more would make late.

In order of deadlines, earliest first, all of them are met if they can be met in
any order at all (Liu and Layland 1973, section 7). Requests take turns as long as
everybody has time; where time gets short that order holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from summsvc.scheduling.admission import Admission
from summsvc.scheduling.queue import FairQueue
from summsvc.scheduling.work import Priority, Ticket

MARGIN = 2
"""Full batches that a request should have time for: one that has to end first, and its own."""


class Deadlines:
    """Those of the interactive requests that wait in a queue.

    Bulk is not protected: a book with a tight deadline would hold up everybody.
    """

    def __init__(self, queue: FairQueue, admission: Admission) -> None:
        self._queue = queue
        self._admission = admission

    def pressing(self) -> list[Ticket]:
        """Requests that have to go first, see ``pressing``."""
        return pressing(self.waiting(), MARGIN * self._admission.batch_s)

    def missing(self, tokens: int, priority: Priority, deadline: float | None) -> float:
        """Seconds missing for one more request of so many tokens, see ``lacking``.

        deadline: ``loop.time()`` seconds, or None.
        """
        waiting = self.waiting() if priority is Priority.INTERACTIVE else []
        rate = self._admission.tokens_per_s
        if rate is None or not waiting:
            return 0.0
        return lacking(
            waiting,
            tokens=tokens,
            deadline=deadline,
            tokens_per_s=rate,
            now=asyncio.get_running_loop().time(),
            margin_s=MARGIN * self._admission.batch_s,
        )

    def waiting(self) -> list[Due]:
        """Requests with a deadline; none while the rate is unknown."""
        rate = self._admission.tokens_per_s
        if rate is None:
            return []
        now = asyncio.get_running_loop().time()
        return due(self._queue.waiting(Priority.INTERACTIVE), tokens_per_s=rate, now=now)


@dataclass(frozen=True, slots=True)
class Due:
    """A waiting request with a deadline.

    tokens: its own and those of all with an earlier deadline. slack_s: seconds
    left once they have gone.
    """

    ticket: Ticket
    deadline: float
    tokens: int
    slack_s: float


def due(tickets: Iterable[Ticket], *, tokens_per_s: float, now: float) -> list[Due]:
    """Those with a deadline, earliest first. now: as the deadlines, ``loop.time()``."""
    ordered = sorted(
        (ticket.work.deadline, number, ticket)
        for number, ticket in enumerate(tickets)
        if ticket.work.deadline is not None
    )
    found, tokens = [], 0
    for deadline, _, ticket in ordered:
        tokens += ticket.pending_tokens + ticket.coming_tokens
        found.append(Due(ticket, deadline, tokens, deadline - now - tokens / tokens_per_s))
    return found


def pressing(waiting: Sequence[Due], margin_s: float) -> list[Ticket]:
    """Who has to go first, earliest deadline first, so that nobody has less slack than the margin.

    All up to the last one that is short of time: who stands before it in that order
    is part of its wait.
    """
    last = max((i for i, each in enumerate(waiting) if each.slack_s < margin_s), default=-1)
    return [each.ticket for each in waiting[: last + 1]]


def lacking(
    waiting: Sequence[Due],
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
    for each in waiting:
        if each.deadline <= deadline:
            before = each.tokens
        elif each.slack_s >= margin_s:
            missing = max(missing, margin_s + own_s - each.slack_s)
    slack_s = deadline - now - before / tokens_per_s - own_s
    return max(missing, min(margin_s, (deadline - now) / 2) - slack_s, 0.0)
