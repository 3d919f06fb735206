"""Metrics of a supervisor and the sums of its processes.

They are not those of prometheus-client's multiprocess mode. That mode replaces the values of the
whole process by files in a folder, which must be named in the environment before the library is
imported; it knows no collectors (process, garbage collector, log) and no exemplars, and keeps
the files of ended processes. Here each process is asked when the page is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

Cause = Literal["signal", "exit", "start", "unresponsive"]
"""Why a process was started again: it was ended by a signal, it exited, it did not listen in
time, or its event loop did not answer in time."""

COLLECT_S = 5.0
"""Most seconds to collect the metrics of all processes."""


class SupervisorMetrics:
    """Metrics of the supervisor itself. processes: how many there should be."""

    def __init__(self, registry: CollectorRegistry, processes: int) -> None:
        wanted = Gauge(
            "summsvc_processes_wanted", "Server processes that should run.", registry=registry
        )
        wanted.set(processes)
        self.listening = Gauge(
            "summsvc_processes_listening", "Server processes that accept calls.", registry=registry
        )
        self._restarts = Counter(
            "summsvc_process_restarts",
            "Ends of server processes that were started again, by cause.",
            ["cause"],
            registry=registry,
        )

    def count_restart(self, cause: Cause) -> None:
        self._restarts.labels(cause).inc()


class MergedCollector(Collector):
    """Collector of the metrics of all processes, for a registry that is read in any thread.

    collect_all: collects them on the event loop that runs now.
    """

    def __init__(self, collect_all: Callable[[], Awaitable[list[Metric]]]) -> None:
        self._collect_all = collect_all
        self._loop = asyncio.get_running_loop()

    def collect(self) -> Iterator[Metric]:
        """Yield the merged families. Raises TimeoutError after ``COLLECT_S``."""
        collecting = asyncio.run_coroutine_threadsafe(self._collect(), self._loop)
        yield from collecting.result(COLLECT_S)

    async def _collect(self) -> list[Metric]:
        return await self._collect_all()
