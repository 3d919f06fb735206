"""Results of a job: order, groups, failed segments and times."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from prometheus_client import CollectorRegistry

from summsvc.errors import DeadlineError, EngineError
from tests.scheduling.reversing import (
    ReversingEngine,
    expected,
    outputs,
    running,
    sample,
    work,
)


async def test_outputs_are_in_the_order_of_the_texts(engine: ReversingEngine) -> None:
    texts = ["one two three", "a b", "x", "four five six seven", "p q r s t"]
    async with running(engine) as made:
        asked = work(texts)
        assert await outputs(made.submit(asked)) == expected(asked)


async def test_a_failing_segment_fails_only_its_own_job(engine: ReversingEngine) -> None:
    registry = CollectorRegistry()
    async with running(engine, batch_tokens=1000, registry=registry) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        good = [made.submit(work([f"good {r} {i}" for i in range(5)])) for r in range(4)]
        bad = made.submit(work(["fine text here", "poison in here"]))
        engine.release()
        for handle in good:
            assert await outputs(handle) == expected(handle.job)
        results = bad.results()
        assert (await anext(results)).generated.text == expected(bad.job)[0]
        with pytest.raises(EngineError, match="log by the request id"):
            await anext(results)
        await first.wait()
    assert ["poison in here"] in engine.batches
    assert sample(registry, "failed_segments_total") == 1


async def test_missing_outputs_are_an_error(engine: ReversingEngine) -> None:
    async with running(engine) as made:
        engine.generate = lambda *_: []  # type: ignore[method-assign]
        with pytest.raises(EngineError):
            await outputs(made.submit(work(["a b"])))


@pytest.mark.parametrize(
    "error", [RuntimeError, MemoryError, OSError, SystemExit, KeyboardInterrupt]
)
async def test_any_engine_exception_fails_its_segment_without_its_message(
    engine: ReversingEngine, error: type[BaseException]
) -> None:
    def generate(texts: list[str], *_: object) -> list[object]:
        raise error(f"boom on: {texts[0]}")

    async with running(engine) as made:
        engine.generate = generate  # type: ignore[method-assign, assignment]
        with structlog.testing.capture_logs() as lines, pytest.raises(EngineError) as caught:
            await outputs(made.submit(work(["a secret word"])))
        assert "secret" not in str(caught.value) + repr(lines)
        assert caught.value.__cause__ is caught.value.__context__ is None
        assert [line["event"] for line in lines] == ["engine failed"]
        del engine.generate
        asked = work(["works again"])
        assert await outputs(made.submit(asked)) == expected(asked)


async def test_results_arrive_before_the_job_is_complete(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=8) as made:
        engine.hold()
        handle = made.submit(work([f"a b c {i}" for i in range(8)]))
        await engine.begun()
        results = handle.results()
        waiting = asyncio.ensure_future(anext(results))
        engine.release()
        assert (await waiting).generated.text == expected(handle.job)[0]
        assert len(engine.ended) <= 3
        assert len([outcome async for outcome in results]) == 7


@pytest.mark.parametrize("least", [1, 3, 8, 100])
async def test_groups_have_a_minimum_size(engine: ReversingEngine, least: int) -> None:
    # Batches of two segments; some texts occur twice, some are cached.
    texts = [f"a b c {i % 17}" for i in range(20)]
    async with running(engine, batch_tokens=8, workers=2, cache_bytes=10_000) as made:
        await made.submit(work(texts[3:6])).wait()
        handle = made.submit(work(texts))
        groups = [group async for group in handle.groups(least)]
    flat = [outcome.generated.text for group in groups for outcome in group]
    assert flat == expected(handle.job)
    assert all(len(group) >= least for group in groups[:-1])


async def test_outcomes_before_a_failure_are_yielded(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=12) as made:
        handle = made.submit(work(["a b c", "d e f", "poison in here", "g h i"]))
        groups = handle.groups(100)
        assert [outcome.generated.text for outcome in await anext(groups)] == expected(
            work(["a b c", "d e f"])
        )
        with pytest.raises(EngineError, match="log by the request id"):
            await anext(groups)


async def test_waiting_for_a_group_ends_at_the_deadline(engine: ReversingEngine) -> None:
    async with running(engine) as made:
        engine.hold()
        deadline = asyncio.get_running_loop().time() + 0.1
        handle = made.submit(work(["a b c", "d e f"], deadline=deadline))
        with pytest.raises(DeadlineError):
            [group async for group in handle.groups(2)]


async def test_queue_time_and_inference_time_are_separate(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=8) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        second = made.submit(work(["next in line"]))
        await asyncio.sleep(0.05)
        engine.release()
        await asyncio.gather(first.wait(), second.wait())
        assert first.inference_s >= 0.05 > first.queue_s
        assert second.queue_s >= 0.05
