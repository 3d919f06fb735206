"""Server in a separate process, for tests that send signals or inject faults."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.server.services.health import TRANSLATION_SERVICE
from tests.server.watched import eventually

ROOT = Path(__file__).parents[2]

EXIT_TIMEOUT_S = 40.0
"""Seconds after which a test fails because the process has not exited."""


@dataclass
class Process:
    """A started server. folder: of its log and of the files of ``faulty``."""

    process: subprocess.Popen[str]
    address: str
    folder: Path

    def text(self) -> str:
        """Read all that was written to standard error."""
        return (self.folder / "stderr").read_text()

    def log(self, event: str = "") -> list[dict[str, Any]]:
        """Parse the lines of the log, all or those of one event."""
        lines = [line for line in self.text().splitlines() if line.startswith("{")]
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if not event or entry.get("event") == event]

    def signal(self, signum: int = signal.SIGTERM) -> None:
        self.process.send_signal(signum)

    def start_shutdown(self) -> None:
        """Send SIGTERM and wait until the drain has begun."""
        self.signal()
        eventually(lambda: bool(self.log("draining")))

    def wait_until_held(self) -> None:
        """Wait until the injected hang has started."""
        eventually((self.folder / "held").exists)

    def release(self) -> None:
        """End the injected hang, or start it."""
        (self.folder / "release").touch()

    def code(self) -> int:
        """Wait until the process has exited; return its exit code."""
        return self.process.wait(EXIT_TIMEOUT_S)

    def wait_until_ready(self) -> None:
        request = health_pb2.HealthCheckRequest(service=TRANSLATION_SERVICE)
        with grpc.insecure_channel(self.address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            eventually(lambda: health.Check(request, timeout=30).status == 1)


@contextmanager
def serving(
    folder: Path, *flags: str, fault: str = "none", stderr: int | None = None
) -> Iterator[Process]:
    """Run ``summsvc serve`` during the block.

    folder: of its files. fault: the part of ``faulty`` that hangs.
    stderr: a descriptor to write the log to; a file in ``folder`` by default.
    """
    command = [sys.executable, "-m", "tests.server.faulty", fault, str(folder), "serve"]
    with (folder / "stderr").open("w") as file:
        process = subprocess.Popen(
            [*command, "--port", "0", "--metrics-port", "-1", *flags],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=file if stderr is None else stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("listening on ").strip()
        assert address, (folder / "stderr").read_text()
        yield Process(process, address, folder)
    finally:
        process.kill()
        process.communicate()
