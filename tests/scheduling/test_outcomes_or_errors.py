"""``JobHandle.outcomes_or_errors``: the outcome or the error of each segment."""

from __future__ import annotations

import asyncio

import pytest

from summsvc.errors import DeadlineError, EngineError
from summsvc.scheduling.jobs import Outcome
from tests.scheduling.reversing import ReversingEngine, expected, scheduler, work


async def test_a_failed_segment_does_not_affect_the_other_outcomes() -> None:
    made = scheduler(ReversingEngine())
    wanted = work(["a b", "poison c", "d e"])
    try:
        first, failed, last = await made.submit(wanted).outcomes_or_errors()
        assert isinstance(first, Outcome)
        assert isinstance(last, Outcome)
        assert isinstance(failed, EngineError)
        good = expected(wanted)
        assert [first.generated.text, last.generated.text] == [good[0], good[2]]
        # The second call returns at once.
        handle = made.submit(wanted)
        assert len(await handle.outcomes_or_errors()) == len(await handle.outcomes_or_errors()) == 3
    finally:
        await made.close()


async def test_an_error_of_the_whole_job_is_raised() -> None:
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


async def test_a_job_without_texts_has_no_outcomes() -> None:
    made = scheduler(ReversingEngine())
    try:
        assert await made.submit(work([])).outcomes_or_errors() == []
    finally:
        await made.close()
