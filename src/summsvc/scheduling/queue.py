"""Segments waiting for one model, and which of them go next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from summsvc.scheduling.work import Item, Priority, Ticket

BULK_SHARE = 4
"""While both wait, one batch in this many is led by a bulk segment."""

WINDOW = 8
"""Segments worth this many batches are looked at for ones of like length."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Segments that go through the model together, longest first, and whose they are."""

    items: tuple[Item, ...]
    tickets: tuple[Ticket, ...]

    @property
    def tokens(self) -> int:
        """Cost: the longest segment times their count."""
        return self.items[0].tokens * len(self.items)

    def abandoned(self) -> bool:
        """Whether nobody waits for any of it; safe to ask from any thread."""
        return all(item.waiters <= 0 for item in self.items)


class FairQueue:
    """Round robin over requests, each giving its segments in order.

    A batch is led by the next request's first segment; like segments of all
    requests fill it up. So nobody waits behind somebody's book, and little is
    computed on padding.
    """

    def __init__(self) -> None:
        self._tickets: dict[Priority, OrderedDict[Ticket, None]] = {
            priority: OrderedDict() for priority in Priority
        }
        self._turn = 0
        self._tokens = dict.fromkeys(Priority, 0)

    def __len__(self) -> int:
        return sum(len(tickets) for tickets in self._tickets.values())

    def add(self, ticket: Ticket) -> None:
        """Let a ticket's pending segments wait."""
        if ticket.pending:
            self._tickets[ticket.work.priority][ticket] = None
            self._tokens[ticket.work.priority] += sum(item.tokens for item in ticket.pending)

    def drop_unwanted(self, ticket: Ticket) -> int:
        """Forget the ticket's segments that nobody waits for; returns how many."""
        unwanted = [item for item in ticket.pending if item.waiters <= 0]
        for item in unwanted:
            self._take(ticket, item)
            item.future.cancel()
        return len(unwanted)

    @property
    def tokens(self) -> int:
        """Tokens of all waiting segments."""
        return sum(self._tokens.values())

    def tokens_before(self, priority: Priority) -> int:
        """Tokens that a new request of this priority has to let go first."""
        return sum(
            tokens for level, tokens in self._tokens.items() if level.value <= priority.value
        )

    def next(self, budget: int) -> Batch | None:
        """Take a batch of at most ``budget`` tokens, or of one segment; None when empty."""
        leader = self._leader()
        if leader is None:
            return None
        first = next(iter(leader.pending))
        candidates = [(first, leader)]
        looked_at = first.tokens
        for item, ticket in self._round_robin(leader):
            if item is not first:
                candidates.append((item, ticket))
                looked_at += item.tokens
            if looked_at >= WINDOW * budget:
                break
        candidates.sort(key=lambda each: abs(each[0].tokens - first.tokens))
        longest = 0
        chosen: list[tuple[Item, Ticket]] = []
        for item, ticket in candidates:
            longest = max(longest, item.tokens)
            if chosen and longest * (len(chosen) + 1) > budget:
                break
            chosen.append((item, ticket))
        chosen.sort(key=lambda each: -each[0].tokens)
        for item, ticket in chosen:
            self._take(ticket, item)
        self._to_the_back(leader)
        return Batch(
            tuple(item for item, _ in chosen), tuple({ticket: None for _, ticket in chosen})
        )

    def _leader(self) -> Ticket | None:
        interactive, bulk = (self._tickets[level] for level in Priority)
        self._turn += 1
        first, second = (interactive, bulk) if self._turn % BULK_SHARE else (bulk, interactive)
        return next(iter(first), None) or next(iter(second), None)

    def _round_robin(self, leader: Ticket) -> Iterator[tuple[Item, Ticket]]:
        """Segments that may join the leader's, one of each request in turn."""
        kind = leader.work.kind
        waiting = [
            (iter(ticket.pending), ticket)
            for tickets in self._tickets.values()
            for ticket in tickets
            if ticket.work.kind == kind
        ]
        while waiting:
            left = []
            for items, ticket in waiting:
                item = next(items, None)
                if item is not None:
                    yield item, ticket
                    left.append((items, ticket))
            waiting = left

    def _take(self, ticket: Ticket, item: Item) -> None:
        del ticket.pending[item]
        self._tokens[ticket.work.priority] -= item.tokens
        if not ticket.pending:
            self._tickets[ticket.work.priority].pop(ticket, None)

    def _to_the_back(self, ticket: Ticket) -> None:
        tickets = self._tickets[ticket.work.priority]
        if ticket in tickets:
            tickets.move_to_end(ticket)
