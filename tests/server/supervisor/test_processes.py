"""Two real server processes on one port: restarts, metrics, health, reload, drain."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.client.retry_policy import SERVICE_CONFIG
from summsvc.server.services.health import (
    NOT_SERVING,
    SERVING,
    SUMMARIZATION_SERVICE,
    TRANSLATION_SERVICE,
)
from summsvc.v1 import model_service_pb2
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from tests.server.faults.clients import DRAINING, NOT_SENT, flow
from tests.server.process import ROOT, Process, serving
from tests.server.watched import eventually

CLIENTS = 16
SUMMARIZE = 'code="OK",method="/summsvc.v1.SummarizationService/Summarize"'


class Processes:
    """A parent with two server processes."""

    def __init__(self, server: Process) -> None:
        self.server = server
        (listening,) = server.log("listening")
        self.metrics_port, self.health_port = (
            listening[name] for name in ("metrics_port", "health_port")
        )

    def pids(self) -> dict[int, int]:
        """The last started process of each number."""
        return {line["number"]: line["pid"] for line in self.server.log("process started")}

    def metrics(self) -> dict[str, float]:
        """Values of the metrics by name and labels."""
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url) as answer:
            page = answer.read().decode()
        return {name: float(value) for name, value in re.findall(r"^(\w\S*) (\S+)$", page, re.M)}

    def wait_until_both_listen(self) -> None:
        eventually(lambda: self.metrics()["summsvc_processes_listening"] == 2)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    folder = tmp_path_factory.mktemp("two")
    flags = ("--processes", "2", "--metrics-port", "0", "--health-port", "0")
    with serving(folder, *flags, "--model-dir", str(folder / "none")) as server:
        processes = Processes(server)
        processes.wait_until_both_listen()
        yield processes


async def test_metrics_are_sums_over_both_processes(two: Processes) -> None:
    before = await asyncio.to_thread(two.metrics)
    async with flow(two.server.address, CLIENTS, model=False) as calls:
        await calls.reaches(5 * CLIENTS)
    # The log is written by a thread: the lines of the last calls may come after their answers.
    eventually(lambda: {line.get("process") for line in two.server.log("call")} == {1, 2})
    after = await asyncio.to_thread(two.metrics)
    name = f"summsvc_calls_total{{{SUMMARIZE}}}"
    assert after[name] - before.get(name, 0.0) == calls.outcomes["OK"]
    assert after["summsvc_processes_wanted"] == 2
    assert 0 < after["process_start_time_seconds"] < 2 * before["process_start_time_seconds"]


def test_server_info_has_the_number_of_processes(two: Processes) -> None:
    request = model_service_pb2.GetServerInfoRequest()
    with grpc.insecure_channel(two.server.address) as channel:
        assert ModelServiceStub(channel).GetServerInfo(request, timeout=60).processes == 2


def test_the_health_port_is_served_by_the_parent(two: Processes) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{two.health_port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        states = [
            health.Check(health_pb2.HealthCheckRequest(service=service), timeout=60).status
            for service in (SUMMARIZATION_SERVICE, TRANSLATION_SERVICE)
        ]
    assert states == [SERVING, NOT_SERVING]


def test_a_reload_reaches_both_processes(two: Processes) -> None:
    two.server.signal(signal.SIGHUP)
    eventually(
        lambda: {line.get("process") for line in two.server.log("reload requested")} >= {1, 2}
    )


async def test_only_calls_of_a_killed_process_fail_and_retries_save_them(two: Processes) -> None:
    retrying = json.dumps(SERVICE_CONFIG)
    async with (
        flow(two.server.address, CLIENTS, give_up=False, model=False) as plain,
        flow(two.server.address, CLIENTS, service_config=retrying, model=False) as saved,
    ):
        await plain.reaches(2 * CLIENTS)
        before = await asyncio.to_thread(two.metrics)
        os.kill(two.pids()[1], signal.SIGKILL)
        await asyncio.to_thread(eventually, lambda: len(two.server.log("process started")) == 3)
        await asyncio.to_thread(two.wait_until_both_listen)
        await plain.reaches(2 * CLIENTS)
        await saved.reaches(2 * CLIENTS)
    # Besides, a client may make calls before it is connected again.
    lost = plain.outcomes.total() - plain.outcomes["OK"] - plain.outcomes[NOT_SENT]
    assert 0 < lost <= CLIENTS, plain.outcomes
    assert all(outcome.startswith(("OK", "UNAVAILABLE")) for outcome in plain.outcomes)
    assert saved.outcomes.keys() == {"OK"}
    after = await asyncio.to_thread(two.metrics)
    assert after['summsvc_process_restarts_total{cause="signal"}'] == 1
    counters = [name for name in before if re.match(r"\w+_(total|count|bucket)\b", name)]
    assert [name for name in counters if after[name] < before[name]] == []


async def test_both_processes_drain_without_losing_a_call(two: Processes) -> None:
    """Ends the server of the fixture."""
    async with flow(two.server.address, 4 * CLIENTS, model=False) as calls:
        await calls.reaches(8 * CLIENTS)
        two.server.signal()
        assert await asyncio.to_thread(two.server.code) == 0
    assert calls.outcomes.total() == calls.begun
    assert calls.outcomes.keys() <= {"OK", DRAINING, NOT_SENT}
    stopped = two.server.log("stopped")
    assert {(line.get("process"), line["clean"]) for line in stopped} == {
        (1, True),
        (2, True),
        (None, True),
    }


async def test_a_second_signal_ends_all_processes_at_once(tmp_path: Path) -> None:
    flags = ("--model-dir", str(tmp_path / "none"), "--drain-delay-s", "600")
    with serving(tmp_path, "--processes", "2", *flags) as server:
        pids = Processes(server).pids()
        async with flow(server.address, 4, model=False) as calls:
            server.signal()
            await asyncio.to_thread(eventually, lambda: len(server.log("draining")) == 3)
            # Calls are still accepted during the delay.
            await calls.reaches(20)
            server.signal()
            assert await asyncio.to_thread(server.code) == 128 + signal.SIGTERM
    assert all(outcome.startswith(("OK", "UNAVAILABLE")) for outcome in calls.outcomes)
    eventually(lambda: not any(is_running(pid) for pid in pids.values()))


async def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, "--processes", "2", "--model-dir", str(tmp_path / "none")) as server:
        pids = Processes(server).pids()
        async with flow(server.address, 4, model=False) as calls:
            await calls.reaches(20)
            server.signal(signal.SIGKILL)
            await asyncio.to_thread(
                eventually, lambda: not any(is_running(pid) for pid in pids.values())
            )
    assert calls.outcomes.keys() <= {"OK", DRAINING, NOT_SENT}
    assert [line["clean"] for line in server.log("stopped")] == [True, True]


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended may still wait for its parent."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_settings_that_cannot_be_used_end_the_parent_with_the_same_error(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.touch()
    errors = []
    for processes in ("1", "2"):
        flags = ["--processes", processes, "--port", "0", "--metrics-port", "-1"]
        flags += ["--model-dir", str(tmp_path), "--token-file", str(tokens)]
        command = [sys.executable, "-c", "from summsvc.cli import main; main()", "serve", *flags]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        errors.append([line["reason"] for line in lines if line["event"] == "cannot start"])
        assert len([line for line in lines if line["event"] == "process started"]) < 2
    assert errors[0] == errors[1][:1]
