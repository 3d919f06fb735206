"""What a server process answers to its supervisor."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast
from unittest.mock import Mock

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from summsvc.server import Server
from summsvc.server.supervisor import messages
from summsvc.server.supervisor.child import Supervision


class FailsOnce(Collector):
    def __init__(self) -> None:
        self.failed = False

    def collect(self) -> Iterator[Metric]:
        if not self.failed:
            self.failed = True
            raise OSError
        return iter(())


async def test_metrics_that_cannot_be_collected_are_answered() -> None:
    registry = CollectorRegistry(auto_describe=False)
    Gauge("good", "Good.", registry=registry)
    registry.register(FailsOnce())
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Supervision(theirs, Mock()).start(cast("Server", SimpleNamespace(registry=registry)))
        answers = messages.receive(ours)
        found = []
        for _ in range(2):
            ours.sendall(messages.encode("metrics"))
            found.append(await asyncio.to_thread(next, answers))
        ours.shutdown(socket.SHUT_RDWR)
    assert [answer["kind"] for answer in found] == ["metrics", "metrics"]
    assert "families" not in found[0]
    assert [family[0] for family in found[1]["families"]] == ["good"]
