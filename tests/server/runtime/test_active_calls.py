"""Answers are held back at shutdown until no more calls arrive."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from summsvc.errors import DrainingError
from summsvc.server.runtime.active_calls import POLL_S, ActiveCalls, CallInfo

CALL = CallInfo("/summsvc.v1.SummarizationService/Summarize", "id")


async def answered(calls: ActiveCalls) -> None:
    await calls.may_answer()


async def test_answers_are_sent_at_once_while_the_server_runs() -> None:
    calls = ActiveCalls()
    await asyncio.wait_for(calls.may_answer(), 60)
    calls.raise_if_draining()


async def test_answers_wait_until_the_drain_starts() -> None:
    calls = ActiveCalls()
    answer = asyncio.create_task(answered(calls))
    calls.add(answer, CALL)
    held = asyncio.create_task(calls.hold_answers(60))
    await asyncio.sleep(0)
    late = asyncio.create_task(answered(calls))
    calls.add(late, CALL)
    await held
    assert not late.done()
    calls.raise_if_draining()
    calls.start_drain()
    await asyncio.gather(answer, late)
    with pytest.raises(DrainingError):
        calls.raise_if_draining()
    assert await calls.drain(60) == []


async def test_callers_that_never_stop_are_not_waited_for() -> None:
    calls = ActiveCalls()
    held = asyncio.create_task(calls.hold_answers(10 * POLL_S))
    for _ in itertools.count():
        task = asyncio.create_task(asyncio.sleep(0))
        calls.add(task, CALL)
        await asyncio.sleep(POLL_S / 4)
        if held.done():
            break
    await held


async def test_no_call_is_held_without_any_time() -> None:
    await asyncio.wait_for(ActiveCalls().hold_answers(0), 60)
