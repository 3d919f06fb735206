"""Processes that fail: at the first start, later, again and again, without an answer."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from summsvc.config import Settings
from summsvc.scheduling.pool.slot import ModelState
from summsvc.server import Server
from summsvc.server.services.health import NOT_SERVING, SERVING
from summsvc.server.supervisor import backoff, server_process
from summsvc.server.supervisor.health import MergedHealth
from summsvc.server.supervisor.supervisor import StartError, Supervisor

FAKE = Path(__file__).with_name("fake_server.py")
PATIENCE_S = 30


class Supervised:
    """A supervisor of fake processes with the given behaviours."""

    def __init__(self, behaviours: str, processes: int, start_s: float = PATIENCE_S) -> None:
        self.registry, self.health = CollectorRegistry(), MergedHealth()
        self.supervisor = Supervisor(
            [sys.executable, "-S", str(FAKE), behaviours],
            processes,
            registry=self.registry,
            health=self.health,
            start_s=start_s,
        )
        self.settings = Settings(processes=processes)

    def restarts(self, cause: str) -> float:
        found = self.registry.get_sample_value("summsvc_process_restarts_total", {"cause": cause})
        return found or 0.0

    @property
    def state(self) -> int:
        return int(self.health.servicer._states[""])


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 0.01)


@pytest.mark.parametrize(("behaviour", "code"), [("exit", 7), ("crash", 1), ("never", 1)])
async def test_a_first_process_that_does_not_listen_is_an_error(behaviour: str, code: int) -> None:
    start_s = 0.2 if behaviour == "never" else PATIENCE_S
    made = Supervised(behaviour, 3, start_s)
    with capture_logs() as logged, pytest.raises(StartError) as caught:
        await made.supervisor.start(made.settings)
    assert caught.value.code == code
    assert [line["event"] for line in logged] == ["process started"]


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [("never", "start"), ("exit", "exit"), ("crash", "signal"), ("deaf", "unresponsive")],
)
async def test_another_process_that_fails_is_started_again(
    behaviour: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_process, "PING_S", 0.05)
    if behaviour == "deaf":
        monkeypatch.setattr(server_process, "ANSWER_S", 1.0)
    made = Supervised(f"good,{behaviour}", 2)
    changed = made.supervisor._changed

    def shorten_the_start() -> None:
        """Applies to processes after the first, which may start slowly on a busy machine."""
        changed()
        if behaviour == "never":
            made.supervisor._start_s = 0.2

    monkeypatch.setattr(made.supervisor, "_changed", shorten_the_start)
    await made.supervisor.start(made.settings)
    await until(lambda: made.restarts(cause) >= 1)
    assert made.state == SERVING
    assert await made.supervisor.stop(PATIENCE_S, 0.0)


async def test_answers_that_arrive_while_the_supervisor_is_blocked_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_process, "ANSWER_S", 1.0)
    monkeypatch.setattr(server_process, "PING_S", 0.01)
    blocked: list[str] = []
    send = server_process.ServerProcess.send

    def send_and_block(process: server_process.ServerProcess, kind: str, **fields: object) -> None:
        send(process, kind, **fields)
        if kind == "ping" and len(blocked) < 2:
            blocked.append(kind)
            asyncio.get_running_loop().call_soon(time.sleep, 1.2)

    monkeypatch.setattr(server_process.ServerProcess, "send", send_and_block)
    made = Supervised("good", 1)
    await made.supervisor.start(made.settings)
    await until(lambda: len(blocked) == 2)
    await asyncio.sleep(0.1)
    assert made.restarts("unresponsive") == 0
    assert await made.supervisor.stop(PATIENCE_S, 0.0)


async def test_a_process_is_started_again_when_the_system_had_no_thread_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Supervised("good", 1)
    await made.supervisor.start(made.settings)
    start = asyncio.create_subprocess_exec
    refused: list[object] = []

    async def start_later(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        if not refused:
            refused.append(command)
            raise RuntimeError("can't start new thread")
        return await start(*command, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_later)
    made.supervisor.listening[0].kill()
    await until(lambda: made.restarts("start") == 1 and len(made.supervisor.listening) == 1)
    assert await made.supervisor.stop(PATIENCE_S, 0.0)


async def test_the_delay_grows_while_a_process_ends_again_and_again() -> None:
    made = Supervised("good,short", 2)
    with capture_logs() as logged:
        await made.supervisor.start(made.settings)
        await until(lambda: made.restarts("exit") >= 3)
        await made.supervisor.stop(PATIENCE_S, 0.0)
    delays = [line["delay_s"] for line in logged if "delay_s" in line]
    assert delays[:3] == [0.01, 0.02, 0.04]


async def test_only_a_restarted_process_loads_its_models_before_it_listens() -> None:
    made = Supervised("good", 2)
    await made.supervisor.start(made.settings)

    def preload_first() -> list[int]:
        return [process.health["preload first"] for process in made.supervisor.listening]

    assert preload_first() == [False, False]
    made.supervisor.listening[0].kill()
    await until(lambda: preload_first() == [True, False])
    assert await made.supervisor.stop(PATIENCE_S, 0.0)


async def test_a_server_may_load_its_models_before_it_listens(model_dir: Path) -> None:
    wanted = ["opus-en-ru", "absent"]
    settings = Settings(port=0, metrics_port=-1, model_dir=model_dir, preload=wanted)
    server = Server(settings)
    with capture_logs() as logged:
        await server.start(preload_first=True)
        assert server._pool.status("opus-en-ru").state is ModelState.READY
        await server.stop()
    assert [line["event"] for line in logged].count("model not preloaded") == 1


async def test_processes_that_do_not_end_are_killed() -> None:
    made = Supervised("good,stubborn", 2)
    await made.supervisor.start(made.settings)
    assert not await made.supervisor.stop(0.3, 0.0)
    assert made.state == NOT_SERVING


async def test_a_process_that_starts_during_the_shutdown_is_not_waited_for() -> None:
    made = Supervised("never", 1)
    starting = asyncio.create_task(made.supervisor.start(made.settings))
    await until(lambda: bool(made.supervisor._running))
    assert await made.supervisor.stop(PATIENCE_S, 0.0)
    await starting


async def test_no_sum_falls_when_a_process_ends_or_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_process, "SCRAPE_S", 0.1)
    made = Supervised("good,good,silent", 3)

    async def calls() -> float:
        found = {metric.name: metric for metric in await made.supervisor.scrape()}
        return float(found["calls"].samples[0].value)

    await made.supervisor.start(made.settings)
    assert await calls() == 20
    first = made.supervisor.listening[0]
    first._process.send_signal(signal.SIGKILL)
    await until(lambda: len(made.supervisor.listening) == 2)
    assert await calls() >= 20
    await until(lambda: len(made.supervisor.listening) == 3)
    assert await calls() == 30
    assert await made.supervisor.stop(PATIENCE_S, 0.0)


async def test_metrics_are_asked_for_again_after_they_could_not_be_collected() -> None:
    made = Supervised("fails once", 1)
    await made.supervisor.start(made.settings)
    assert "calls" not in {metric.name for metric in await made.supervisor.scrape()}
    assert "calls" in {metric.name for metric in await made.supervisor.scrape()}
    assert await made.supervisor.stop(PATIENCE_S, 0.0)
