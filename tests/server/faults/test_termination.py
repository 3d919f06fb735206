"""SIGTERM under load: every call is answered or refused with a reason, and no call is lost."""

from __future__ import annotations

import asyncio
import functools
import json
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.server.services.health import SUMMARIZATION_SERVICE
from tests.running import free_ports
from tests.server.faults.clients import DRAINING, NOT_SENT, flow
from tests.server.process import Process, serving
from tests.server.watched import eventually

CLIENTS = 64
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def test_no_call_of_many_clients_is_lost(tmp_path: Path, model_dir: Path) -> None:
    flags = ("--model-dir", str(model_dir), "--preload", "opus-en-ru")
    with serving(tmp_path, *flags) as server:
        await asyncio.to_thread(server.wait_until_ready)
        async with flow(server.address, CLIENTS) as calls:
            await calls.reaches(2 * CLIENTS)
            server.signal()
            assert await asyncio.to_thread(server.code) == 0
    assert calls.outcomes.total() == calls.begun
    assert calls.outcomes.keys() <= {"OK", DRAINING, NOT_SENT}
    assert server.log("stopped")[0]["clean"]


async def test_calls_are_accepted_during_the_delay_and_a_second_signal_ends_it(
    tmp_path: Path,
) -> None:
    flags = ("--model-dir", str(tmp_path / "none"), "--drain-delay-s", "600")
    request = health_pb2.HealthCheckRequest(service=SUMMARIZATION_SERVICE)
    with serving(tmp_path, *flags) as server:
        async with (
            grpc.aio.insecure_channel(server.address) as channel,
            flow(server.address, CLIENTS, model=False) as calls,
        ):
            health = health_pb2_grpc.HealthStub(channel)
            watching = health.Watch(request)
            assert (await watching.read()).status != NOT_SERVING
            await calls.reaches(CLIENTS)
            server.signal()
            assert (await watching.read()).status == NOT_SERVING
            await calls.reaches(5 * CLIENTS)
            assert set(calls.outcomes) == {"OK"}
            # A client that connects now is answered too.
            assert (await health.Check(request)).status == NOT_SERVING
            async with flow(server.address, 1, model=False) as late:
                await late.reaches(1)
            server.signal()
            assert await asyncio.to_thread(server.code) == 128 + signal.SIGTERM
    assert calls.outcomes.total() == calls.begun
    assert all(outcome.startswith(("OK", "UNAVAILABLE")) for outcome in calls.outcomes)


def start(stack: ExitStack, folder: Path, port: int, flags: Sequence[str]) -> Process:
    """Start a server without models, whose summaries need none."""
    folder.mkdir()
    return stack.enter_context(
        serving(folder, "--model-dir", str(folder), "--port", str(port), *flags)
    )


def has_callers(server: Process, clients: set[str]) -> bool:
    """Whether the log has calls of these clients and of no others."""
    return {line["request_id"] for line in server.log("call")} == clients


@pytest.mark.parametrize(
    ("delay_s", "watch", "processes"),
    [
        ("0", False, "1"),
        pytest.param("1", True, "1", marks=pytest.mark.slow),
        pytest.param("0", False, "2", marks=pytest.mark.slow),
    ],
)
async def test_no_call_fails_while_one_server_after_the_other_is_replaced(
    tmp_path: Path, delay_s: str, watch: bool, processes: str
) -> None:
    config: dict[str, object] = {"loadBalancingConfig": [{"round_robin": {}}]}
    if watch:
        config["healthCheckConfig"] = {"serviceName": SUMMARIZATION_SERVICE}
    ports = free_ports(2)
    clients = {str(number) for number in range(8)}
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    flags = ("--drain-delay-s", delay_s, "--processes", processes)
    with ExitStack() as stack:
        old = [start(stack, tmp_path / f"old{port}", port, flags) for port in ports]
        async with flow(
            target, len(clients), give_up=False, model=False, service_config=json.dumps(config)
        ) as calls:
            await calls.reaches(100)
            for port, server in zip(ports, old, strict=True):
                server.signal()
                assert await asyncio.to_thread(server.code) == 0
                await calls.reaches(100)
                new = await asyncio.to_thread(start, stack, tmp_path / f"new{port}", port, flags)
                await asyncio.to_thread(eventually, functools.partial(has_callers, new, clients))
    assert calls.outcomes.keys() == {"OK"}
    assert calls.outcomes.total() == calls.begun
