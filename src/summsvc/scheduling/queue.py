"""Fair queue of one model: waiting segments, and the selection of the next batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from summsvc.scheduling.admission.deadlines import UrgentJobs, none_urgent
from summsvc.scheduling.admission.shares import Backlog
from summsvc.scheduling.batch_size import Budget
from summsvc.scheduling.batching import (
    MIN_BATCH_DIVISOR,
    Batch,
    Capacity,
    of_small_caller,
    select_segments,
)
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller, FairOrder
from summsvc.scheduling.fairness.round_robin import RoundRobin, interleave
from summsvc.scheduling.jobs import JobHandle, Priority, WorkItem

BULK_INTERVAL = 4
"""One batch in this many is a bulk batch while both priorities wait. The same ratio applies, for
one caller, to jobs without a deadline while urgent jobs wait."""

LOOKAHEAD_BATCHES = 8
"""Candidates for a batch are searched among segments worth this many batches."""

CONTENDED_BATCHES = 4
"""Batches that wait when one caller fills the queue. A caller with this many times less waiting
than its share is small: it gets short batches, and shorter ones to wait for."""


class FairQueue:
    """Round robin over callers and over the jobs of each caller.

    The first segment of the next job leads a batch. Segments of similar length, from all jobs
    of the same priority, fill the batch. When more segments wait than a batch can hold, the
    batch takes the number with the lowest cost per token. So no job waits for all of a long
    article, and little time is spent on padding. A batch contains one priority only:
    otherwise a short text would wait for the bulk segments of its batch. Within one caller,
    urgent jobs go first, see ``deadlines``.

    backlog: waiting requests and tokens, by caller. tokens: input tokens of all waiting segments.
    sequences: waiting segments times their beams.
    """

    def __init__(self) -> None:
        self._orders: dict[Priority, FairOrder[JobHandle]] = {
            priority: FairOrder() for priority in Priority
        }
        self.backlog = Backlog()
        self._batches_since_bulk = 0
        self._urgent_batches: Counter[Caller] = Counter()
        self.tokens = self.sequences = self._beam_tokens = 0

    def __len__(self) -> int:
        """Return the number of jobs with waiting segments."""
        return self.backlog.requests

    def order(self, priority: Priority) -> FairOrder[JobHandle]:
        """Return the jobs of a priority with waiting segments, weighted by their tokens."""
        return self._orders[priority]

    def add(self, handle: JobHandle, *items: WorkItem) -> None:
        """Add segments of a job to the queue, or add the job to segments that wait already."""
        tokens = 0
        was_pending = bool(handle.pending)
        for item in items:
            if handle in item.handles:
                continue
            if not item.handles:
                self._count(item, 1)
            item.handles[handle] = None
            handle.pending[item] = None
            tokens += item.tokens
        if not handle.pending:
            return
        caller = handle.job.caller
        handle.pending_tokens += tokens
        self._orders[handle.job.priority].add(caller, handle, tokens)
        self.backlog.change(caller, requests=not was_pending, tokens=tokens)

    def remove(self, handle: JobHandle) -> list[WorkItem]:
        """Remove a job. Returns those of its segments that no other job waits for."""
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
            self._remove_from_order(handle, tokens)
        return unwanted

    def _remove_from_order(self, handle: JobHandle, tokens: int) -> None:
        """Remove a job whose last segments, with so many tokens, left the queue."""
        caller = handle.job.caller
        order = self._orders[handle.job.priority]
        order.remove(caller, handle)
        self.backlog.change(caller, requests=-1, tokens=-tokens)
        if caller in self._urgent_batches and not order.entries(caller):
            del self._urgent_batches[caller]

    def _count(self, item: WorkItem, sign: int) -> None:
        self.tokens += sign * item.tokens
        self.sequences += sign * item.beams
        self._beam_tokens += sign * item.tokens * item.beams

    def fills(self, budget: Budget) -> bool:
        """Whether enough segments wait for a full batch."""
        return self._beam_tokens >= budget.tokens or self.sequences >= budget.sequences

    def tokens_ahead(self, priority: Priority, tokens: int, caller: Caller = ANONYMOUS) -> int:
        """Return the tokens that are served before the last token of a new job of ``tokens``.

        By round robin, a waiting job of the same caller and priority is served at most as many
        tokens as the new job, and another caller at most as many as this caller. Bulk jobs also
        wait for interactive ones, limited by the share of batches that bulk gets. The estimate
        errs high, and takes constant time.
        """
        order = self._orders[priority]
        own = tokens + order.entries(caller).capped_total(tokens)
        ahead = order.served_until(caller, own) - tokens
        if priority is Priority.BULK:
            interactive = self._orders[Priority.INTERACTIVE].total
            ahead += min(interactive, (BULK_INTERVAL - 1) * (ahead + tokens))
        return min(ahead, self.tokens)

    def next_batch(
        self,
        budget: Budget,
        workers: int = 1,
        urgent_jobs: UrgentJobs = none_urgent,
        bulk_budget: Budget | None = None,
        running: Collection[Batch] = (),
        contended: bool = False,
    ) -> Batch | None:
        """Take the next batch from the queue; None when the queue is empty.

        The batch is within its budget, or it is a single segment.

        workers: idle workers, which share the queue. urgent_jobs: these jobs go before the
        other jobs of their caller, except in one batch of ``BULK_INTERVAL`` while jobs without
        a deadline wait. bulk_budget: budget of bulk batches, when it differs. running: the
        batches of the other workers; the smaller they are, the more of the queue is left for
        their workers. contended: one caller fills the queue beside small callers, whose
        segments then do not wait for a full batch to be computed, see ``of_small_caller``.
        """
        leader, is_urgent = self._leader(urgent_jobs)
        if leader is None:
            return None
        if leader.job.priority is Priority.BULK:
            budget, urgent_jobs = bulk_budget or budget, none_urgent
        first = next(iter(leader.pending))
        capacity = Capacity.of(budget, first)
        # Counted without padding: what is left for the others must fit into as many batches.
        tokens = self.tokens + sum(batch.tokens for batch in running)
        worker_share = -(-tokens // (workers + len(running)))
        target_tokens = max(worker_share, capacity.full_tokens // MIN_BATCH_DIVISOR)
        candidates = self._candidates(
            leader, first, capacity, urgent_jobs, 1 if is_urgent else LOOKAHEAD_BATCHES
        )
        # A short queue is not trimmed, because the rest would become a small batch. The batch of
        # an urgent job is not trimmed, because its other segments would wait for another batch.
        trim = not is_urgent and len(candidates) > workers * (
            capacity.full_tokens // max(1, first.tokens)
        )
        if contended and self._is_small(leader.job.caller):
            caller, trim = leader.job.caller, False
            candidates, target_tokens = of_small_caller(caller, candidates, capacity)
        selected = select_segments(first, candidates, capacity, target_tokens, trim=trim)
        self._mark_served(leader, selected)
        self._take(selected)
        return Batch(tuple(sorted(selected, key=lambda item: -item.tokens)), budget)

    def _is_small(self, caller: Caller) -> bool:
        return self.backlog.share(caller).is_small(self.backlog.requests, CONTENDED_BATCHES)

    def _candidates(
        self,
        leader: JobHandle,
        first: WorkItem,
        capacity: Capacity,
        urgent_jobs: UrgentJobs,
        batches: int,
    ) -> list[WorkItem]:
        """Return waiting segments with the batch key of ``first``, in fair order.

        batches: the search stops after segments worth this many batches. With 1, the urgent
        jobs of the leader's caller come first too.
        """
        candidates = {first: None}
        seen: set[WorkItem] = set()
        seen_tokens = 0
        for item in self._in_turn(leader, urgent_jobs, leader_urgent=batches == 1):
            if item in seen:
                continue
            seen.add(item)
            seen_tokens += item.tokens
            if item.batch_key == first.batch_key:
                candidates[item] = None
            if (
                seen_tokens >= batches * capacity.padded_tokens
                or len(candidates) >= batches * capacity.segments
            ):
                break
        return list(candidates)

    def _leader(self, urgent_jobs: UrgentJobs) -> tuple[JobHandle | None, bool]:
        """Return the job that leads the next batch, and whether it leads because it is urgent."""
        interactive, bulk = (self._orders[priority] for priority in Priority)
        if bulk and (not interactive or self._batches_since_bulk >= BULK_INTERVAL - 1):
            self._batches_since_bulk = 0
            return bulk.first(), False
        # Bulk batches that ran while no interactive job waited count as part of bulk's share.
        self._batches_since_bulk = self._batches_since_bulk + 1 if bulk else 0
        caller = interactive.next_caller()
        if caller is None:
            return None, False
        urgent = next(iter(urgent_jobs(caller)), None)
        if urgent is None:
            return interactive.first(), False
        self._urgent_batches[caller] += 1
        if self._urgent_batches[caller] % BULK_INTERVAL == 0:
            for handle in interactive.entries(caller):
                if handle.job.deadline is None:
                    return handle, False
        return urgent, True

    def _in_turn(
        self, leader: JobHandle, urgent_jobs: UrgentJobs, *, leader_urgent: bool
    ) -> Iterator[WorkItem]:
        """Yield waiting segments of the leader's priority, one of each caller in turn.

        For each caller: the segments of urgent jobs, then one segment of each job in turn. A
        segment may be yielded more than once. leader_urgent: whether the urgent jobs of the
        leader's own caller come first too.
        """

        def segments(caller: Caller, handles: RoundRobin[JobHandle]) -> Iterator[WorkItem]:
            urgent_first = leader_urgent or caller != leader.job.caller
            urgent = urgent_jobs(caller) if urgent_first else ()
            urgent_segments = (item for handle in urgent for item in handle.pending)
            if len(handles) == 1:
                return chain(urgent_segments, next(iter(handles)).pending)
            return chain(urgent_segments, interleave(iter(handle.pending) for handle in handles))

        return self._orders[leader.job.priority].in_turn(segments)

    def _mark_served(self, leader: JobHandle, selected: Sequence[WorkItem]) -> None:
        """End the turn of the leader, and of the callers of the selected segments."""
        # A caller goes to the end of the round with the last one of its segments.
        served: dict[tuple[Priority, Caller], None] = {}
        for item in selected:
            for handle in item.handles:
                turn = handle.job.priority, handle.job.caller
                served.pop(turn, None)
                served[turn] = None
        for priority, caller in served:
            self._orders[priority].mark_served(caller)
        leader_order = self._orders[leader.job.priority]
        leader_order.entries(leader.job.caller).mark_served(leader)

    def _take(self, selected: Sequence[WorkItem]) -> None:
        """Remove segments from the queue."""
        taken: Counter[JobHandle] = Counter()
        for item in selected:
            item.waiting = False
            self._count(item, -1)
            for handle in item.handles:
                del handle.pending[item]
                taken[handle] += item.tokens
        for handle, tokens in taken.items():
            if handle.pending:
                handle.pending_tokens -= tokens
                caller = handle.job.caller
                self._orders[handle.job.priority].add(caller, handle, -tokens)
                self.backlog.change(caller, tokens=-tokens)
            else:
                handle.pending_tokens = 0
                self._remove_from_order(handle, tokens)
