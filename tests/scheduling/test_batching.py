"""Batches of a scheduler: budgets, batch keys, priorities and turns."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from summsvc.scheduling.batch_size import INITIAL_TOKENS
from summsvc.scheduling.jobs import Priority
from tests.scheduling.reversing import (
    OPTIONS,
    ReversingEngine,
    expected,
    outputs,
    running,
    work,
)


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
