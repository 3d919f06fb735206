"""Supervisor: keeps a number of server processes running, and ends them together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from summsvc.config import Settings
from summsvc.server.supervisor import families
from summsvc.server.supervisor.backoff import Backoff
from summsvc.server.supervisor.health import MergedHealth
from summsvc.server.supervisor.metrics import Cause, SupervisorMetrics
from summsvc.server.supervisor.server_process import ServerProcess

log = structlog.get_logger("summsvc.server")

START_S = 600.0
"""Seconds in which a process must accept calls, with its models if it is started again."""


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended."""

    cause: Cause
    reason: str


class StartError(Exception):
    """The first process ended before it accepted calls. code: to exit with, at least 1."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the first server process ended with code {code}")
        self.code = code if code > 0 else 1


class Supervisor:
    """Starts server processes, starts one again that has ended, and ends all of them.

    command: of a process, see ``ServerProcess.start``. registry: of the supervisor's own metrics.
    processes: how many. health: updated when the state of a process changes. start_s: see
    ``START_S``.
    """

    def __init__(
        self,
        command: Sequence[str],
        processes: int,
        *,
        registry: CollectorRegistry,
        health: MergedHealth,
        start_s: float = START_S,
    ) -> None:
        self._command, self._processes, self._start_s = command, processes, start_s
        self._registry, self._health = registry, health
        self._metrics = SupervisorMetrics(registry, processes)
        self._running: dict[int, ServerProcess] = {}
        self._begun = {number: asyncio.Event() for number in range(1, processes + 1)}
        self._keepers: list[asyncio.Task[None]] = []
        self._ended_metrics: list[Metric] = []
        self._stopping = asyncio.Event()
        self._clean = True

    @property
    def listening(self) -> list[ServerProcess]:
        """The processes that accept calls, in the order of their numbers."""
        processes = [process for _, process in sorted(self._running.items())]
        return [process for process in processes if process.listening.is_set()]

    async def start(self, settings: Settings) -> None:
        """Start the first process, and once it accepts calls the others.

        So a setting that cannot be used ends one process, which says why, and not all of them.
        Returns when each process has accepted calls or has ended once. settings: of each process.
        Raises StartError when the first process ends before it accepts calls, OSError when it
        cannot be created.
        """
        first, *others = self._begun
        await self._begin(first, settings)
        await asyncio.gather(*(self._begin(number, settings) for number in others))

    async def _begin(self, number: int, settings: Settings) -> None:
        keeper = asyncio.create_task(self._keep(number, settings))
        self._keepers.append(keeper)
        keeper.add_done_callback(lambda _: self._begun[number].set())
        await self._begun[number].wait()
        if keeper.done():
            keeper.result()

    async def _keep(self, number: int, settings: Settings) -> None:
        """Run a process again and again until the supervisor stops."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        while not self._stopping.is_set():
            since = loop.time()
            try:
                ended = await self._run(number, settings)
            except OSError as error:
                if not self._begun[1].is_set():
                    raise
                ended = End("start", reason=str(error))
            self._begun[number].set()
            if self._stopping.is_set():
                return
            delay_s = backoff.delay_s(loop.time() - since)
            self._metrics.count_restart(ended.cause)
            log.warning(
                "process ended, starting another one",
                number=number,
                cause=ended.cause,
                reason=ended.reason,
                delay_s=delay_s,
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._stopping.wait()

    async def _run(self, number: int, settings: Settings) -> End:
        """Run a process until it ends. Raises StartError for the very first one."""
        process = await ServerProcess.start(
            self._command,
            settings,
            number=number,
            # While others answer, one that starts again accepts no calls that wait for a model.
            preload_first=self._begun[number].is_set() and bool(self.listening),
            on_change=self._changed,
        )
        self._running[number] = process
        log.info("process started", number=number, pid=process.pid)
        if self._stopping.is_set():
            process.kill()
        code = await process.follow(self._start_s)
        listened = process.listening.is_set()
        del self._running[number]
        self._ended_metrics = families.merge(
            [self._ended_metrics, families.cumulative(process.metrics)]
        )
        self._changed()
        if self._stopping.is_set():
            self._clean = self._clean and (code == 0 or not listened)
        elif not self._begun[1].is_set():
            raise StartError(code)
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        return End(process.cause, f"process {process.pid} ended with {how}")

    def _changed(self) -> None:
        """Take notice of a process that accepts calls, has other health, or has ended."""
        for number, process in self._running.items():
            if process.listening.is_set():
                self._begun[number].set()
        self._metrics.listening.set(len(self.listening))
        self._health.update(process.health for process in self.listening)

    def reload(self) -> None:
        """Tell all processes to reload certificates and tokens."""
        for process in self._running.values():
            process.send("reload")

    async def scrape(self) -> list[Metric]:
        """Return the metrics of all processes and of the supervisor, merged.

        Counts of processes that have ended stay as they were sent last, so that no sum falls.
        """
        await asyncio.gather(*(process.scrape() for process in self._running.values()))
        # At one moment: meanwhile a process may have ended.
        running = [process.metrics for process in self._running.values()]
        return families.merge([self._registry.collect(), *running, self._ended_metrics])

    async def stop(self, seconds: float, wait_s: float) -> bool:
        """End all processes; return whether each of them ended cleanly.

        seconds: after which those that have not ended are killed. wait_s: seconds between the
            ends of two processes. A client that loses its connection to one process connects
            to another one, which must not end at the same moment.
        """
        self._stopping.set()
        listening = self.listening
        for position, process in enumerate(listening):
            process.send("terminate", wait_s=position * wait_s)
        for process in self._running.values():
            if process not in listening:
                process.kill()
        await asyncio.wait(self._keepers, timeout=seconds)
        for number, process in self._running.items():
            log.warning("process killed", number=number, pid=process.pid)
            process.kill()
        await asyncio.wait(self._keepers)
        return self._clean

    def kill(self) -> None:
        """End all processes at once."""
        for process in self._running.values():
            process.kill()
