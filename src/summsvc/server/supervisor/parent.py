"""The parent of several server processes: the port, the metrics and health endpoints, signals."""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog
from prometheus_client import CollectorRegistry

from summsvc.config import Settings
from summsvc.server import process
from summsvc.server.process import announce, execute, shutdown_s
from summsvc.server.runtime.metrics import LogMetrics
from summsvc.server.runtime.shutdown import exit_process
from summsvc.server.runtime.signals import FORCED_EXIT_S, TerminationSignals
from summsvc.server.security.credentials import Credentials
from summsvc.server.security.reloading import Reloader
from summsvc.server.security.tokens import Tokens
from summsvc.server.supervisor.health import MergedHealth
from summsvc.server.supervisor.metrics import MergedCollector
from summsvc.server.supervisor.sizing import suggested_processes
from summsvc.server.supervisor.supervisor import StartError, Supervisor
from summsvc.server.transport.health_server import start_health_server
from summsvc.server.transport.listener import reserve
from summsvc.server.transport.metrics_endpoint import MetricsEndpoint, register_process_metrics

log = structlog.get_logger("summsvc.server")

STAGGER_S = 0.3
"""Seconds between the ends of two processes: a process that gets no more calls ends after 0.2."""

STAGGER_SHARE = 0.25
"""Most of ``drain_s`` that all these seconds take together."""

EXIT_MARGIN_S = 0.05
"""Seconds before its own forced exit at which the parent ends processes that are left."""


class Parent:
    """Composition of the parent; it loads no model and does not listen on the common port."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        registry = CollectorRegistry()
        registry.register(LogMetrics())
        register_process_metrics(registry)
        self._health = MergedHealth()
        self._supervisor = Supervisor(
            command(), settings.processes, registry=registry, health=self._health
        )
        self._signals = TerminationSignals(shutdown_s(settings), self._exit_at_once)
        self._tokens = Tokens(settings.metrics_token_file, "metrics_token_file")
        self._credentials = Credentials.from_settings(settings) if settings.metrics_tls else None
        self._reloader = Reloader([self._tokens, self._credentials])

    async def serve(self) -> None:
        """Run the server processes until SIGTERM or SIGINT, then drain them and exit.

        Prints the address like a single server when all processes accept calls. SIGHUP reloads
        certificates and tokens in all processes. Raises OSError for a port in use, SettingsError
        for a file that cannot be used; exits with the code of a process that cannot start.
        """
        settings, loop = self._settings, asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        self._reloader.load()
        # Kept open: the port stays this service's, also while no process listens.
        reserved = await reserve(settings.host, settings.port)
        port = int(reserved[0].getsockname()[1])
        metrics_port = self._serve_metrics()
        health_port, health_server = -1, None
        if settings.health_port >= 0:
            health_server, health_port = await start_health_server(settings, self._health.servicer)
        watching = asyncio.create_task(self._reloader.watch())
        own = {"port": port, "health_port": -1, "metrics_port": -1}
        if await self._start(settings.model_copy(update=own)):
            await announce(
                settings.host, port, {"health_port": health_port, "metrics_port": metrics_port}
            )
        await self._signals.received.wait()
        until = loop.time() + shutdown_s(settings)
        clean = await self._stop()
        watching.cancel()
        if health_server is not None:
            self._health.servicer.shut_down()
            await health_server.stop(None)
        log.info("stopped", clean=clean)
        exit_process(0 if clean else 1, until - loop.time())

    async def _start(self, settings: Settings) -> bool:
        """Start the processes; return False when a signal came first."""
        starting = asyncio.create_task(self._supervisor.start(settings))
        received = asyncio.create_task(self._signals.received.wait())
        await asyncio.wait([starting, received], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            try:
                starting.result()
            except StartError as error:
                # The process has logged the reason.
                log.critical("cannot start", reason=str(error))
                exit_process(error.code)
        return starting.done()

    async def _stop(self) -> bool:
        settings = self._settings
        log.info("draining", delay=settings.drain_delay_s, seconds=settings.drain_s)
        self._health.servicer.announce_shutdown()
        stagger_s = min(STAGGER_S, STAGGER_SHARE * settings.drain_s / settings.processes)
        limit_s = shutdown_s(settings) + FORCED_EXIT_S - EXIT_MARGIN_S
        return await self._supervisor.stop(limit_s, stagger_s)

    def _serve_metrics(self) -> int:
        """Serve the metrics of all processes; return the port, -1 when it is off."""
        settings = self._settings
        if settings.metrics_port < 0:
            return -1
        registry = CollectorRegistry()
        registry.register(MergedCollector(self._supervisor.scrape))
        return MetricsEndpoint(
            settings.metrics_host,
            settings.metrics_port,
            registry,
            tokens=self._tokens,
            credentials=self._credentials,
        ).port

    def _reload(self) -> None:
        self._reloader.request_reload()
        self._supervisor.reload()

    def _exit_at_once(self, code: int) -> None:
        self._supervisor.kill()
        exit_process(code)


def command() -> list[str]:
    """Return the command of this process, to be executed again."""
    return [sys.executable, *sys.orig_argv[1:]]


async def _serve(settings: Settings) -> None:
    await Parent(settings).serve()


def run(settings: Settings) -> int:
    """Run as many server processes as the settings say; one alone runs in this process.

    Exit codes: those of a single server, see ``process.execute``. Processes that have not ended
    after the time of the shutdown are killed, which is no clean shutdown.
    """
    count = settings.processes or suggested_processes(settings)
    settings = settings.model_copy(update={"processes": count})
    return process.run(settings) if count == 1 else supervise(settings)


def supervise(settings: Settings) -> int:
    """Run the processes below a parent, also a single one."""
    return execute(_serve(settings), settings)
