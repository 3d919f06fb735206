"""A thousand connections that are opened and dropped leave nothing behind."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

from tests.server import frames
from tests.server.faults.clients import flow
from tests.server.process import Process, serving
from tests.server.watched import eventually

CONNECTIONS = 1_000
SUMMARIZE = "/summsvc.v1.SummarizationService/Summarize"

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with which a socket is closed by a reset, without waiting for its data."""

BEGINNINGS = (
    b"",
    frames.PREFACE[:10],
    frames.PREFACE,
    frames.PREFACE + frames.frame(frames.SETTINGS, 0, 0),
    frames.PREFACE + frames.frame(frames.SETTINGS, 0, 0) + frames.headers(1, SUMMARIZE),
)
"""What a client sends before it drops its connection."""


def resources(server: Process) -> tuple[int, int]:
    """Return how many descriptors and threads a server has."""
    process = Path("/proc") / str(server.process.pid)
    return len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))


def drop(server: Process, number: int) -> None:
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        if number % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.sendall(BEGINNINGS[number % len(BEGINNINGS)])


async def test_dropped_connections_are_forgotten(tmp_path: Path) -> None:
    with serving(tmp_path, "--model-dir", str(tmp_path / "none")) as server:
        async with flow(server.address, 1, model=False) as calls:
            await calls.reaches(10)
            # The first connections start threads that stay.
            for number in range(100):
                await asyncio.to_thread(drop, server, number)
            await calls.reaches(10)
            before = resources(server)
            for number in range(CONNECTIONS):
                await asyncio.to_thread(drop, server, number)
            await calls.reaches(10)

            def forgotten() -> bool:
                descriptors, threads = resources(server)
                return descriptors <= before[0] + 2 and threads <= before[1] + 4

            await asyncio.to_thread(eventually, forgotten)
        assert calls.outcomes.keys() == {"OK"}
        server.signal()
        assert server.code() == 0
