"""Jobs that a scheduler admits or rejects, by its limits and by deadlines."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from prometheus_client import CollectorRegistry

from summsvc.errors import DeadlineError, OverloadedError
from summsvc.scheduling.intake import FEED_CHUNK
from tests.scheduling.reversing import (
    ReversingEngine,
    expected,
    outputs,
    running,
    sample,
    work,
)


async def test_the_probe_sets_the_rate_before_the_first_batch(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=64, probe_s=2.0) as made:
        now = asyncio.get_running_loop().time()
        texts = [f"a b {i}" for i in range(100)]
        with pytest.raises(DeadlineError, match=r"about 9\.38 s"):
            made.submit(work(texts, deadline=now + 9))
        asked = work(texts, deadline=now + 60)
        assert await outputs(made.submit(asked)) == expected(asked)


async def test_jobs_that_make_others_late_are_rejected_and_the_rest_completes(
    engine: ReversingEngine,
) -> None:
    # The probe sets 64 tokens per second; deadlines are an hour away, so that none passes here.
    async with running(engine, batch_tokens=64, probe_s=1.0) as made:
        engine.hold()
        hour = asyncio.get_running_loop().time() + 3600
        held = made.submit(work(["hold on"]))
        await engine.begun()
        first = made.submit(work([f"a b c {i}" for i in range(50_000)], deadline=hour))
        with pytest.raises(OverloadedError, match="by their deadlines"):
            made.submit(work([f"d e f {i}" for i in range(8_000)], deadline=hour - 1))
        second = made.submit(work(["x y z"], deadline=hour - 1))
        first.cancel()
        engine.release()
        assert await outputs(second) == expected(second.job)
        await held.wait()


async def test_repeated_segments_count_once_for_admission(engine: ReversingEngine) -> None:
    # The rate from the probe is 64 tokens per second.
    async with running(engine, probe_s=1.0, cache_bytes=10_000) as made:
        deadline = asyncio.get_running_loop().time() + 60
        with pytest.raises(DeadlineError):
            made.submit(work([f"a b c {i}" for i in range(5000)], deadline=deadline))
        handle = made.submit(work(["a b c d"] * 5000, deadline=deadline))
        assert await outputs(handle) == expected(handle.job)
    assert engine.batches == [["a b c d"]]


async def test_a_deadline_in_the_past_is_rejected(engine: ReversingEngine) -> None:
    registry = CollectorRegistry()
    async with running(engine, registry=registry) as made:
        with pytest.raises(DeadlineError):
            made.submit(work(["too late"], deadline=asyncio.get_running_loop().time() - 1))
        assert made.idle
    assert engine.batches == []
    assert sample(registry, "refused_requests_total", reason="DEADLINE") == 1


async def test_a_full_queue_rejects_jobs_with_a_retry_delay(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=8, max_requests=2, cache_bytes=10_000) as made:
        await made.submit(work(["known already"])).wait()
        engine.hold()
        handles = [made.submit(work(["hold on"]))]
        await engine.begun(2)
        handles += [made.submit(work([f"waiting {i}"])) for i in range(2)]
        with pytest.raises(OverloadedError) as refused:
            made.submit(work(["one more"]))
        assert refused.value.retry_after is not None
        assert refused.value.retry_after > 0
        known = made.submit(work(["known already"]))
        assert await outputs(known) == expected(known.job)
        engine.release()
        for handle in handles:
            assert await outputs(handle) == expected(handle.job)


async def test_the_queue_is_limited_in_tokens(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=16, max_tokens=20) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        # Larger than the limit, but the queue is empty: it could never be admitted otherwise.
        book = made.submit(work([f"a b c {i}" for i in range(10)]))
        with pytest.raises(OverloadedError):
            made.submit(work(["a b c"]))
        engine.release()
        await asyncio.gather(first.wait(), book.wait())
        await made.submit(work(["a b c"])).wait()


async def test_a_job_that_continues_an_admitted_request_is_not_rejected(
    engine: ReversingEngine,
) -> None:
    """A retry or a second model: a rejection would waste the work that was done."""
    async with running(engine, batch_tokens=8, max_requests=1, max_tokens=4) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        waiting = made.submit(work(["fills the queue up"]))
        with pytest.raises(OverloadedError):
            made.submit(work(["a new one"]))
        again = made.submit(dataclasses.replace(work(["once again"]), continues=True))
        engine.release()
        for handle in (first, waiting, again):
            assert await outputs(handle) == expected(handle.job)


async def test_unfed_segments_count_as_waiting(
    engine: ReversingEngine,
) -> None:
    async with running(engine, batch_tokens=8, max_tokens=10 * FEED_CHUNK) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        book = made.submit(work([f"line {i} x" for i in range(3 * FEED_CHUNK)]))
        with pytest.raises(OverloadedError) as refused:
            made.submit(work([f"other {i}" for i in range(FEED_CHUNK)]))
        assert refused.value.metadata["queued_tokens"] == str(9 * FEED_CHUNK)
        book.cancel()
        fits = made.submit(work([f"other {i}" for i in range(5 * FEED_CHUNK)]))
        fits.cancel()
        engine.release()
        await first.wait()
        assert made.idle
