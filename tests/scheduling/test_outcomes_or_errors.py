"""Each segment's outcome, or what it alone failed with."""

from __future__ import annotations

import asyncio

import pytest

from summsvc.errors import DeadlineError, EngineError
from summsvc.scheduling.jobs import Outcome
from tests.scheduling.reversing import ReversingEngine, expected, scheduler, work


async def test_one_that_failed_leaves_the_others_theirs() -> None:
    made = scheduler(ReversingEngine())
    wanted = work(["a b", "poison c", "d e"])
    try:
        first, failed, last = await made.submit(wanted).outcomes_or_errors()
        assert isinstance(first, Outcome)
        assert isinstance(last, Outcome)
        assert isinstance(failed, EngineError)
        good = expected(wanted)
        assert [first.generated.text, last.generated.text] == [good[0], good[2]]
        # All are known when it is asked a second time.
        handle = made.submit(wanted)
        assert len(await handle.outcomes_or_errors()) == len(await handle.outcomes_or_errors()) == 3
    finally:
        await made.close()


async def test_what_ends_the_whole_ticket_is_raised() -> None:
    engine = ReversingEngine()
    made = scheduler(engine)
    engine.hold()
    try:
        now = asyncio.get_running_loop().time()
        with pytest.raises(DeadlineError):
            await made.submit(work(["a b"], deadline=now + 0.01)).outcomes_or_errors()
        handle = made.submit(work(["a b"]))
        handle.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handle.outcomes_or_errors()
    finally:
        engine.release()
        await made.close()


async def test_of_nothing_nothing_is_left_to_wait_for() -> None:
    made = scheduler(ReversingEngine())
    try:
        assert await made.submit(work([])).outcomes_or_errors() == []
    finally:
        await made.close()
