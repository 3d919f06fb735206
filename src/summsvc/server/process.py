"""Server process: starts a server, serves until a termination signal, shuts down and exits."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine, Mapping

import structlog

from summsvc.config import Settings, SettingsError
from summsvc.models.catalog import CatalogError
from summsvc.server.app import Server
from summsvc.server.runtime import logs
from summsvc.server.runtime.shutdown import THREAD_EXIT_S, completes_within, exit_process
from summsvc.server.runtime.signals import TerminationSignals

log = structlog.get_logger("summsvc.server")


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain. SIGHUP reloads certificates and tokens.

    Prints ``listening on HOST:PORT`` when calls are accepted, after the log has all ports, and
    before it the address of the web page if there is one.
    Does not return but exits the process: Python would wait for threads that may never end.
    """
    signals = TerminationSignals(shutdown_s(settings), exit_process)
    server = Server(settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, server.reload)
    await server.start()
    ports = {"health_port": server.health_port, "metrics_port": server.metrics_port}
    if settings.web:
        ports["web_port"] = server.web_port
    await announce(settings.host, server.port, ports, web_url=server.web_url)
    await signals.received.wait()
    await stop_and_exit(server)


async def announce(host: str, port: int, others: Mapping[str, int], *, web_url: str = "") -> None:
    """Log the ports, then print the addresses of the web page and of calls.

    others: the ports of other endpoints by name. web_url: empty when there is no page.
    """
    log.info("listening", host=host, port=port, **others)
    await asyncio.to_thread(logs.flush)
    if web_url:
        print(f"web page at {web_url}", flush=True)
    print(f"listening on {host}:{port}", flush=True)


def shutdown_s(settings: Settings) -> float:
    """Seconds that a shutdown may take, without the time to close the transport."""
    return settings.drain_delay_s + settings.drain_s


async def stop_and_exit(server: Server, wait_s: float = 0.0) -> None:
    """Drain the server and exit the process. wait_s: see ``Server.stop``."""
    until = time.monotonic() + shutdown_s(server.settings)
    clean = await server.stop(wait_s)
    # Threads that read the store may wait for a disk that does not respond.
    executor_shutdown = asyncio.get_running_loop().shutdown_default_executor()
    clean = clean and await completes_within(executor_shutdown, THREAD_EXIT_S)
    log.info("stopped", clean=clean)
    exit_process(0 if clean else 1, until - time.monotonic())


def run(settings: Settings) -> int:
    """Run a server in this process, and exit the process with it. Exit codes: see ``execute``."""
    return execute(serve(settings), settings)


def execute(
    serving: Coroutine[object, object, None], settings: Settings, process: int | None = None
) -> int:
    """Run what serves until it exits the process. process: its number in the log, if any.

    Exit codes: 0 after a clean shutdown, 1 after any other one, 128 plus the signal's number
    after a second signal. Returns 1 when the server cannot start: an address is in use, or
    a file of the settings cannot be read or used.
    """
    logs.configure(settings.log_level, settings.log_format, process)
    try:
        asyncio.run(serving)
    except (OSError, CatalogError, SettingsError) as error:
        log.critical("cannot start", reason=str(error))
        return 1
    finally:
        logs.flush()
    return 0
