"""Text work that has begun ends at its next checkpoint when its caller leaves or at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from summsvc.articles.reader import read
from summsvc.errors import DrainingError
from summsvc.interruption import checkpoint
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.thread_lane import Lane, LaneMetrics
from summsvc.tasks.pipeline.preflight import LONG_ARTICLE
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.types import Article


class Endless:
    """Work that ends at a checkpoint only."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        try:
            while True:
                checkpoint()
        finally:
            self.ended.set()

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 60)

    async def has_ended(self) -> None:
        assert await asyncio.to_thread(self.ended.wait, 60)


@asynccontextmanager
async def lane() -> AsyncIterator[Lane]:
    made = Lane("short", 1, QueueLimits(8, 1000), LaneMetrics(None))
    try:
        yield made
    finally:
        made.close()
        made.executor.shutdown()


@asynccontextmanager
async def text_workers() -> AsyncIterator[TextWorkers]:
    made = TextWorkers(1, max_title=10, max_body=2 * LONG_ARTICLE)
    try:
        yield made
    finally:
        made.close()


async def test_reading_ends_when_its_caller_leaves_and_frees_its_place() -> None:
    async with lane() as one:
        work = Endless()
        reading = asyncio.ensure_future(one.read(70, work, None))
        await work.has_begun()
        reading.cancel()
        await work.has_ended()
        with pytest.raises(asyncio.CancelledError):
            await reading
        # The only thread is free, and nothing counts any more.
        assert await one.run(lambda: "next") == "next"
        assert one._held.requests == one._held.tokens == 0


async def test_other_work_ends_when_its_caller_leaves() -> None:
    async with lane() as one:
        work = Endless()
        running = asyncio.ensure_future(one.run(work))
        await work.has_begun()
        running.cancel()
        await work.has_ended()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await one.run(lambda: "next") == "next"


async def test_work_whose_caller_stays_is_not_interrupted() -> None:
    async with lane() as one:
        leaving = Endless()

        def patient() -> str:
            for _ in range(1000):
                checkpoint()
            return "done"

        left = asyncio.ensure_future(one.run(leaving))
        await leaving.has_begun()
        kept = asyncio.ensure_future(one.run(patient))
        left.cancel()
        assert await kept == "done"


async def test_closing_ends_what_runs_and_says_that_it_did_run() -> None:
    async with text_workers() as workers:
        work = Endless()
        running = asyncio.ensure_future(workers.run(work))
        waiting = asyncio.ensure_future(workers.run(work))
        await work.has_begun()
        assert not workers.close()
        await work.has_ended()
        for each in (running, waiting):
            with pytest.raises(DrainingError):
                await each


async def test_nothing_begins_after_closing() -> None:
    async with text_workers() as workers:
        assert workers.close()
        with pytest.raises(DrainingError):
            await workers.run(str)
        with pytest.raises(DrainingError):
            await workers.read(Article("", "Nobody was hurt.", "en"), keep_boilerplate=False)


async def test_workers_whose_work_has_ended_close_cleanly() -> None:
    async with text_workers() as workers:
        assert await workers.run(lambda: 1) == 1
        assert workers.close()


async def test_an_article_being_read_ends_at_the_end_of_the_workers() -> None:
    async with text_workers() as workers:
        begun = threading.Event()
        body = "Nobody was hurt. " * (LONG_ARTICLE // 16)

        def read_again_and_again() -> None:
            while True:
                begun.set()
                read(Article("", body, "en"))

        running = asyncio.ensure_future(workers.run(read_again_and_again))
        assert await asyncio.to_thread(begun.wait, 60)
        assert not workers.close()
        with pytest.raises(DrainingError):
            await running
