"""The servers under load, each a process of its own, and what they take of the machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.serve import models, naive

WAYS = (*naive.WAYS, "summsvc")


@dataclass(frozen=True)
class Served:
    """A server that answers at ``address``, "host:port". Its figures are from Linux's /proc.

    metrics: "host:port" of summsvc's metrics.
    """

    address: str
    pid: int
    metrics: str = ""

    def cpu_s(self) -> float:
        """Seconds of processor time that all its threads have taken so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        """Resident memory now, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


@contextmanager
def served(way: str, model: str, settings: dict[str, str] | None = None) -> Iterator[Served]:
    """Run a server for the length of the block, its model loaded.

    settings: of summsvc beside the defaults, by name.
    """
    command = [sys.executable, "-m", "bench.serve.naive", way, model]
    environment = dict(os.environ)
    if way == "summsvc":
        command = [sys.executable, "-c", "from summsvc.cli import main; main()", "serve"]
        chosen = {"port": "0", "metrics_port": "0", "model_dir": str(models.store(model).root)}
        for name, value in (chosen | (settings or {})).items():
            environment[f"SUMMSVC_{name.upper()}"] = value
    with tempfile.TemporaryDirectory() as work:
        log = Path(work) / "log"
        with log.open("w") as stream:
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=stream, text=True
            )
        try:
            assert process.stdout is not None
            found = re.match(r"listening on (\S+)", process.stdout.readline())
            if found is None:
                raise RuntimeError(f"{way} did not start: {log.read_text()}")
            metrics = ""
            if way == "summsvc":
                _wait_until_ready(found[1])
                port = re.search(r'"metrics_port": ?(\d+)', log.read_text())
                assert port is not None
                metrics = f"127.0.0.1:{port[1]}"
            yield Served(found[1], process.pid, metrics)
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(address: str) -> None:
    request = health_pb2.HealthCheckRequest(service="summsvc.v1.TranslationService")
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        until = time.monotonic() + 120
        while stub.Check(request).status != health_pb2.HealthCheckResponse.SERVING:
            if time.monotonic() > until:
                raise RuntimeError("summsvc never became ready")
            time.sleep(0.1)
