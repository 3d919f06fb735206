"""Segments waiting for one model, and which of them go next."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from summsvc.scheduling.admission.shares import Holdings
from summsvc.scheduling.execution.batch_size import Budget
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller, FairOrder, Ring, round_robin
from summsvc.scheduling.jobs import JobHandle, Priority, WorkItem

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


Pressing = Callable[[Caller], Iterable[JobHandle]]
"""Interactive requests of a caller that are short of time, the first one first."""


def nobody(_: Caller) -> Iterable[JobHandle]:
    """No request is short of time."""
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Segments of one kind that go through the model together, longest first.

    budget: what they might have held at most.
    """

    items: tuple[WorkItem, ...]
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
        return not any(item.handles for item in self.items)


class FairQueue:
    """Round robin over callers and their requests, each giving its segments in order.

    A batch is led by the next request's first segment; segments of like length
    of all requests of its priority fill it up, or as many of them as make a token
    cheapest where more wait than it can hold. So nobody waits behind somebody's
    book, and little is computed on padding. Batches do not mix priorities: a short
    text would wait for the bulk it travels with. Of one caller's requests those short
    of time go first, see ``deadlines``. held: what waits, by caller.
    """

    def __init__(self) -> None:
        self._orders: dict[Priority, FairOrder[JobHandle]] = {
            priority: FairOrder() for priority in Priority
        }
        self.held = Holdings()
        self._since_bulk = 0
        self._pressed: Counter[Caller] = Counter()
        self.tokens = self.sequences = self._beam_tokens = 0

    def __len__(self) -> int:
        """Requests with segments waiting."""
        return sum(len(order) for order in self._orders.values())

    def order(self, priority: Priority) -> FairOrder[JobHandle]:
        """The requests of a priority with segments waiting, and the tokens of these."""
        return self._orders[priority]

    def add(self, handle: JobHandle, item: WorkItem) -> None:
        """Let a segment wait, on behalf of one more ticket if it waits already."""
        if handle in item.handles:
            return
        if not item.handles:
            self._count(item, 1)
        item.handles[handle] = None
        caller = handle.work.caller
        self._orders[handle.work.priority].add(caller, handle, item.tokens)
        self.held.change(caller, requests=not handle.pending, tokens=item.tokens)
        handle.pending[item] = None
        handle.pending_tokens += item.tokens

    def remove(self, handle: JobHandle) -> list[WorkItem]:
        """Forget a ticket; returns the segments that nobody wants any more."""
        unwanted = []
        for item in handle.pending:
            del item.handles[handle]
            if not item.handles:
                self._count(item, -1)
                item.waiting = False
                unwanted.append(item)
        if handle.pending:
            tokens = handle.pending_tokens
            handle.pending.clear()
            handle.pending_tokens = 0
            self._emptied(handle, tokens)
        return unwanted

    def _emptied(self, handle: JobHandle, tokens: int) -> None:
        """The last segments of a ticket, so many tokens, have left."""
        caller = handle.work.caller
        order = self._orders[handle.work.priority]
        order.remove(caller, handle)
        self.held.change(caller, requests=-1, tokens=-tokens)
        if not order.entries(caller):
            self._pressed.pop(caller, None)

    def _count(self, item: WorkItem, sign: int) -> None:
        self.tokens += sign * item.tokens
        self.sequences += sign * item.beams
        self._beam_tokens += sign * item.tokens * item.beams

    def fills(self, budget: Budget) -> bool:
        """Whether enough waits for a full batch."""
        return self._beam_tokens >= budget.tokens or self.sequences >= budget.sequences

    def tokens_ahead(self, priority: Priority, tokens: int, caller: Caller = ANONYMOUS) -> int:
        """Tokens that go before the last one of a new request of so many tokens.

        By round robin no waiting request of its own caller and priority goes ahead with
        more than the new one has itself, nor any other caller with more than its own; ahead
        of bulk goes no more than bulk's share of the batches leaves. An estimate that is
        too high rather than too low, and takes constant time.
        """
        order = self._orders[priority]
        own = tokens + order.entries(caller).capped(tokens)
        ahead = order.with_others(caller, own) - tokens
        if priority is Priority.BULK:
            first = self._orders[Priority.INTERACTIVE].total
            ahead += min(first, (BULK_SHARE - 1) * (ahead + tokens))
        return min(ahead, self.tokens)

    def next(
        self,
        budget: Budget,
        workers: int = 1,
        pressing: Pressing = nobody,
        bulk: Budget | None = None,
        running: Collection[Batch] = (),
    ) -> Batch | None:
        """Take a batch within its budget, or of one segment; None when empty.

        workers: idle ones, that share what waits. bulk: the budget of bulk batches, where
        it is another. pressing: requests of a caller that are short of time; they go before
        its others, but for one batch in ``BULK_SHARE`` while some wait that have no deadline.
        running: what
        other workers have in the model; a smaller batch there leaves its worker a larger
        part of what waits here.
        """
        leader, hurried = self._leader(pressing)
        if leader is None:
            return None
        if leader.work.priority is Priority.BULK:
            budget, pressing = bulk or budget, nobody
        first = next(iter(leader.pending))
        most = max(1, budget.tokens // first.beams)
        segments = max(1, budget.sequences // first.beams)
        # Of segments like the first one.
        full = min(most, segments * first.tokens)
        # Counted without padding: what the others are left must fit into as many batches.
        tokens = self.tokens + sum(batch.tokens for batch in running)
        share = max(-(-tokens // (workers + len(running))), full // SMALLEST_PART)
        candidates = {first: None}
        met: set[WorkItem] = set()
        looked_at = 0
        window = 1 if hurried else WINDOW
        for item in self._in_turn(leader, pressing, hurried=hurried):
            if item in met:
                continue
            met.add(item)
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
        order = self._orders[leader.work.priority]
        for item in chosen:
            for handle in item.handles:
                self._orders[handle.work.priority].served(handle.work.caller)
        order.entries(leader.work.caller).served(leader)
        for item in chosen:
            self._take(item)
        return Batch(tuple(sorted(chosen, key=lambda item: -item.tokens)), budget)

    def _leader(self, pressing: Pressing) -> tuple[JobHandle | None, bool]:
        """Whose segments lead the next batch, and whether because it is short of time."""
        interactive, bulk = (self._orders[level] for level in Priority)
        if bulk and (not interactive or self._since_bulk >= BULK_SHARE - 1):
            self._since_bulk = 0
            return _first(bulk), False
        # Batches that bulk had while nobody else waited were its share as well.
        self._since_bulk = self._since_bulk + 1 if bulk else 0
        caller = interactive.turn()
        if caller is None:
            return None, False
        hurried = next(iter(pressing(caller)), None)
        if hurried is None:
            return _first(interactive), False
        self._pressed[caller] += 1
        if self._pressed[caller] % BULK_SHARE == 0:
            for handle in interactive.entries(caller):
                if handle.work.deadline is None:
                    return handle, False
        return hurried, True

    def _in_turn(
        self, leader: JobHandle, pressing: Pressing, *, hurried: bool
    ) -> Iterator[WorkItem]:
        """Waiting segments of a priority, one of each caller in turn; some are met twice.

        Of one caller those short of time first, then one of each request in turn. hurried:
        whether that holds for the caller of the leader too.
        """

        def of(caller: Caller, handles: Ring[JobHandle]) -> Iterator[WorkItem]:
            first = pressing(caller) if hurried or caller != leader.work.caller else ()
            in_hurry = (item for handle in first for item in handle.pending)
            return chain(in_hurry, round_robin(iter(handle.pending) for handle in handles))

        return self._orders[leader.work.priority].in_turn(of)

    def _take(self, item: WorkItem) -> None:
        item.waiting = False
        self._count(item, -1)
        for handle in item.handles:
            del handle.pending[item]
            handle.pending_tokens -= item.tokens
            if handle.pending:
                caller = handle.work.caller
                self._orders[handle.work.priority].add(caller, handle, -item.tokens)
                self.held.change(caller, tokens=-item.tokens)
            else:
                self._emptied(handle, item.tokens)


def _first(order: FairOrder[JobHandle]) -> JobHandle | None:
    """Of the caller whose turn it is the request that waits longest for its own."""
    caller = order.turn()
    return None if caller is None else next(iter(order.entries(caller)))
