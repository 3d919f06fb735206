"""Urgent jobs, and the admission of jobs with and without deadlines."""

from __future__ import annotations

import asyncio
import math
import random

import pytest

from summsvc.scheduling.admission.admission import Admission, QueueLimits
from summsvc.scheduling.admission.deadline_histogram import MAX_GROUPS
from summsvc.scheduling.admission.deadlines import (
    Deadlines,
    GroupSlack,
    last_urgent_deadline,
    shortfall,
    slack_by_deadline,
)
from summsvc.scheduling.batch_size import Budget
from summsvc.scheduling.fairness.callers import ANONYMOUS
from summsvc.scheduling.jobs import JobHandle, Priority
from summsvc.scheduling.queue import FairQueue
from tests.scheduling.reversing import work

RATE = 10.0
"""Tokens per second; every text here is one token."""


class Waiting:
    """A queue with deadlines that are updated as by a scheduler; the time is 0."""

    def __init__(self, *asked: tuple[int, float | None]) -> None:
        """asked: jobs, each with its number of tokens and its deadline."""
        self.queue = FairQueue()
        admission = Admission(QueueLimits(1, 1), workers=1)
        admission.expect(tokens=int(RATE), seconds=1.0)
        self.deadlines = Deadlines(admission)
        self.handles = [self.enter(tokens, deadline) for tokens, deadline in asked]
        for handle in self.handles:
            self.feed(handle, handle.unfed_tokens)

    def enter(
        self, tokens: int, deadline: float | None, priority: Priority = Priority.INTERACTIVE
    ) -> JobHandle:
        """Create a job of which no segment is in the queue yet."""
        texts = [f"{i}" for i in range(tokens)]
        return JobHandle(work(texts, priority=priority, deadline=deadline), self.leave)

    def feed(self, handle: JobHandle, tokens: int) -> None:
        """Put the next segments of a job into the queue."""
        for _ in range(min(tokens, handle.unfed_tokens)):
            position = len(handle.job.texts) - handle.unfed_tokens
            self.queue.add(handle, handle.job.item(position))
            handle.unfed_tokens -= 1
        self.deadlines.update(handle)

    def take(self) -> None:
        """Take a batch of up to four segments."""
        batch = self.queue.next_batch(Budget(4, 4))
        for item in batch.items if batch else ():
            for handle in item.handles:
                self.deadlines.update(handle)

    def leave(self, handle: JobHandle) -> None:
        self.queue.remove(handle)
        self.deadlines.update(handle)

    def slacks(self) -> list[GroupSlack]:
        caller = self.deadlines._callers.get(ANONYMOUS)
        return (
            list(slack_by_deadline(caller.histogram, tokens_per_s=RATE, now=0.0)) if caller else []
        )

    def ordered(self) -> list[JobHandle]:
        """Waiting jobs, earliest deadline first."""
        caller = self.deadlines._callers.get(ANONYMOUS)
        return [handle for _, _, handle in caller.ordered] if caller else []

    def urgent(self, margin_s: float) -> list[JobHandle]:
        until = last_urgent_deadline(self.slacks(), margin_s)
        return [each for each in self.ordered() if until and (each.job.deadline or 0) <= until]


def missing(made: Waiting, tokens: int, deadline: float | None, margin_s: float = 1.0) -> float:
    return shortfall(
        made.slacks(),
        tokens=tokens,
        deadline=deadline,
        tokens_per_s=RATE,
        now=0.0,
        margin_s=margin_s,
    )


async def test_slack_is_the_time_left_after_all_earlier_deadlines() -> None:
    made = Waiting((20, 9.0), (500, None), (10, 3.0))
    late, _, early = made.handles
    assert made.ordered() == [early, late]
    assert made.slacks() == [(3.0, 3.0, 10, 2.0), (9.0, 9.0, 30, 6.0)]


@pytest.mark.parametrize("seed", range(20))
async def test_jobs_stay_ordered_by_deadline(
    seed: int,
) -> None:
    chance, made, entered = random.Random(seed), Waiting(), []
    for _ in range(300):
        match chance.choice(["enter", "enter", "feed", "feed", "take", "leave"]):
            case "enter":
                deadline = chance.choice([None, 5.0, chance.uniform(0, 99), chance.uniform(0, 99)])
                priority = chance.choice([*Priority, Priority.INTERACTIVE])
                entered.append(made.enter(chance.randint(0, 9), deadline, priority))
            case "feed" if entered:
                made.feed(chance.choice(entered), chance.randint(1, 9))
            case "take":
                made.take()
            case "leave" if entered:
                entered.pop(chance.randrange(len(entered))).cancel()
        ordered = made.ordered()
        assert len(ordered) == len(set(ordered))
        assert set(ordered) == to_be_tracked(made.queue, entered)
        assert ordered == sorted(ordered, key=lambda each: each.job.deadline or math.inf)
        check_groups(made)
    for handle in entered:
        handle.cancel()
    assert made.slacks() == []
    assert len(made.deadlines) == 0


def to_be_tracked(queue: FairQueue, entered: list[JobHandle]) -> set[JobHandle]:
    """The jobs that must be tracked."""
    waiting = queue.order(Priority.INTERACTIVE).entries(ANONYMOUS)
    return {each for each in entered if each in waiting and each.job.deadline is not None}


def check_groups(made: Waiting) -> None:
    """Groups of deadlines count no deadline as later, and count all tokens."""
    ordered, groups = made.ordered(), made.slacks()
    for first, last, ahead, slack_s in groups:
        before = [each for each in ordered if (each.job.deadline or 0) <= last]
        assert ahead == sum(each.pending_tokens + each.unfed_tokens for each in before)
        assert slack_s == pytest.approx(first - ahead / RATE)
        assert first <= last
    assert sum(map(bool, groups)) <= MAX_GROUPS


async def test_jobs_with_deadlines_before_an_urgent_job_go_first_too() -> None:
    made = Waiting((40, 5.5), (10, 60.0), (10, 5.0))
    second, _, first = made.handles
    assert made.urgent(1.0) == [first, second]
    assert made.urgent(0.1) == []


async def test_a_job_is_admitted_while_all_jobs_keep_the_margin() -> None:
    made = Waiting((20, 4.0))
    assert missing(made, 10, 60.0) == 0.0
    assert missing(made, 10, None) == 0.0
    assert missing(made, 10, 3.9) == 0.0
    assert missing(made, 11, 3.9) == pytest.approx(0.1)
    assert missing(made, 70, 10.0) == 0.0
    assert missing(made, 72, 10.0) == pytest.approx(0.2)


async def test_a_job_in_an_empty_queue_needs_no_margin() -> None:
    deadline = asyncio.get_running_loop().time() + 1.0
    alone, second = Waiting(), Waiting((1, deadline - 0.5))
    assert alone.deadlines.shortfall_s(7, Priority.INTERACTIVE, deadline, ANONYMOUS) == 0.0
    assert second.deadlines.shortfall_s(7, Priority.INTERACTIVE, deadline, ANONYMOUS) > 0.25


async def test_a_new_job_leaves_the_others_one_batch_of_spare_time() -> None:
    now = asyncio.get_running_loop().time()
    made = Waiting((30, now + 6.5))
    assert list(made.deadlines.urgent(ANONYMOUS)) == []
    missing_s = made.deadlines.shortfall_s(10, Priority.INTERACTIVE, now + 6.0, ANONYMOUS)
    assert missing_s == pytest.approx(0.5, abs=0.2)


async def test_a_job_that_is_late_already_rejects_no_other_job() -> None:
    made = Waiting((50, 5.5))
    assert missing(made, 5, 2.0) == 0.0


async def test_half_of_a_short_time_is_a_sufficient_margin() -> None:
    made = Waiting((1, 60.0))
    assert missing(made, 4, 1.0, margin_s=30.0) == 0.0


async def test_an_urgent_job_goes_first_and_does_not_starve_others() -> None:
    made = Waiting((8, None), (40, 4.0))
    patient, pressed = made.handles
    order = [made.queue.next_batch(Budget(2, 2), 1, lambda _: [pressed]) for _ in range(8)]
    leaders = [next(iter(batch.items[0].handles)) if batch is not None else None for batch in order]
    assert leaders == [pressed, pressed, pressed, patient] * 2
