"""In-process server on an event loop in its own thread, and parsing of error details."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import cast

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from summsvc.config import Settings
from summsvc.server import Server
from summsvc.server.services.health import TRANSLATION_SERVICE

TARGET = os.environ.get("SUMMSVC_TEST_TARGET", "")
"""What runs the servers of the tests: "" this process, "ray" Ray Serve, see scripts/ray."""


class Reachable:
    """A server that is reached by its address."""

    @property
    def address(self) -> str:
        raise NotImplementedError

    def health(self, service: str = "") -> int:
        with grpc.insecure_channel(self.address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service=service)
            return int(stub.Check(request, timeout=10).status)

    def wait_until_ready(self, service: str = TRANSLATION_SERVICE, seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        while self.health(service) != health_pb2.HealthCheckResponse.SERVING:
            assert time.monotonic() < until, f"{service} never became ready"
            time.sleep(0.05)


@dataclass
class Running(Reachable):
    """A started server and its event loop."""

    server: Server
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def codes(self) -> Counter[str]:
        """Count the ended calls by code, those included whose callers have left."""
        ended: Counter[str] = Counter()
        for metric in self.server._registry.collect():
            for sample in metric.samples:
                if sample.name == "summsvc_calls_total":
                    ended[sample.labels["code"]] += int(sample.value)
        return ended

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop).result(60)


@contextmanager
def running(settings: Settings, loop: asyncio.AbstractEventLoop | None = None) -> Iterator[Running]:
    """Run a server during the context, on ``loop`` or on a new event loop; see ``TARGET``."""
    if TARGET == "ray":
        from tests.ray.target import target

        with target(settings) as server:
            yield cast("Running", server)
        return
    loop = loop or asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> Server:
        server = Server(settings)
        await server.start()
        return server

    try:
        started = Running(asyncio.run_coroutine_threadsafe(start(), loop).result(60), loop)
        try:
            yield started
        finally:
            if not started.server.stopped:
                started.stop()
    finally:
        # Also when the server did not start: a thread that is left keeps the process alive.
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def free_ports(count: int) -> list[int]:
    """Find ports that are free now, for servers whose ports must be known before they start."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@dataclass
class Refusal:
    """Parsed status of a failed call."""

    code: grpc.StatusCode
    message: str
    reason: str
    domain: str
    metadata: dict[str, str]
    fields: list[str]
    retry_after: float | None


def refusal(error: grpc.RpcError) -> Refusal:
    """Parse the status details of a failed call; fails if there are none."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None, f"no details: {error}"
    info = error_details_pb2.ErrorInfo()
    fields: list[str] = []
    retry_after = None
    for detail in status.details:
        bad, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(bad):
            fields += [violation.field for violation in bad.field_violations]
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToMilliseconds() / 1000
        else:
            detail.Unpack(info)
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    return Refusal(
        code, status.message, info.reason, info.domain, dict(info.metadata), fields, retry_after
    )
