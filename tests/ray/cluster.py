"""A Ray cluster on this machine, for the tests and measurements of scripts/ray."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

MESSAGE_BYTES = 8 * 1024 * 1024
"""The default of ``max_message_bytes``."""

ENVIRONMENT = {
    "RAY_SERVE_GRPC_MAX_MESSAGE_SIZE": str(MESSAGE_BYTES),
    # For a machine that is busy.
    "RAY_agent_register_timeout_ms": "180000",
    "RAY_worker_register_timeout_seconds": "180",
    # Ray would send facts about its use.
    "RAY_USAGE_STATS_ENABLED": "0",
    # Warnings of Ray's own code, which tests would turn into errors.
    "PYTHONWARNINGS": "ignore",
}
"""Environment of all processes of Ray."""

END_S = 60
"""Seconds for Ray to end."""


class Cluster:
    """Ray in other processes. address: "host:port" of the gRPC proxy."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address = self._line()

    def run(self, options: Mapping[str, Any]) -> None:
        """Replace the application, and wait until all replicas are ready. Raises RuntimeError."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(options) + "\n")
        self._process.stdin.flush()
        answer = self._line()
        if answer != "ready":
            raise RuntimeError(answer)

    def replicas(self, deployment: str = "summsvc") -> list[int]:
        """Process ids of the replicas of a deployment."""
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                title = (folder / "cmdline").read_bytes().decode(errors="replace")
                if title.startswith("ray::ServeReplica") and f":{deployment}" in title:
                    found.append(int(folder.name))
        return found

    def processes(self) -> list[int]:
        """Process ids of all processes of this cluster."""
        parents: dict[int, int] = {}
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(fields[1])
        found = [self._process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def kill(self, deployment: str = "summsvc") -> int:
        """End one replica of a deployment with SIGKILL; return its process id."""
        pid = min(self.replicas(deployment))
        os.kill(pid, signal.SIGKILL)
        return pid

    def _line(self) -> str:
        assert self._process.stdout is not None
        # Ray prints to standard output too.
        while line := self._process.stdout.readline():
            if line.startswith(("ready", "failed", "127.0.0.1:")):
                return line.strip()
        raise RuntimeError("Ray has ended")


@contextmanager
def cluster(cpus: int = 2) -> Iterator[Cluster]:
    """Run Ray with so many logical cores during the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ray.controller", str(cpus)],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Cluster(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
