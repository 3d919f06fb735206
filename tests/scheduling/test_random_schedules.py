"""Randomized schedules: every job ends with its own outputs or with an error."""

from __future__ import annotations

import asyncio
import random

import pytest
from prometheus_client import CollectorRegistry

from summsvc.errors import DeadlineError, DrainingError, EngineError, OverloadedError
from summsvc.scheduling.jobs import Priority
from summsvc.scheduling.scheduler import Scheduler
from tests.scheduling.reversing import ReversingEngine, expected, scheduler, work

WORDS = ["one", "two", "three", "four", "five", "poison"]


class Caller:
    """Submits random jobs, and cancels some of them before they end."""

    def __init__(self, made: Scheduler, seed: int) -> None:
        self.made = made
        self.random = random.Random(seed)
        self.ends: list[str] = []

    def text(self) -> str:
        words = self.random.choices(WORDS, [30, 30, 30, 30, 30, 1], k=self.random.randint(1, 9))
        return " ".join(words)

    async def run(self, requests: int) -> None:
        for _ in range(requests):
            self.ends.append(await self.one())
            await asyncio.sleep(self.random.choice([0, 0, 0.001]))

    async def one(self) -> str:
        loop, chance = asyncio.get_running_loop(), self.random
        asked = work(
            [self.text() for _ in range(chance.choice([0, 1, 1, 3, 10, 60]))],
            priority=chance.choice(list(Priority)),
            deadline=loop.time() + chance.uniform(0, 0.02) if chance.random() < 0.2 else None,
            use_cache=chance.random() < 0.8,
            target=chance.choice(["ru", "lt"]),
        )
        try:
            handle = self.made.submit(asked)
        except (OverloadedError, DeadlineError, DrainingError) as error:
            return error.reason
        received = []
        leave_after = chance.randint(0, 5) if chance.random() < 0.2 else None
        try:
            async with asyncio.timeout(30):
                async for outcome in handle.results():
                    received.append(outcome.generated.text)
                    if len(received) == leave_after:
                        handle.cancel()
                        break
        except (EngineError, DeadlineError, DrainingError) as error:
            assert received == expected(asked)[: len(received)]
            if isinstance(error, EngineError):
                assert "poison" in asked.texts[len(received)]
            return error.reason
        finally:
            handle.cancel()
        assert received == expected(asked)[: len(received)]
        if leave_after is None or len(received) < leave_after:
            assert len(received) == len(asked.texts)
            assert not any("poison" in text.split() for text in asked.texts)
            return "DONE"
        return "LEFT"


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("closing", [False, True])
async def test_every_job_ends_with_its_outputs_or_an_error(seed: int, closing: bool) -> None:
    registry = CollectorRegistry()
    engine = ReversingEngine()
    made = scheduler(
        engine,
        workers=1 + seed % 3,
        batch_tokens=[8, 40, 400][seed % 3],
        batch_wait_s=[0.0, 0.001][seed % 2],
        max_requests=[4, 1000][seed % 2],
        cache_bytes=[0, 3000][seed // 2 % 2],
        registry=registry,
    )
    callers = [Caller(made, 100 * seed + i) for i in range(16)]
    running = asyncio.gather(*(caller.run(12) for caller in callers))
    if closing:
        await asyncio.sleep(0.02)
        await made.close()
    await running
    ends = [end for caller in callers for end in caller.ends]
    assert len(ends) == 16 * 12
    if not closing:
        assert {"DONE", "LEFT", "ENGINE_FAILED"} <= set(ends)
        await made.close()
    for name in ("queued_requests", "queued_tokens"):
        assert registry.get_sample_value(f"summsvc_{name}", {"model": "reversing"}) == 0
    assert not len(made._intake)
    assert not len(made._deadlines)
    assert not made._queue.backlog.requests
    assert not made._queue.backlog.tokens
    assert not made._queue.backlog._names
    assert not made._dedup._in_flight
    assert engine.closed
