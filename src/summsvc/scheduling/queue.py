"""Segments waiting for one model, and which of them go next."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from summsvc.scheduling.pace import Budget
from summsvc.scheduling.work import Item, Priority, Ticket

BULK_SHARE = 4
"""While both wait, one batch in this many is of bulk segments."""

WINDOW = 8
"""Segments worth this many batches are looked at for ones of like length."""

SMALLEST_PART = 8
"""A queue shorter than a batch for each is divided among idle workers, but not
into batches below this part of the budget: small ones waste the model."""

OVERHEAD = 0.25
"""What a batch costs beside its tokens, padding counted, as a share of a full one's. It weighs
small batches against padding: were there none, nothing would be padded."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Segments of one kind that go through the model together, longest first.

    budget: what they might have held at most.
    """

    items: tuple[Item, ...]
    budget: Budget

    @property
    def tokens(self) -> int:
        """Input tokens, without padding."""
        return sum(item.tokens for item in self.items)

    @property
    def padded_tokens(self) -> int:
        """The longest segment times their count."""
        return self.items[0].tokens * len(self.items)

    @property
    def used(self) -> Budget:
        """What counts against a budget: padded tokens, and segments, in every beam."""
        beams = self.items[0].beams
        return Budget(self.padded_tokens * beams, len(self.items) * beams)

    def abandoned(self) -> bool:
        """Whether nobody wants any of it; safe to ask from any thread."""
        return not any(item.tickets for item in self.items)


class FairQueue:
    """Round robin over requests, each giving its segments in order.

    A batch is led by the next request's first segment; segments of like length
    of all requests of its priority fill it up, or as many of them as make a token
    cheapest where more wait than it can hold. So nobody waits behind somebody's
    book, and little is computed on padding. Batches do not mix priorities: a short
    text would wait for the bulk it travels with. Requests short of time go first,
    see ``deadlines``.
    """

    def __init__(self) -> None:
        self._tickets: dict[Priority, OrderedDict[Ticket, None]] = {
            priority: OrderedDict() for priority in Priority
        }
        self._since_bulk = self._pressed = 0
        self.tokens = self.sequences = 0

    def __len__(self) -> int:
        """Requests with segments waiting."""
        return sum(len(tickets) for tickets in self._tickets.values())

    def add(self, ticket: Ticket, item: Item) -> None:
        """Let a segment wait, on behalf of one more ticket if it waits already."""
        if ticket in item.tickets:
            return
        if not item.tickets:
            self._count(item, 1)
        item.tickets[ticket] = None
        ticket.pending[item] = None
        ticket.pending_tokens += item.tokens
        self._tickets[ticket.work.priority].setdefault(ticket)

    def remove(self, ticket: Ticket) -> list[Item]:
        """Forget a ticket; returns the segments that nobody wants any more."""
        unwanted = []
        for item in ticket.pending:
            del item.tickets[ticket]
            if not item.tickets:
                self._count(item, -1)
                item.waiting = False
                unwanted.append(item)
        ticket.pending.clear()
        ticket.pending_tokens = 0
        self._tickets[ticket.work.priority].pop(ticket, None)
        return unwanted

    def _count(self, item: Item, sign: int) -> None:
        self.tokens += sign * item.tokens
        self.sequences += sign * item.beams

    def fills(self, budget: Budget) -> bool:
        """Whether enough waits for a full batch."""
        return self.tokens >= budget.tokens or self.sequences >= budget.sequences

    def tokens_ahead(self, priority: Priority, tokens: int) -> int:
        """Tokens that go before the last one of a new request of so many tokens.

        By round robin no waiting request of its own priority goes ahead with
        more than the new one has itself; ahead of bulk goes no more than bulk's
        share of the batches leaves.
        """
        ahead = sum(min(ticket.pending_tokens, tokens) for ticket in self._tickets[priority])
        if priority is Priority.BULK:
            first = sum(ticket.pending_tokens for ticket in self._tickets[Priority.INTERACTIVE])
            ahead += min(first, (BULK_SHARE - 1) * (ahead + tokens))
        return min(ahead, self.tokens)

    def next(
        self,
        budget: Budget,
        workers: int = 1,
        pressing: Sequence[Ticket] = (),
        bulk: Budget | None = None,
        running: Collection[Batch] = (),
    ) -> Batch | None:
        """Take a batch within its budget, or of one segment; None when empty.

        workers: idle ones, that share what waits. bulk: the budget of bulk batches, where
        it is another. pressing: interactive requests
        that are short of time, the first one first; they go before others, but for
        one batch in ``BULK_SHARE`` while some wait that have no deadline. running: what
        other workers have in the model; a smaller batch there leaves its worker a larger
        part of what waits here.
        """
        leader = self._leader(pressing)
        if leader is None:
            return None
        if leader.work.priority is Priority.BULK:
            budget = bulk or budget
        first = next(iter(leader.pending))
        most = max(1, budget.tokens // first.beams)
        segments = max(1, budget.sequences // first.beams)
        # Of segments like the first one.
        full = min(most, segments * first.tokens)
        # Counted without padding: what the others are left must fit into as many batches.
        tokens = self.tokens + sum(batch.tokens for batch in running)
        share = max(-(-tokens // (workers + len(running))), full // SMALLEST_PART)
        candidates = {first: None}
        looked_at = 0
        in_turn = self._round_robin(leader.work.priority)
        window = WINDOW
        if pressing and leader is pressing[0]:
            hurried = (item for ticket in pressing for item in ticket.pending)
            in_turn, window = chain(hurried, in_turn), 1
        for item in in_turn:
            looked_at += item.tokens
            if item.kind == first.kind:
                candidates[item] = None
            if looked_at >= window * most or len(candidates) >= window * segments:
                break
        # Stable: the leader's first segment stays in front.
        nearest = sorted(candidates, key=lambda item: abs(item.tokens - first.tokens))
        nearest.remove(first)
        longest = taken = first.tokens
        chosen = [first]
        cheapest, least = 1, math.inf
        for item in nearest[: segments - 1]:
            longest = max(longest, item.tokens)
            if taken >= share or longest * (len(chosen) + 1) > most:
                break
            chosen.append(item)
            taken += item.tokens
            # For a token that is no padding.
            cost = (longest * len(chosen) + OVERHEAD * full) / max(1, taken)
            if cost <= least:
                cheapest, least = len(chosen), cost
        # None of fewer is left for a small batch of its own, nor who is short of time for another.
        if len(candidates) > workers * (full // max(1, first.tokens)) and window == WINDOW:
            del chosen[cheapest:]
        for item in chosen:
            self._take(item)
        tickets = self._tickets[leader.work.priority]
        if leader in tickets:
            tickets.move_to_end(leader)
        return Batch(tuple(sorted(chosen, key=lambda item: -item.tokens)), budget)

    def _leader(self, pressing: Sequence[Ticket]) -> Ticket | None:
        interactive, bulk = (self._tickets[level] for level in Priority)
        if bulk and (not interactive or self._since_bulk >= BULK_SHARE - 1):
            self._since_bulk = 0
            return next(iter(bulk))
        # Batches that bulk had while nobody else waited were its share as well.
        self._since_bulk = self._since_bulk + 1 if bulk else 0
        if pressing:
            self._pressed += 1
            patient = (ticket for ticket in interactive if ticket.work.deadline is None)
            other = None if self._pressed % BULK_SHARE else next(patient, None)
            return other or pressing[0]
        return next(iter(interactive), None)

    def _round_robin(self, priority: Priority) -> Iterator[Item]:
        """Waiting segments of a priority, one of each request in turn."""
        waiting = [iter(ticket.pending) for ticket in self._tickets[priority]]
        while waiting:
            left = []
            for items in waiting:
                item = next(items, None)
                if item is not None:
                    yield item
                    left.append(items)
            waiting = left

    def _take(self, item: Item) -> None:
        item.waiting = False
        self._count(item, -1)
        for ticket in item.tickets:
            del ticket.pending[item]
            ticket.pending_tokens -= item.tokens
            if not ticket.pending:
                self._tickets[ticket.work.priority].pop(ticket, None)
