"""Jobs of a scheduler: sharing, cancellation, chunks, metrics and closing."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from summsvc.errors import DeadlineError, DrainingError
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.intake import FEED_CHUNK
from tests.scheduling.reversing import (
    ReversingEngine,
    expected,
    outputs,
    running,
    sample,
    scheduler,
    work,
)


async def test_a_job_without_texts_ends_immediately(engine: ReversingEngine) -> None:
    async with running(engine) as made:
        assert await outputs(made.submit(work([]))) == []
        assert made.idle


async def test_identical_segments_in_flight_are_computed_once(engine: ReversingEngine) -> None:
    registry = CollectorRegistry()
    async with running(engine, registry=registry) as made:
        engine.hold()
        first = made.submit(work(["same old text", "same old text"]))
        await engine.begun()
        second = made.submit(work(["same old text"]))
        engine.release()
        assert [outcome.cache_hit for outcome in await first.wait()] == [False, True]
        assert [outcome.cache_hit for outcome in await second.wait()] == [True]
    assert engine.batches == [["same old text"]]
    assert sample(registry, "shared_segments_total") == 2


async def test_a_repeated_job_is_answered_from_the_cache(engine: ReversingEngine) -> None:
    registry = CollectorRegistry()
    async with running(engine, cache_bytes=100_000, registry=registry) as made:
        asked = work(["a b c", "d e f"])
        await made.submit(asked).wait()
        again = made.submit(asked)
        assert [outcome.cache_hit for outcome in await again.wait()] == [True, True]
        assert await outputs(made.submit(asked)) == expected(asked)
        assert (again.queue_s, again.inference_s) == (0.0, 0.0)
    assert len(engine.batches) == 1
    assert sample(registry, "cache_hits_total") == 4


async def test_opting_out_of_the_cache_shares_nothing(engine: ReversingEngine) -> None:
    async with running(engine, cache_bytes=100_000) as made:
        await made.submit(work(["a b c"])).wait()
        fresh = made.submit(work(["a b c", "a b c"], use_cache=False))
        assert [outcome.cache_hit for outcome in await fresh.wait()] == [False, False]
        await made.submit(work(["new text"], use_cache=False)).wait()
        assert [outcome.cache_hit for outcome in await made.submit(work(["new text"])).wait()] == [
            False
        ]
    assert sum(batch.count("a b c") for batch in engine.batches) == 3


async def test_the_cache_is_separate_for_each_model_version() -> None:
    cache = OutputCache(100_000)
    engines = [ReversingEngine(), ReversingEngine(), ReversingEngine()]
    for engine, version in zip(engines, ["a", "b", "a"], strict=True):
        async with running(engine, cache=cache, version=version) as made:
            await made.submit(work(["some text"])).wait()
    assert [len(engine.batches) for engine in engines] == [1, 1, 0]


async def test_cancelled_segments_are_not_computed(engine: ReversingEngine) -> None:
    registry = CollectorRegistry()
    async with running(engine, batch_tokens=8, registry=registry) as made:
        engine.hold()
        staying = made.submit(work(["hold on"]))
        await engine.begun()
        leaving = made.submit(work([f"unwanted text number {i}" for i in range(10)]))
        assert sample(registry, "queued_tokens") == 40
        leaving.cancel()
        leaving.cancel()
        assert sample(registry, "queued_tokens") == 0
        engine.release()
        await staying.wait()
        with pytest.raises(asyncio.CancelledError):
            await leaving.wait()
        assert made.idle
    assert engine.batches == [["hold on"]]
    assert sample(registry, "abandoned_segments_total") == 10


async def test_a_shared_segment_stays_while_one_job_waits_for_it(engine: ReversingEngine) -> None:
    async with running(engine) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        leaving, staying = (made.submit(work(["wanted by two"])) for _ in range(2))
        leaving.cancel()
        engine.release()
        assert await outputs(staying) == expected(staying.job)
        await first.wait()


async def test_an_abandoned_batch_is_stopped_in_the_model(engine: ReversingEngine) -> None:
    async with running(engine) as made:
        engine.hold()
        handle = made.submit(work(["going going gone"]))
        await engine.begun()
        handle.cancel()
        # The engine is still held: the next batch starts only because this one is stopped.
        following = made.submit(work(["still here"]))
        await engine.begun()
        engine.release()
        assert await outputs(following) == expected(following.job)
    assert engine.stopped == 1


async def test_a_new_job_gets_a_segment_of_an_abandoned_batch() -> None:
    for _ in range(50):
        engine = ReversingEngine()
        async with running(engine) as made:
            engine.hold()
            leaving = made.submit(work(["on off on"]))
            await engine.begun()
            leaving.cancel()
            staying = made.submit(work(["on off on"]))
            engine.release()
            assert await outputs(staying) == expected(staying.job)


async def test_a_passed_deadline_ends_the_job_and_its_segments(engine: ReversingEngine) -> None:
    registry = CollectorRegistry()
    async with running(engine, batch_tokens=8, registry=registry) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        soon = asyncio.get_running_loop().time() + 0.05
        late = made.submit(work(["will be too late", "this one as well"], deadline=soon))
        with pytest.raises(DeadlineError):
            await late.wait()
        assert sample(registry, "queued_requests") == 0
        engine.release()
        await first.wait()
    assert engine.batches == [["hold on"]]
    assert sample(registry, "expired_requests_total") == 1


async def test_a_job_of_many_chunks_is_complete(engine: ReversingEngine) -> None:
    texts = [f"line {i}" for i in range(3 * FEED_CHUNK + 7)]
    async with running(engine, batch_tokens=512, workers=2) as made:
        asked = work(texts)
        assert await outputs(made.submit(asked)) == expected(asked)
        again = made.submit(work(texts))
        again.cancel()
        assert made.idle


async def test_closing_ends_all_jobs_with_an_error(engine: ReversingEngine) -> None:
    made = scheduler(engine, batch_tokens=8)
    engine.hold()
    computing = made.submit(work(["in the model"]))
    await engine.begun()
    waiting = made.submit(work([f"in the queue {i}" for i in range(2 * FEED_CHUNK)]))
    # The engine is not released: the batch ends because no job waits for it any more.
    await made.close()
    for handle in (computing, waiting):
        with pytest.raises(DrainingError):
            await handle.wait()
    with pytest.raises(DrainingError):
        made.submit(work(["too late"]))
    assert engine.closed
    assert engine.stopped == 1


async def test_metrics_count_batches_and_tokens(engine: ReversingEngine) -> None:
    registry = CollectorRegistry()
    async with running(engine, registry=registry) as made:
        await made.submit(work(["a b c d", "a b"])).wait()
    assert sample(registry, "segments_total") == 2
    assert sample(registry, "input_tokens_total") == 6
    assert sample(registry, "output_tokens_total") == 6
    assert sample(registry, "batch_segments_sum") == 2
    assert sample(registry, "batch_fill_ratio_sum") == pytest.approx(6 / 8)
    assert sample(registry, "padding_tokens_total") == 2
    assert sample(registry, "batch_seconds_count") == 1
