"""Selection of the segments of the next batch."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summsvc.scheduling.batch_size import Budget
from summsvc.scheduling.fairness.callers import Caller
from summsvc.scheduling.jobs import JobHandle, Priority, WorkItem
from summsvc.scheduling.queue import FairQueue
from tests.scheduling.reversing import work

FLOOD, OTHER = Caller("flood", "1"), Caller("other", "2")

texts = st.lists(st.integers(1, 40).flatmap(lambda n: st.just("w " * n)), min_size=0, max_size=12)
budgets = st.builds(Budget, st.integers(1, 100), st.integers(1, 20))
requests = st.lists(st.tuples(texts, st.sampled_from(Priority)), max_size=10)


def filled(queue: FairQueue, *asked: tuple[list[str], Priority]) -> list[JobHandle]:
    handles = []
    for listed, priority in asked:
        handle = JobHandle(work(listed, priority=priority), lambda _: None)
        for position in range(len(listed)):
            queue.add(handle, handle.job.item(position))
        handles.append(handle)
    return handles


@given(requests, budgets, st.integers(1, 4))
async def test_every_segment_is_taken_once_and_within_the_budget(
    asked: list[tuple[list[str], Priority]], budget: Budget, workers: int
) -> None:
    queue = FairQueue()
    handles = filled(queue, *asked)
    waiting = {item for handle in handles for item in handle.pending}
    assert queue.tokens == sum(item.tokens for item in waiting)
    assert queue.sequences == len(waiting)
    while (batch := queue.next_batch(budget, workers)) is not None:
        assert len(batch.items) == 1 or batch.used.tokens <= budget.tokens
        assert len(batch.items) == 1 or batch.used.sequences <= budget.sequences
        assert len({item.batch_key for item in batch.items}) == 1
        assert len({t.job.priority for item in batch.items for t in item.handles}) == 1
        lengths = [item.tokens for item in batch.items]
        assert lengths == sorted(lengths, reverse=True)
        assert waiting.issuperset(batch.items)
        waiting.difference_update(batch.items)
        assert queue.tokens == sum(item.tokens for item in waiting)
        assert queue.sequences == len(waiting)
        assert len(queue) == sum(bool(handle.pending) for handle in handles)
    assert not waiting
    assert len(queue) == 0
    assert all(handle.pending_tokens == 0 for handle in handles)


@given(texts, st.integers(1, 4))
async def test_idle_workers_empty_a_queue_with_a_batch_each(listed: list[str], idle: int) -> None:
    queue = FairQueue()
    filled(queue, (listed, Priority.INTERACTIVE))
    for worker in range(idle):
        queue.next_batch(Budget(1000, 1000), idle - worker)
    assert len(queue) == 0


@given(requests, budgets, st.data())
async def test_removed_segments_are_not_taken(
    asked: list[tuple[list[str], Priority]], budget: Budget, data: st.DataObject
) -> None:
    queue = FairQueue()
    handles = filled(queue, *asked)
    gone: set[WorkItem] = set()
    for handle in handles:
        if data.draw(st.booleans()):
            pending = set(handle.pending)
            assert set(queue.remove(handle)) == pending
            gone |= pending
    left = {item for handle in handles for item in handle.pending}
    assert queue.tokens == sum(item.tokens for item in left)
    out: list[WorkItem] = []
    while (batch := queue.next_batch(budget)) is not None:
        out += batch.items
    assert set(out) == left
    assert gone.isdisjoint(out)


async def test_a_segment_of_two_jobs_is_removed_with_the_second() -> None:
    queue = FairQueue()
    first, second = filled(queue, (["a b"], Priority.BULK), ([], Priority.INTERACTIVE))
    (item,) = first.pending
    queue.add(second, item)
    queue.add(second, item)
    assert (queue.tokens, len(queue), second.pending_tokens) == (2, 2, 2)
    assert queue.remove(first) == []
    assert (queue.tokens, len(queue)) == (2, 1)
    assert queue.remove(second) == [item]
    assert (queue.tokens, len(queue)) == (0, 0)


async def test_tokens_ahead_are_those_served_first() -> None:
    queue = FairQueue()
    filled(
        queue,
        (["w " * 10] * 10, Priority.INTERACTIVE),
        (["w " * 3], Priority.INTERACTIVE),
        (["w " * 10] * 100, Priority.BULK),
    )
    assert queue.tokens_ahead(Priority.INTERACTIVE, 5) == 5 + 3
    assert queue.tokens_ahead(Priority.INTERACTIVE, 1000) == 100 + 3
    assert queue.tokens_ahead(Priority.BULK, 50) == 100 + 3 + 50


async def test_tokens_ahead_of_bulk_are_limited_by_the_share_of_bulk() -> None:
    queue = FairQueue()
    filled(queue, (["w " * 10] * 1000, Priority.INTERACTIVE), (["w " * 10] * 5, Priority.BULK))
    # One batch in four is bulk: 20 + 20 bulk tokens wait for at most three times as many.
    assert queue.tokens_ahead(Priority.BULK, 20) == 20 + 3 * (20 + 20)


async def test_interactive_jobs_go_before_bulk_that_had_its_share() -> None:
    queue = FairQueue()
    filled(queue, (["w"] * 40, Priority.BULK))
    leaders = []
    for _ in range(6):
        filled(queue, (["w w"], Priority.INTERACTIVE))
        for _ in range(2):
            batch = queue.next_batch(Budget(100, 1))
            assert batch is not None
            leaders.append(next(iter(batch.items[0].handles)).job.priority)
    assert leaders == [Priority.INTERACTIVE, Priority.BULK] * 6


async def test_bulk_batches_have_their_own_budget() -> None:
    queue = FairQueue()
    filled(queue, (["w"] * 9, Priority.BULK), (["w"] * 9, Priority.INTERACTIVE))
    first, second = (queue.next_batch(Budget(100, 9), bulk_budget=Budget(100, 3)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert (len(first.items), first.budget) == (9, Budget(100, 9))
    assert (len(second.items), second.budget) == (3, Budget(100, 3))


async def test_a_worker_with_a_small_batch_is_left_a_part_of_the_queue() -> None:
    queue = FairQueue()
    filled(queue, (["w"] * 31, Priority.INTERACTIVE))
    alone = queue.next_batch(Budget(100, 1))
    assert alone is not None
    batch = queue.next_batch(Budget(100, 100), running=[alone])
    assert batch is not None
    assert len(batch.items) == 16
    filled(queue, (["w"] * 2, Priority.INTERACTIVE))
    rest = queue.next_batch(Budget(100, 100), running=[batch])
    assert rest is not None
    assert len(rest.items) == 16


async def test_a_batch_led_by_a_short_segment_has_as_many_sequences() -> None:
    queue = FairQueue()
    filled(queue, (["w", *["w " * 40] * 200], Priority.INTERACTIVE))
    assert len(lengths(queue, Budget(1000, 20))) == 20


async def test_a_budget_is_filled_by_tokens_or_by_sequences() -> None:
    queue = FairQueue()
    filled(queue, (["w w"] * 10, Priority.INTERACTIVE))
    assert queue.fills(Budget(20, 100))
    assert queue.fills(Budget(100, 10))
    assert not queue.fills(Budget(21, 11))


def lengths(queue: FairQueue, budget: Budget, workers: int = 1) -> list[int]:
    batch = queue.next_batch(budget, workers)
    assert batch is not None
    return [item.tokens for item in batch.items]


async def test_a_long_queue_has_batches_with_little_padding() -> None:
    queue = FairQueue()
    filled(queue, (["w " * n for n in (10, 40) * 8], Priority.INTERACTIVE))
    assert lengths(queue, Budget(1000, 12)) == [10] * 8
    assert lengths(queue, Budget(1000, 12)) == [40] * 8


async def test_a_queue_that_fits_into_one_batch_is_not_divided() -> None:
    queue = FairQueue()
    filled(queue, (["w " * n for n in (10, 40) * 8], Priority.INTERACTIVE))
    assert lengths(queue, Budget(1000, 16)) == [40] * 8 + [10] * 8


async def test_a_segment_of_unusual_length_does_not_lead_a_small_batch() -> None:
    queue = FairQueue()
    filled(queue, (["w " * n for n in (10, *[40] * 20)], Priority.INTERACTIVE))
    assert lengths(queue, Budget(1000, 12)) == [40] * 11 + [10]


async def test_all_segments_of_an_urgent_job_are_in_one_batch() -> None:
    queue = FairQueue()
    hurried, _ = filled(
        queue,
        (["w " * n for n in [10] * 10 + [40]], Priority.INTERACTIVE),
        (["w " * 10] * 20, Priority.INTERACTIVE),
    )
    batch = queue.next_batch(Budget(1000, 12), urgent_jobs=lambda _: [hurried])
    assert batch is not None
    assert not hurried.pending


async def test_other_jobs_fill_the_batch_of_an_urgent_job() -> None:
    queue = FairQueue()
    hurried, other = filled(
        queue, (["w w"], Priority.INTERACTIVE), (["w"] * 8, Priority.INTERACTIVE)
    )
    batch = queue.next_batch(Budget(100, 6), urgent_jobs=lambda _: [hurried])
    assert batch is not None
    assert len(batch.items) == 6
    assert not hurried.pending
    assert len(other.pending) == 3


def beside_a_flood(texts: list[str], budget: Budget) -> tuple[FairQueue, JobHandle]:
    """Return a queue that one caller fills, and the next job of another caller."""
    queue = FairQueue()

    def add(caller: Caller, listed: list[str]) -> JobHandle:
        handle = JobHandle(replace(work(listed), caller=caller), lambda _: None)
        for position in range(len(listed)):
            queue.add(handle, handle.job.item(position))
        return handle

    add(OTHER, ["w w"])
    for _ in range(200):
        add(FLOOD, ["w w"])
    for _ in range(2):
        assert queue.next_batch(budget) is not None
    return queue, add(OTHER, texts)


@pytest.mark.parametrize(("segments", "size"), [(1, 4), (6, 6), (40, 32)])
async def test_a_batch_of_a_small_caller_is_not_filled_by_a_flood(segments: int, size: int) -> None:
    budget = Budget(1000, 32)
    queue, small = beside_a_flood(["w w"] * segments, budget)
    batch = queue.next_batch(budget, contended=True)
    assert batch is not None
    assert len(batch.items) == size
    assert len(small.pending) == max(0, segments - size)


async def test_a_batch_of_a_small_caller_is_filled_when_callers_do_not_contend() -> None:
    budget = Budget(1000, 32)
    queue, small = beside_a_flood(["w w"], budget)
    batch = queue.next_batch(budget)
    assert batch is not None
    assert len(batch.items) == 32
    assert not small.pending


@given(st.lists(texts.filter(bool), min_size=1, max_size=10), budgets)
async def test_every_job_gets_a_turn_in_each_round(asked: list[list[str]], budget: Budget) -> None:
    queue = FairQueue()
    handles = filled(queue, *((listed, Priority.INTERACTIVE) for listed in asked))
    first = {next(iter(handle.pending)) for handle in handles}
    for _ in handles:
        batch = queue.next_batch(budget)
        first.difference_update(batch.items if batch else ())
    assert not first
