"""Articles that wait to be parsed: limits, deadlines, order, metrics."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from prometheus_client import CollectorRegistry

from summsvc.articles.reader import warm_up
from summsvc.errors import DeadlineError, InvalidInputError, OverloadedError
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.scheduling.fairness.turns import TURNS_PER_ITERATION
from summsvc.scheduling.thread_queue import (
    FIRST_CODE_POINTS,
    FIRST_S,
    SLOTS_PER_THREAD,
    ThreadQueue,
    ThreadQueueMetrics,
)
from summsvc.tasks.pipeline.preflight import LONG_ARTICLE
from summsvc.tasks.pipeline.text_workers import (
    BRIEF_ARTICLE,
    INLINE_LIMIT,
    TextWorkers,
)
from summsvc.types import Article

ARTICLES = 8
CODE_POINTS = 1000


class Held:
    """A lane of one thread, which does what is noted in ``done`` when it is let go."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        limits = QueueLimits(ARTICLES, CODE_POINTS)
        self.lane = ThreadQueue("short", 1, limits, ThreadQueueMetrics(self.registry))
        self.done: list[str] = []
        self._go = threading.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._holder = self.lane.executor.submit(self._go.wait, 60)

    def read(
        self,
        name: str,
        size: int = 10,
        deadline: float | None = None,
        *,
        brief: bool = False,
        caller: Caller = ANONYMOUS,
    ) -> asyncio.Task[None]:
        work = partial(self.done.append, name)
        return self._task(
            self.lane.run_with_admission(size, work, deadline, inline=brief, caller=caller)
        )

    def run(self, name: str) -> asyncio.Task[None]:
        return self._task(self.lane.run(partial(self.done.append, name)))

    def _task(self, work: object) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.append(task)
        return task  # type: ignore[no-any-return]

    def measured(self, code_points_per_s: int) -> None:
        self.lane._admission.expect(tokens=code_points_per_s, seconds=1.0)

    def shown(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"summsvc_{name}", {"queue": "short", **labels})

    async def let_go(self) -> None:
        """Have the thread do what waits, and wait for it."""
        self._go.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def held() -> AsyncIterator[Held]:
    made = Held()
    try:
        yield made
        await made.let_go()
        assert made.shown("unread_articles") == made.shown("unread_code_points") == 0
    finally:
        made._go.set()
        made.lane.executor.shutdown()


async def settled() -> None:
    """Let tasks come as far as they can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_number_of_waiting_articles_is_limited() -> None:
    async with held() as lane:
        waiting = [lane.read(str(i)) for i in range(ARTICLES)]
        await settled()
        lane.measured(100)
        with pytest.raises(OverloadedError) as caught:
            await lane.read("one more")
        # At the measured rate so many code points are read meanwhile as it has.
        assert caught.value.retry_after == pytest.approx(10 / 100)
        assert caught.value.metadata == {
            "queued_requests": str(ARTICLES),
            "queued_code_points": str(10 * ARTICLES),
            "limit_of": "caller",
        }
        assert lane.shown("unread_refused_total", reason="OVERLOADED") == 1
        assert lane.shown("unread_articles") == ARTICLES
        await lane.let_go()
        assert all(task.exception() is None for task in waiting)
        assert lane.done == [str(i) for i in range(ARTICLES)]


async def test_the_code_points_of_waiting_articles_are_limited() -> None:
    async with held() as lane:
        lane.read("first", CODE_POINTS - 100)
        await settled()
        lane.measured(1000)
        with pytest.raises(OverloadedError) as caught:
            await lane.read("second", 400)
        assert caught.value.retry_after == pytest.approx(400 / 1000)
        lane.read("third", 100)
        await settled()
        assert lane.shown("unread_code_points") == CODE_POINTS


async def test_an_article_above_the_limit_is_parsed_when_nothing_waits() -> None:
    async with held() as lane:
        lane.read("book", 2 * CODE_POINTS)
        await lane.let_go()
        assert lane.done == ["book"]


async def test_a_deadline_that_the_measured_rate_cannot_meet_is_rejected() -> None:
    async with held() as lane:
        now = asyncio.get_running_loop().time()
        lane.read("first", 400)
        await settled()
        lane.measured(10)
        with pytest.raises(DeadlineError) as caught:
            await lane.read("late", 100, now + 40)
        assert caught.value.metadata["needed_s"] == "50.00"
        lane.read("in time", 100, now + 1000)
        await lane.let_go()
        assert lane.done == ["first", "in time"]
        assert lane.shown("unread_refused_total", reason="DEADLINE") == 1


async def test_any_deadline_is_admitted_when_nothing_waits() -> None:
    """Or a rate measured in a bad moment would be the last one measured."""
    async with held() as lane:
        lane.measured(1)
        lane.read("tried", 100, asyncio.get_running_loop().time() + 60)
        await lane.let_go()
        assert lane.done == ["tried"]


async def test_an_article_past_its_deadline_is_not_parsed() -> None:
    async with held() as lane:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 0.05
        # Before a thread, and before a place there.
        waiting = [lane.read("late", deadline=deadline) for _ in range(2 * SLOTS_PER_THREAD)]
        await settled()
        passed = asyncio.Event()
        loop.call_at(deadline, passed.set)
        await passed.wait()
        await lane.let_go()
        assert [type(task.exception()) for task in waiting] == [DeadlineError] * len(waiting)
        assert not lane.done
        assert lane.shown("unread_refused_total", reason="DEADLINE") == len(waiting)


async def test_an_article_of_a_cancelled_request_is_not_parsed() -> None:
    async with held() as lane:
        leaving = [lane.read("left") for _ in range(2 * SLOTS_PER_THREAD)]
        await settled()
        lane.read("stays")
        await settled()
        for task in leaving:
            task.cancel()
        await settled()
        assert lane.shown("unread_articles") == 1
        await lane.let_go()
        assert lane.done == ["stays"]


async def test_an_article_in_progress_counts_until_its_thread_is_done() -> None:
    async with held() as lane:
        go, begun = threading.Event(), threading.Event()

        def slow() -> None:
            begun.set()
            go.wait(60)

        lane._go.set()
        reading = asyncio.ensure_future(lane.lane.run_with_admission(70, slow, None))
        await asyncio.to_thread(begun.wait, 60)
        reading.cancel()
        await settled()
        assert lane.shown("unread_code_points") == 70
        go.set()
        await lane.run("after")


async def test_work_of_parsed_articles_goes_first_and_is_never_rejected() -> None:
    async with held() as lane:
        for i in range(ARTICLES):
            lane.read(str(i), CODE_POINTS // ARTICLES)
        await settled()
        lane.run("later")
        await lane.let_go()
        assert lane.done.index("later") == SLOTS_PER_THREAD


@pytest.mark.parametrize("other", [Caller("a", "2"), Caller("b", "1")])
async def test_an_article_waits_only_for_its_own_caller_and_work_in_progress(
    other: Caller,
) -> None:
    async with held() as lane:
        for i in range(ARTICLES):
            lane.read(f"flood {i}", caller=Caller("a", "1"))
        await settled()
        with pytest.raises(OverloadedError):
            await lane.read("flood", caller=Caller("a", "1"))
        asked = [lane.read(f"other {i}", caller=other) for i in range(ARTICLES // 2)]
        await settled()
        with pytest.raises(OverloadedError):
            await lane.read("one more", caller=other)
        await lane.let_go()
        assert all(task.exception() is None for task in asked)
        assert lane.done.index("other 0") <= SLOTS_PER_THREAD + 1
        assert lane.done.index(f"other {ARTICLES // 2 - 1}") <= SLOTS_PER_THREAD + ARTICLES


async def test_a_deadline_is_compared_with_the_turns_of_its_caller() -> None:
    async with held() as lane:
        now = asyncio.get_running_loop().time()
        for _ in range(ARTICLES - 2):
            lane.read("flood", 50, caller=Caller("a", "1"))
        await settled()
        lane.measured(10)
        # Of the flood those at hand, 100 code points, and as many as it has itself: 20 seconds.
        lane.read("in time", 50, now + 30, caller=Caller("b", "1"))
        await settled()
        with pytest.raises(DeadlineError):
            await lane.read("late", 50, now + 30, caller=Caller("a", "1"))


async def test_the_rate_includes_all_text_work_for_an_article(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("summsvc.scheduling.thread_queue.time.perf_counter", lambda: clock[0])

    def taking(seconds: float, error: Exception | None = None) -> Callable[[], None]:
        def work() -> None:
            clock[0] += seconds
            if error:
                raise error

        return work

    async with held() as lane:
        await lane.let_go()
        await lane.lane.run_with_admission(100, taking(1.0), None)
        read, took = FIRST_CODE_POINTS + 100, FIRST_S + 1.0
        assert lane.lane._admission.tokens_per_s == pytest.approx(read / took)
        # One that cannot be read takes its time as well.
        with pytest.raises(InvalidInputError):
            await lane.lane.run_with_admission(500, taking(0.5, InvalidInputError("no text")), None)
        await lane.lane.run(taking(2.5))
        await lane.lane.run_with_admission(300, taking(4.0), None)
        read, took = read + 300, took + 7
        assert lane.lane._admission.tokens_per_s == pytest.approx(read / took)


async def test_one_slow_article_at_the_start_does_not_reject_those_that_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("summsvc.scheduling.thread_queue.time.perf_counter", lambda: clock[0])

    def stalled() -> None:
        clock[0] += 2.0

    async with held() as lane:
        first = lane._task(lane.lane.run_with_admission(80, stalled, None))
        await lane.let_go()
        await first
        lane._go.clear()
        lane._holder = lane.lane.executor.submit(lane._go.wait, 60)
        deadline = asyncio.get_running_loop().time() + 10
        names = [str(i) for i in range(ARTICLES)]
        for name in names:
            lane.read(name, 80, deadline)
        await lane.let_go()
        assert lane.done == names


async def test_a_brief_article_is_parsed_at_once_when_none_waits() -> None:
    async with held() as lane:
        await lane.read("brief", brief=True)
        assert lane.done == ["brief"]
        assert lane.shown("unread_articles") == lane.shown("unread_code_points") == 0
        lane.read("article")
        await settled()
        waiting = lane.read("in turn", brief=True)
        await settled()
        assert not waiting.done()
        await lane.let_go()
        assert lane.done == ["brief", "article", "in turn"]


async def test_a_brief_article_past_its_deadline_is_not_parsed() -> None:
    async with held() as lane:
        with pytest.raises(DeadlineError):
            await lane.read("late", deadline=asyncio.get_running_loop().time() - 1, brief=True)
        assert not lane.done
        assert lane.shown("unread_refused_total", reason="DEADLINE") == 1


async def test_a_brief_article_that_fails_leaves_the_lane() -> None:
    def work() -> None:
        raise InvalidInputError("no text")

    async with held() as lane:
        with pytest.raises(InvalidInputError):
            await lane.lane.run_with_admission(10, work, None, inline=True)
        assert lane.shown("unread_articles") == 0


@pytest.mark.parametrize(
    ("length", "warm", "here"),
    [(1, True, True), (1, False, False), (BRIEF_ARTICLE + 1, True, False)],
)
async def test_brief_articles_are_parsed_on_the_event_loop_once_data_is_loaded(
    length: int, warm: bool, here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def noted(*_: object, **__: object) -> None:
        threads.append(threading.current_thread())

    workers = TextWorkers(1, max_title=10, max_body=1000)
    try:
        if warm:
            await workers.warm_up()
        monkeypatch.setattr("summsvc.tasks.pipeline.text_workers.read", noted)
        await workers.read(Article("", "a" * length, "en"), keep_boilerplate=False)
        assert (threads == [threading.current_thread()]) is here
    finally:
        workers.close()


async def test_a_long_article_waits_for_long_articles_only() -> None:
    workers = TextWorkers(1, max_title=10, max_body=2 * LONG_ARTICLE, limits=QueueLimits(1, 10))
    go = threading.Event()
    holder = workers._long.executor.submit(go.wait, 60)
    try:
        book = Article("", "Nobody was hurt. " * (LONG_ARTICLE // 16), "en")
        waiting = asyncio.ensure_future(workers.read(book, keep_boilerplate=False))
        await settled()
        with pytest.raises(OverloadedError):
            await workers.read(book, keep_boilerplate=False)
        short = await workers.read(Article("", "Nobody was hurt.", "en"), keep_boilerplate=False)
        assert [segment.text for segment in short.segments] == ["Nobody was hurt."]
        assert not holder.done()
        go.set()
        assert len((await waiting).segments) == LONG_ARTICLE // 16
    finally:
        go.set()
        workers.close()


async def test_bulk_work_does_not_use_the_threads_for_short_articles() -> None:
    def thread() -> str:
        return threading.current_thread().name

    workers = TextWorkers(1, max_title=10, max_body=10)
    try:
        assert (await workers.offload(INLINE_LIMIT + 1, thread)).startswith("summsvc-short")
        assert (await workers.for_bulk.offload(INLINE_LIMIT + 1, thread)).startswith("summsvc-long")
        assert await workers.for_bulk.offload(INLINE_LIMIT, thread) == thread()
    finally:
        workers.close()


async def test_the_time_of_loading_data_does_not_delay_articles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warm_up()
    monkeypatch.setattr("summsvc.tasks.pipeline.text_workers.warm_up", lambda: time.sleep(0.5))
    workers = TextWorkers(1, max_title=10, max_body=1_000)
    try:
        await workers.warm_up()
        article = Article("", "The talks will continue. " * 20, "en")
        await workers.read(article, keep_boilerplate=False)
        deadline = asyncio.get_running_loop().time() + 20
        reading = (
            workers.read(article, keep_boilerplate=False, deadline=deadline) for _ in range(60)
        )
        assert len(await asyncio.gather(*reading)) == 60
    finally:
        workers.close()


async def test_small_work_of_one_caller_does_not_fill_an_iteration_of_the_event_loop() -> None:
    workers = TextWorkers(1, max_title=100, max_body=100)
    done: list[str] = []
    flood, other = (workers.for_caller(Caller(name, "1")) for name in ("flood", "other"))
    tasks = [asyncio.create_task(flood.offload(1, done.append, "flood")) for _ in range(200)]
    for _ in range(3):
        await asyncio.sleep(0)
    before = len(done)
    assert 0 < before < 4 * TURNS_PER_ITERATION
    await other.offload(1, done.append, "other")
    assert done.index("other") - before <= 3 * TURNS_PER_ITERATION
    await asyncio.gather(*tasks)
    assert len(done) == 201
    workers.close()
