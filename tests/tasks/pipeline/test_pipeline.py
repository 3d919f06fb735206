"""Text through one model or two, with schedulers on a small real engine."""

from __future__ import annotations

import asyncio

import pytest

from summsvc.errors import OverloadedError
from summsvc.scheduling.jobs import Priority
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.pipeline.pipeline import Chain
from summsvc.tasks.pipeline.stage import Leg
from summsvc.tasks.pipeline.text_workers import TextWorkers
from tests.scheduling.reversing import ReversingEngine, scheduler, work


def chain(legs: list[Leg], workers: TextWorkers) -> Chain:
    return Chain(
        legs,
        workers,
        decoding=DecodingRequest(),
        priority=Priority.INTERACTIVE,
        deadline=None,
        use_cache=True,
    )


async def test_a_full_queue_refuses_new_requests_but_no_second_attempts() -> None:
    engine = ReversingEngine()
    made = scheduler(engine, batch_tokens=8, max_requests=1)
    workers = TextWorkers(1, max_title=100, max_body=100)
    legs = [Leg(made, "en", "ru")]
    accepted = chain(legs, workers)
    try:
        assert len(await accepted.run_all(["a first attempt"])) == 1
        engine.hold()
        tickets = [made.submit(work(["hold on"]))]
        await engine.begun(2)
        tickets.append(made.submit(work(["fills the queue up"])))
        with pytest.raises(OverloadedError):
            await chain(legs, workers).run_all(["a new request"])
        again = asyncio.create_task(accepted.run_all(["a second attempt"]))
        await asyncio.sleep(0)
        engine.release()
        assert (await again)[0].text.endswith("attempt second a")
        await asyncio.gather(*(ticket.wait() for ticket in tickets))
    finally:
        engine.release()
        await made.close()
        workers.close()
