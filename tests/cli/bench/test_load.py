"""Load generators, with calls that need no server."""

from __future__ import annotations

import asyncio
import time

import pytest

from summsvc.cli.bench import load
from summsvc.cli.bench.load import Outcome, Plan, run
from summsvc.client import OverloadedError, Stats

STATS = Stats(
    queue_ms=1,
    segmentation_ms=2,
    inference_ms=3,
    total_ms=6,
    segments=4,
    input_tokens=5,
    output_tokens=6,
    cache_hits=0,
)
FOREVER = 3_600.0


class Server:
    """Counts the calls and the most that were in flight."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.in_flight = self.most = 0

    async def __call__(self, number: int) -> Stats:
        self.numbers.append(number)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await self.work(number)
        finally:
            self.in_flight -= 1
        return STATS

    async def work(self, number: int) -> None:  # noqa: ARG002
        await asyncio.sleep(0)


async def execute(plan: Plan, server: Server) -> Outcome:
    return await run(plan, server, asyncio.Event())


async def test_a_closed_loop_has_as_many_calls_in_flight_as_clients() -> None:
    server = Server()
    outcome = await execute(Plan(4, None, FOREVER, 50), server)
    assert sorted(server.numbers) == list(range(50))
    assert server.most == 4
    assert (outcome.completed, outcome.segments, outcome.output_tokens) == (50, 200, 300)
    assert not outcome.interrupted
    assert not outcome.late_ms


async def test_a_fixed_rate_does_not_wait_for_replies() -> None:
    all_arrived = asyncio.Barrier(20)

    class Slow(Server):
        async def work(self, number: int) -> None:  # noqa: ARG002
            await all_arrived.wait()

    server = Slow()
    outcome = await execute(Plan(1, 1_000, FOREVER, 20), server)
    assert server.most == 20
    assert outcome.completed == len(outcome.late_ms) == 20


async def test_latency_at_a_fixed_rate_counts_from_the_time_at_which_a_call_was_due() -> None:
    stall_s, rate = 0.2, 100.0

    class Stalled(Server):
        async def work(self, number: int) -> None:
            if number == 0:
                # Stops the whole process, so that the calls that are due meanwhile are not sent.
                time.sleep(stall_s)  # noqa: ASYNC251

    outcome = await execute(Plan(1, rate, FOREVER, 10), Stalled())
    # Call k was due after k / rate; it cannot be answered before the end of the stall.
    for number, latency_ms in enumerate(sorted(outcome.latencies_ms, reverse=True)):
        assert latency_ms >= (stall_s - number / rate) * 1e3 - 1


async def test_calls_beyond_the_bound_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MAX_IN_FLIGHT", 3)
    server = Server()
    outcome = await execute(Plan(1, 10_000, FOREVER, 30), server)
    assert outcome.completed == 30
    assert server.most <= 3


async def test_failures_are_counted_by_reason() -> None:
    class Busy(Server):
        async def work(self, number: int) -> None:
            if number % 2:
                raise OverloadedError("full", reason="OVERLOADED")

    outcome = await execute(Plan(2, None, FOREVER, 10), Busy())
    assert outcome.failures == {"OVERLOADED": 5}
    assert outcome.completed == 5


async def test_other_errors_end_the_run() -> None:
    class Broken(Server):
        async def work(self, number: int) -> None:
            raise KeyError(number)

    with pytest.raises(ExceptionGroup):
        await execute(Plan(2, None, FOREVER, 10), Broken())


@pytest.mark.parametrize("rate", [None, 1_000.0])
async def test_a_stop_cancels_calls_and_keeps_what_was_measured(rate: float | None) -> None:
    stop = asyncio.Event()

    class Hanging(Server):
        async def work(self, number: int) -> None:
            if number >= 5:
                stop.set()
                await asyncio.sleep(FOREVER)

    server = Hanging()
    outcome = await run(Plan(2, rate, FOREVER), server, stop)
    assert outcome.interrupted
    assert outcome.completed == 5
    assert server.in_flight == 0
