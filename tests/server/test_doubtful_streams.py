"""Many doubtful articles at once: shared retries, and streams that finish once started."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from summsvc.config import Settings
from summsvc.scheduling.scheduler import Scheduler
from summsvc.tasks.quality import check_cache
from summsvc.tasks.translation.checking import CheckedGroup
from summsvc.tasks.translation.retry import MAX_RETRIES
from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import Running, refusal, running
from tests.server.runtime.test_event_loop import does_not_block
from tests.server.turns import IterationTimer, machine_s, measured_loop
from tests.server.watched import ControlledEngine, eventually

STREAMS = 20
SEGMENTS = 80
THREADS = 2
BODY = "\n".join(f"President {n} met the mayor in Riga." for n in range(SEGMENTS))
"""Lines with numbers, most of which the small checkpoint loses."""

WHOLE = (grpc.StatusCode.OK, SEGMENTS + 2)
"""Status of its stream, and its number of messages: a start, each line, a finish."""

MAX_ITERATION = 5
"""Largest CPU time of one loop iteration in units of ``machine_s``, 50 ms of a usual core; it
bounds the delay of health checks."""

REFUSED = (grpc.StatusCode.RESOURCE_EXHAUSTED, 0)


@pytest.fixture(scope="module")
def measured(model_dir: Path) -> Iterator[tuple[Running, IterationTimer]]:
    """A server with large queues, and the timer of its loop iterations."""
    loop, timer = measured_loop()
    settings = Settings(
        port=0, metrics_port=-1, model_dir=model_dir, preload=["all"], text_threads=THREADS
    )
    with running(settings, loop) as server:
        server.wait_until_ready()
        # Collections while the server is idle, before or after a call, are not measured.
        server.server._gc_policy._idle = lambda: False
        yield server, timer


@pytest.fixture
def wide(measured: tuple[Running, IterationTimer]) -> Running:
    return measured[0]


@pytest.fixture(scope="module")
def narrow(model_dir: Path) -> Iterator[Running]:
    """A server whose models queue at most two requests."""
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=model_dir,
        preload=["all"],
        workers=1,
        batch_tokens=256,
        max_queued_requests=2,
    )
    with running(settings) as server:
        server.wait_until_ready()
        yield server


def scheduler_of(server: Running) -> Scheduler:
    scheduler = server.server._pool._slots["opus-en-ru"].scheduler
    assert scheduler is not None
    return scheduler


def request(body: str = BODY, *, bypass_cache: bool = False) -> pb.StreamTranslateRequest:
    return pb.StreamTranslateRequest(
        request=pb.TranslateRequest(
            article=article_pb2.Article(body=body, language_code="en"),
            target_language_code="ru",
            bypass_cache=bypass_cache,
        )
    )


def ended(call: Any) -> tuple[grpc.StatusCode, int]:
    """Read a stream to its end; return its status and its number of messages."""
    messages = 0
    try:
        for _ in call:
            messages += 1
    except grpc.RpcError as error:
        return error.code(), messages
    return grpc.StatusCode.OK, messages


def at_once(server: Running, requests: list[Any]) -> Counter[tuple[grpc.StatusCode, int]]:
    """Read streams at the same time; return their results."""
    ends: list[tuple[grpc.StatusCode, int]] = []
    with grpc.insecure_channel(server.address) as channel:
        stream = TranslationServiceStub(channel).StreamTranslate
        readers = [
            threading.Thread(target=lambda each=each: ends.append(ended(stream(each))))
            for each in requests
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    return Counter(ends)


class Counted:
    """Counts calls of a function of a module, or a method of a class, from any thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.calls = 0
        lock = threading.Lock()
        function = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            with lock:
                self.calls += 1
            return function(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)


def test_equal_doubtful_articles_cost_as_much_as_one(
    wide: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = scheduler_of(wide)
    groups = Counted(monkeypatch, CheckedGroup, "_check")
    assessed = Counted(monkeypatch, check_cache, "assess")

    def counts() -> tuple[float, int, int, int]:
        computed = scheduler._metrics.segments._value.get()
        return computed, assessed.calls, scheduler._workers._jobs_submitted, groups.calls

    before = counts()
    assert at_once(wide, [request(bypass_cache=True)]) == {WHOLE: 1}
    between = counts()
    assert at_once(wide, [request()] * STREAMS) == {WHOLE: STREAMS}
    after = counts()
    one, one_assessed, *_ = (b - a for a, b in zip(before, between, strict=True))
    all_, all_assessed, submitted, looked = (b - a for a, b in zip(between, after, strict=True))
    # An article that shares no line: most lines are retried, each of them at least twice.
    assert one >= 2 * SEGMENTS
    # The other segments of a batch may change the last digits of a score.
    assert 0.8 * one <= all_ <= 1.2 * one
    # Threads may check the same output at the same time.
    assert all_assessed <= 1.2 * (THREADS + 1) * one_assessed
    assert submitted <= STREAMS + MAX_RETRIES * looked


def test_doubtful_articles_do_not_block_the_loop(measured: tuple[Running, IterationTimer]) -> None:
    """A health check waits for at most one loop iteration."""
    server, timer = measured
    bodies = (BODY.replace("Riga", f"Riga {word}") for word in ("town", "city", "port"))

    def call() -> None:
        assert at_once(server, [request(next(bodies))] * STREAMS) == {WHOLE: STREAMS}

    does_not_block(timer, MAX_ITERATION * machine_s(), call)


def test_a_stream_is_rejected_before_its_start_or_finished(narrow: Running) -> None:
    """Other calls fill the queue, with other words, so that no output is shared."""
    bodies = [BODY.replace("Riga", f"Riga {number}") for number in range(STREAMS)]
    ends = at_once(narrow, list(map(request, bodies)))
    assert set(ends) <= {WHOLE, REFUSED}
    assert ends[WHOLE] >= 2


def test_a_stream_rejected_by_a_full_queue_gets_no_start_event(narrow: Running) -> None:
    scheduler = scheduler_of(narrow)

    def waits(requests: int) -> bool:
        return len(scheduler._queue) >= requests

    watched = ControlledEngine(narrow, "opus-en-ru")
    try:
        with grpc.insecure_channel(narrow.address) as channel:
            stream: Any = TranslationServiceStub(channel).StreamTranslate
            calls = [stream(request("Nobody was hurt in Riga."))]
            watched.wait_for(1)
            for waiting in (1, 2):
                calls.append(stream(request(f"Nobody was hurt in place {waiting}.")))
                eventually(partial(waits, waiting))
            refused = stream(request("Nobody was hurt."))
            with pytest.raises(grpc.RpcError) as caught:
                next(refused)
            assert refusal(caught.value).reason == "OVERLOADED"
            watched.free()
            assert [ended(call) for call in calls] == [(grpc.StatusCode.OK, 3)] * 3
    finally:
        watched.restore()
        watched.wait_until_idle()
