"""At shutdown every accepted request is answered or gets an error."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from summsvc.client import Client, UnavailableError
from summsvc.config import Settings
from tests.running import Running, refusal, running
from tests.server.test_leaving import CALLS, SENTENCES, Caller
from tests.server.watched import ControlledEngine, eventually


@contextmanager
def ending(
    model_dir: Path, drain_s: float
) -> Iterator[tuple[Running, ControlledEngine, grpc.Channel]]:
    settings = Settings(
        port=0,
        metrics_port=-1,
        model_dir=model_dir,
        preload=["opus-en-ru"],
        workers=1,
        batch_tokens=256,
        drain_s=drain_s,
    )
    with running(settings) as server, grpc.insecure_channel(server.address) as channel:
        server.wait_until_ready()
        yield server, ControlledEngine(server, "opus-en-ru"), channel


def outcome(rpc: str, call: Any) -> int:
    """Wait for a call; return how many responses it gave."""
    return len(list(call)) if rpc == "StreamTranslate" else len([call.result()])


def test_every_kind_of_call_is_answered_during_the_drain(model_dir: Path) -> None:
    with ending(model_dir, drain_s=60) as (server, watched, channel):
        calls = {rpc: getattr(Caller(channel, 120, count=20), rpc)() for rpc in CALLS}
        eventually(lambda: len(server.server._active_calls._tasks) == len(calls))
        watched.wait_for(1)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        eventually(lambda: server.server._active_calls.draining)
        with Client(server.address) as another, pytest.raises(UnavailableError):
            another.translate(SENTENCES[0], "ru")
        watched.free()
        counts = {rpc: outcome(rpc, call) for rpc, call in calls.items()}
        stopping.join()
    assert counts.pop("StreamTranslate") == 22  # start, segments, finish
    assert set(counts.values()) == {1}


def test_every_kind_of_call_gets_an_error_after_the_drain(model_dir: Path) -> None:
    with ending(model_dir, drain_s=0.2) as (server, watched, channel):
        calls = {rpc: getattr(Caller(channel, 120, count=20), rpc)() for rpc in CALLS}
        eventually(lambda: len(server.server._active_calls._tasks) == len(calls))
        watched.wait_for(1)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        for rpc, call in calls.items():
            with pytest.raises(grpc.RpcError) as caught:
                outcome(rpc, call)
            said = refusal(caught.value)
            assert (said.code, said.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING"), rpc
        watched.free()
        stopping.join()
    assert len(watched.batches) == 1


def test_a_server_in_this_process_reports_a_running_batch_and_stops(
    model_dir: Path,
) -> None:
    with ending(model_dir, drain_s=0.2) as (server, watched, channel):
        call = Caller(channel, 120, count=1).Translate()
        watched.wait_for(1)
        stopping = asyncio.run_coroutine_threadsafe(server.server.stop(), server.loop)
        assert stopping.result(60) is False
        assert server.server.stopped
        with pytest.raises(grpc.RpcError) as caught:
            call.result()
        assert refusal(caught.value).reason == "DRAINING"
        watched.free()
        eventually(lambda: not asyncio.all_tasks(server.loop))


@pytest.mark.parametrize(("drain_s", "code"), [(60, "OK"), (0.2, "UNAVAILABLE")])
def test_a_queued_article_is_read_or_its_caller_gets_an_error(
    model_dir: Path, drain_s: float, code: str
) -> None:
    with ending(model_dir, drain_s) as (server, watched, channel):
        lane = server.server._workers._short
        # Otherwise brief texts would be read on the event loop, without a queue.
        server.server._workers._warm = False
        release = threading.Event()
        busy = [lane.executor.submit(release.wait, 60) for _ in range(lane.executor._max_workers)]
        calls = {rpc: getattr(Caller(channel, 120, count=1), rpc)() for rpc in CALLS}
        eventually(lambda: lane._backlog.requests == len(CALLS))
        watched.free()
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        eventually(lambda: server.server._active_calls.draining)
        if code == "OK":
            release.set()
        codes = {}
        for rpc, call in calls.items():
            with suppress(grpc.RpcError):
                outcome(rpc, call)
            codes[rpc] = call.code().name
        release.set()
        for each in busy:
            each.result()
        stopping.join()
    assert codes == dict.fromkeys(CALLS, code)
    assert lane._backlog.requests == lane._backlog.tokens == 0


def test_no_call_is_lost_when_one_of_two_servers_shuts_down(tmp_path: Path) -> None:
    """This includes calls that arrive during the shutdown, which gRPC answers with CANCELLED."""
    settings = Settings(port=0, metrics_port=-1, model_dir=tmp_path)
    with running(settings) as one, running(settings) as two, ThreadPoolExecutor(8) as callers:
        target = f"ipv4:{one.address},{two.address}"
        with Client(target) as client:
            ending = threading.Event()

            def summarize(number: int) -> str:
                if number == 200:
                    ending.set()
                return client.summarize(SENTENCES[number]).text

            answers = callers.map(summarize, range(400))
            ending.wait()
            one.stop()
            assert list(answers) == SENTENCES
