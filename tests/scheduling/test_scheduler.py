"""Requests, batches, sharing, cancellation and the end of a scheduler."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from summsvc.errors import DeadlineError, DrainingError, EngineError, OverloadedError
from summsvc.scheduling.cache import OutputCache
from summsvc.scheduling.execution.batch_size import INITIAL_TOKENS
from summsvc.scheduling.intake import FEED_CHUNK
from summsvc.scheduling.jobs import JobHandle, Priority
from summsvc.scheduling.scheduler import Scheduler
from tests.scheduling.reversing import OPTIONS, ReversingEngine, expected, scheduler, work


@asynccontextmanager
async def running(engine: ReversingEngine, **settings: Any) -> AsyncIterator[Scheduler]:
    """A scheduler that is closed at the end, after its engine is released."""
    made = scheduler(engine, **settings)
    try:
        yield made
    finally:
        engine.release()
        await made.close()


@pytest.fixture
def engine() -> ReversingEngine:
    return ReversingEngine()


async def outputs(handle: JobHandle) -> list[str]:
    async with asyncio.timeout(30):
        return [outcome.generated.text for outcome in await handle.wait()]


def sample(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(f"summsvc_{name}", {"model": "reversing", **labels}) or 0.0


async def test_outputs_are_in_the_order_of_the_texts(engine: ReversingEngine) -> None:
    texts = ["one two three", "a b", "x", "four five six seven", "p q r s t"]
    async with running(engine) as made:
        asked = work(texts)
        assert await outputs(made.submit(asked)) == expected(asked)


async def test_a_job_without_texts_ends_immediately(engine: ReversingEngine) -> None:
    async with running(engine) as made:
        assert await outputs(made.submit(work([]))) == []
        assert made.idle


async def test_segments_with_different_batch_keys_do_not_share_a_batch(
    engine: ReversingEngine,
) -> None:
    async with running(engine) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        wide = dataclasses.replace(OPTIONS, beam_size=9)
        asked = [work(["a b"]), work(["a b"], target="lt"), work(["a b"], options=wide)]
        handles = [made.submit(each) for each in asked]
        engine.release()
        assert [await outputs(handle) for handle in handles] == [expected(each) for each in asked]
        await first.wait()
    assert engine.batches == [["hold on"], ["a b"], ["a b"], ["a b"]]


async def test_batches_stay_within_the_budget_of_padded_tokens(engine: ReversingEngine) -> None:
    texts = [f"{i} " + "w " * (i % 13) for i in range(200)]
    async with running(engine, batch_tokens=40) as made:
        await made.submit(work(texts)).wait()
    for batch in engine.batches:
        lengths = [len(text.split()) for text in batch]
        assert max(lengths) * len(batch) <= 40
        assert lengths == sorted(lengths, reverse=True)
    padded = sum(max(len(t.split()) for t in batch) * len(batch) for batch in engine.batches)
    assert sum(len(text.split()) for text in texts) / padded > 0.8


async def test_beams_count_against_the_budget(engine: ReversingEngine) -> None:
    wide = dataclasses.replace(OPTIONS, beam_size=4)
    async with running(engine, batch_tokens=64) as made:
        await made.submit(work([f"a b c {i}" for i in range(8)], options=wide)).wait()
    assert [len(batch) for batch in engine.batches] == [4, 4]


async def test_a_segment_over_the_budget_is_a_batch_of_its_own(engine: ReversingEngine) -> None:
    texts = ["w " * 100 + str(i) for i in range(3)]
    async with running(engine, batch_tokens=16) as made:
        await made.submit(work(texts)).wait()
    assert [len(batch) for batch in engine.batches] == [1, 1, 1]


async def test_batches_start_small_and_grow_while_they_are_fast(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=1000) as made:
        await made.submit(work([f"a b c {i}" for i in range(1000)])).wait()
    costs = [4 * len(batch) for batch in engine.batches]
    assert costs[0] == INITIAL_TOKENS
    assert costs[1] > INITIAL_TOKENS
    assert max(costs) == 1000


async def test_a_short_job_does_not_wait_for_a_long_one(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=32) as made:
        engine.hold()
        book = made.submit(work([f"line {i} of the book" for i in range(500)]))
        await engine.begun()
        line = made.submit(work(["one line only"]))
        engine.release()
        await outputs(line)
        await outputs(book)
    assert [batch for batch in engine.batches[:3] if "one line only" in batch]
    assert len(engine.batches) > 60


async def test_an_interactive_job_gets_a_shared_bulk_segment_at_its_own_priority(
    engine: ReversingEngine,
) -> None:
    """It is computed once, with the priority of the interactive job."""
    async with running(engine, batch_tokens=32) as made:
        engine.hold()
        lines = [f"line {i} of the book" for i in range(500)]
        book = made.submit(work(lines, priority=Priority.BULK))
        await engine.begun()
        line = made.submit(work([lines[-1]]))
        engine.release()
        await outputs(line)
        await outputs(book)
    assert [batch for batch in engine.batches[:3] if lines[-1] in batch]
    assert sum(batch.count(lines[-1]) for batch in engine.batches) == 1


async def test_jobs_take_turns(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=8) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        handles = [
            made.submit(work([f"r{r} s{s} x y" for s in range(20)], use_cache=False))
            for r in range(4)
        ]
        engine.release()
        await asyncio.gather(first.wait(), *(handle.wait() for handle in handles))
    for turn in range(1, 40, 4):
        served = {text.split()[0] for batch in engine.batches[turn : turn + 4] for text in batch}
        assert served == {"r0", "r1", "r2", "r3"}


async def test_bulk_jobs_yield_and_still_progress(engine: ReversingEngine) -> None:
    async with running(engine, batch_tokens=8) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        bulk = made.submit(work([f"b {i} x y" for i in range(40)], priority=Priority.BULK))
        quick = made.submit(work([f"i {i} x y" for i in range(40)]))
        engine.release()
        await asyncio.gather(first.wait(), bulk.wait(), quick.wait())
    kinds = [batch[0].split()[0] for batch in engine.batches[1:]]
    assert all(len({text[0] for text in batch}) == 1 for batch in engine.batches)
    while_both = kinds[: len(kinds) - kinds[::-1].index("i")]
    share = while_both.count("b") / len(while_both)
    assert 0.2 <= share <= 0.3


async def test_bulk_batches_are_narrower_while_interactive_jobs_arrive(
    engine: ReversingEngine,
) -> None:
    async with running(engine, batch_tokens=10_000, batch_sequences=12) as made:
        engine.hold()
        first = made.submit(work(["hold on"], priority=Priority.BULK))
        await engine.begun()
        bulk = made.submit(work([f"b {i}" for i in range(36)], priority=Priority.BULK))
        engine.release()
        await asyncio.gather(first.wait(), bulk.wait())
        assert [len(batch) for batch in engine.batches] == [1, 12, 12, 12]
        engine.hold()
        quick = made.submit(work(["one line"]))
        await engine.begun(4)
        again = made.submit(work([f"c {i}" for i in range(36)], priority=Priority.BULK))
        engine.release()
        await asyncio.gather(quick.wait(), again.wait())
    assert {len(batch) for batch in engine.batches[5:]} == {4}


async def test_a_short_queue_is_divided_among_idle_workers(engine: ReversingEngine) -> None:
    async with running(engine, workers=2, batch_tokens=64) as made:
        engine.hold()
        handle = made.submit(work([f"a b c {i}" for i in range(12)]))
        await engine.begun(2)
        engine.release()
        await handle.wait()
    assert [len(batch) for batch in engine.batches] == [6, 6]
    assert engine.most_at_once == 2


async def test_at_most_one_batch_per_worker_runs_at_the_same_time(engine: ReversingEngine) -> None:
    async with running(engine, workers=3, batch_tokens=4) as made:
        await made.submit(work([f"a b c {i}" for i in range(100)])).wait()
    assert engine.most_at_once <= 3


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
        with pytest.raises(EngineError, match="the log has the request id"):
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
        with pytest.raises(EngineError, match="the log has the request id"):
            await anext(groups)


async def test_waiting_for_a_group_ends_at_the_deadline(engine: ReversingEngine) -> None:
    async with running(engine) as made:
        engine.hold()
        deadline = asyncio.get_running_loop().time() + 0.1
        handle = made.submit(work(["a b c", "d e f"], deadline=deadline))
        with pytest.raises(DeadlineError):
            [group async for group in handle.groups(2)]


async def test_batches_stay_within_the_budget_of_sequences(engine: ReversingEngine) -> None:
    wide = dataclasses.replace(OPTIONS, beam_size=4)
    async with running(engine, batch_tokens=1000, batch_sequences=8) as made:
        engine.hold()
        first = made.submit(work(["hold on"]))
        await engine.begun()
        narrow = made.submit(work([f"a b {i}" for i in range(20)]))
        searched = made.submit(work([f"c d {i}" for i in range(6)], options=wide))
        engine.release()
        await asyncio.gather(first.wait(), narrow.wait(), searched.wait())
    sizes = {texts[0][0]: len(texts) for texts in sorted(engine.batches, key=len)}
    assert (sizes["a"], sizes["c"]) == (8, 2)


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


async def answered_in_one_batch(made: Scheduler, engine: ReversingEngine, *texts: str) -> None:
    """Submit jobs with one text each while the only worker is busy."""
    engine.hold()
    first = made.submit(work(["held"]))
    await engine.begun()
    min_group = [made.submit(work([text])) for text in texts]
    engine.release()
    assert all([await outputs(handle) for handle in (first, *min_group)])


async def test_a_worker_waits_for_the_callers_that_it_answered(
    engine: ReversingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("summsvc.scheduling.execution.workers.RETURN_WAIT_FRACTION", 1e6)
    async with running(engine, batch_wait_s=0.3) as made:
        await answered_in_one_batch(made, engine, "a b", "c d", "e f")
        back = []
        for text in ("g h", "i j", "k l"):
            back.append(made.submit(work([text])))
            await asyncio.sleep(0.01)
        await asyncio.gather(*(outputs(handle) for handle in back))
    assert list(map(sorted, engine.batches)) == [
        ["held"],
        ["a b", "c d", "e f"],
        ["g h", "i j", "k l"],
    ]


async def test_a_worker_does_not_wait_long_for_callers_that_do_not_return(
    engine: ReversingEngine,
) -> None:
    """The batch took no time, so a tenth of its time is none, with any setting."""
    async with running(engine, batch_wait_s=1000.0) as made:
        await answered_in_one_batch(made, engine, "a b", "c d")
        assert await outputs(made.submit(work(["e f"])))


async def test_closing_ends_a_worker_that_waits_for_callers(
    engine: ReversingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("summsvc.scheduling.execution.workers.RETURN_WAIT_FRACTION", 1e6)
    made = scheduler(engine, batch_wait_s=0.2)
    await answered_in_one_batch(made, engine, "one two", "three four")
    async with asyncio.timeout(30):
        await made.close()
    assert engine.closed


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


async def test_metrics_count_batches_and_tokens(engine: ReversingEngine) -> None:
    registry = CollectorRegistry()
    async with running(engine, registry=registry) as made:
        await made.submit(work(["a b c d", "a b"])).wait()
    assert sample(registry, "segments_total") == 2
    assert sample(registry, "input_tokens_total") == 6
    assert sample(registry, "output_tokens_total") == 6
    assert sample(registry, "batch_segments_sum") == 2
    assert sample(registry, "batch_fill_sum") == pytest.approx(6 / 8)
    assert sample(registry, "batch_seconds_count") == 1


async def test_the_output_limit_is_independent_of_the_batch() -> None:
    """An engine computes a missing limit from the longest segment of the batch."""
    bounds: dict[str, set[int]] = {"short one": set(), "other": set()}

    class Noting(ReversingEngine):
        def generate(self, texts: Any, *rest: Any, **named: Any) -> Any:
            options = rest[2]
            for text in texts:
                bounds.get(text, set()).add(options.max_output_tokens)
                assert options.max_output_tokens >= 2 * len(text.split())
            return super().generate(texts, *rest, **named)

    for offload in ([], ["w " * 30], ["w " * 70, "w " * 300]):
        async with running(Noting(), batch_tokens=5000) as made:
            asked = work(["short one", *offload])
            assert await outputs(made.submit(asked)) == expected(asked)
    assert len(bounds["short one"]) == 1
    engine = Noting()
    async with running(engine) as made:
        narrow = dataclasses.replace(OPTIONS, max_output_tokens=7)
        await made.submit(work(["other"], options=narrow)).wait()
    assert bounds["other"] == {7}


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
