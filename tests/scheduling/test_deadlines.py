"""Whose deadline is in danger, and for whom there is room."""

from __future__ import annotations

import pytest

from summsvc.scheduling.deadlines import Due, due, lacking, pressing
from summsvc.scheduling.pace import Budget
from summsvc.scheduling.queue import FairQueue
from summsvc.scheduling.work import Priority, Ticket
from tests.scheduling.reversing import work

RATE = 10.0
"""Tokens per second; every text here is one token."""


def waiting(*asked: tuple[int, float | None]) -> tuple[FairQueue, list[Ticket]]:
    """A queue of requests of so many tokens, each with its deadline; the time is 0."""
    queue, tickets = FairQueue(), []
    for tokens, deadline in asked:
        ticket = Ticket(work([f"{i}" for i in range(tokens)], deadline=deadline), lambda _: None)
        for position in range(tokens):
            queue.add(ticket, ticket.work.item(position))
        ticket.coming_tokens = 0
        tickets.append(ticket)
    return queue, tickets


def dues(queue: FairQueue) -> list[Due]:
    return due(queue.waiting(Priority.INTERACTIVE), tokens_per_s=RATE, now=0.0)


def missing(queue: FairQueue, tokens: int, deadline: float | None, margin_s: float = 1.0) -> float:
    return lacking(
        dues(queue),
        tokens=tokens,
        deadline=deadline,
        tokens_per_s=RATE,
        now=0.0,
        margin_s=margin_s,
    )


async def test_slack_is_what_is_left_after_all_with_earlier_deadlines() -> None:
    queue, (late, _, early) = waiting((20, 9.0), (500, None), (10, 3.0))
    assert [(each.ticket, each.slack_s) for each in dues(queue)] == [(early, 2.0), (late, 6.0)]


async def test_who_stands_before_one_that_is_short_of_time_goes_first_too() -> None:
    queue, (second, _, first) = waiting((40, 5.5), (10, 60.0), (10, 5.0))
    assert pressing(dues(queue), 1.0) == [first, second]
    assert pressing(dues(queue), 0.1) == []


async def test_there_is_room_while_everybody_keeps_the_margin() -> None:
    queue, _ = waiting((20, 4.0))
    assert missing(queue, 10, 60.0) == 0.0
    assert missing(queue, 10, None) == 0.0
    assert missing(queue, 10, 3.9) == 0.0
    assert missing(queue, 11, 3.9) == pytest.approx(0.1)
    assert missing(queue, 70, 10.0) == 0.0
    assert missing(queue, 72, 10.0) == pytest.approx(0.2)


async def test_whoever_is_late_anyway_shuts_nobody_out() -> None:
    queue, _ = waiting((50, 5.5))
    assert missing(queue, 5, 2.0) == 0.0


async def test_half_of_a_short_time_is_margin_enough() -> None:
    queue, _ = waiting((1, 60.0))
    assert missing(queue, 4, 1.0, margin_s=30.0) == 0.0


async def test_a_request_short_of_time_goes_first_and_others_are_not_starved() -> None:
    queue, (patient, pressed) = waiting((8, None), (40, 4.0))
    order = [queue.next(Budget(2, 2), 1, [pressed]) for _ in range(8)]
    leaders = [next(iter(batch.items[0].tickets)) if batch is not None else None for batch in order]
    assert leaders == [pressed, pressed, pressed, patient] * 2
