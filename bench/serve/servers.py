"""The servers under load, each in a process of its own, and their CPU time and memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.serve import models, naive
from tests.process_memory import resident_mb

TWO = "summsvc-x2"
"""Way with two processes of summsvc, each with a model, one worker and one text thread."""

WAYS = (*naive.WAYS, "summsvc", TWO)


def stat_fields(stat: Path) -> list[str]:
    """The fields of a ``stat`` file in /proc after the process name; see ``man 5 proc``."""
    return stat.read_text().rpartition(")")[2].split()


@dataclass(frozen=True)
class Process:
    """One server process. address, metrics: "host:port" of calls, and of summsvc's metrics.

    log_file: of summsvc.
    """

    address: str
    pid: int
    metrics: str = ""
    log_file: Path | None = None

    def log(self) -> str:
        """What summsvc has written to its log so far."""
        return self.log_file.read_text("utf-8") if self.log_file else ""

    def scraped(self) -> str:
        """The current page of summsvc's metrics."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics") as reply:
            page: bytes = reply.read()
        return page.decode()


@dataclass(frozen=True)
class Served:
    """The processes of a way. Figures are sums over the processes, from Linux's /proc."""

    processes: tuple[Process, ...]

    @property
    def addresses(self) -> list[str]:
        """The "host:port" of each process."""
        return [process.address for process in self.processes]

    def cpu_s(self) -> float:
        """CPU seconds of all threads so far."""
        ticks = 0
        for process in self.processes:
            fields = stat_fields(Path(f"/proc/{process.pid}/stat"))
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        """Current resident memory in MB."""
        return sum(resident_mb(process.pid) for process in self.processes)


@contextmanager
def served(
    way: str, model: str, settings: dict[str, str] | None = None, runner: Sequence[str] = ()
) -> Iterator[Served]:
    """Run the servers of a way, with the model loaded, until the block ends.

    settings: of summsvc, by name. runner: a module that runs the command line of summsvc, and
    its own arguments; for example ``bench.serve.batches``.
    """
    alone = {"workers": "1", "text_threads": "1"} if way == TWO else {}
    with ExitStack() as stack:
        yield Served(
            tuple(
                stack.enter_context(_process(way, model, alone | (settings or {}), runner))
                for _ in range(2 if way == TWO else 1)
            )
        )


@contextmanager
def announced(module: str, *arguments: str) -> Iterator[Served]:
    """Run a module that prints the address of its server, until the block ends."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Served((Process(process.stdout.readline().strip(), process.pid),))
        process.terminate()


@contextmanager
def _process(
    way: str, model: str, settings: dict[str, str], runner: Sequence[str]
) -> Iterator[Process]:
    command = [sys.executable, "-m", "bench.serve.naive", way, model]
    environment = dict(os.environ)
    ours = way not in naive.WAYS
    if ours:
        command = [sys.executable, "-c", "from summsvc.cli import main; main()", "serve"]
        if runner:
            command = [sys.executable, "-m", *runner, "serve"]
        chosen = {"port": "0", "metrics_port": "0", "model_dir": str(models.store(model).root)}
        for name, value in (chosen | settings).items():
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
            if ours:
                _wait_until_ready(found[1])
                port = re.search(r'"metrics_port": ?(\d+)', log.read_text())
                assert port is not None
                metrics = f"127.0.0.1:{port[1]}"
            yield Process(found[1], process.pid, metrics, log if ours else None)
        finally:
            process.terminate()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _wait_until_ready(address: str) -> None:
    request = health_pb2.HealthCheckRequest(service="summsvc.v1.TranslationService")
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        until = time.monotonic() + 120
        while stub.Check(request).status != health_pb2.HealthCheckResponse.SERVING:
            if time.monotonic() > until:
                raise RuntimeError("summsvc never became ready")
            time.sleep(0.1)
