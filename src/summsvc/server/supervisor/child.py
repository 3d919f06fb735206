"""A server process under a supervisor."""

from __future__ import annotations

import asyncio
import signal
import socket
from queue import SimpleQueue
from threading import Thread

import structlog

from summsvc.config.handover import Handover
from summsvc.server.app import Server
from summsvc.server.process import execute, shutdown_s, stop_and_exit
from summsvc.server.runtime.shutdown import exit_process
from summsvc.server.runtime.signals import TerminationSignals
from summsvc.server.supervisor import families, messages

log = structlog.get_logger("summsvc.server")

EARLIER_EXIT_S = 0.1
"""Seconds by which a blocked process exits before its supervisor ends it."""


class Supervision:
    """The connection of a server process with its supervisor.

    Two threads receive and send: they answer while the event loop is busy, and neither delays
    it. When the supervisor ends, the process shuts down as on a signal.

    wait_s: as in ``Server.stop``, set by the message to terminate.
    """

    def __init__(self, connection: socket.socket, signals: TerminationSignals) -> None:
        self.wait_s = 0.0
        self._connection = connection
        self._signals = signals
        self._loop = asyncio.get_running_loop()
        self._outgoing: SimpleQueue[bytes] = SimpleQueue()

    def start(self, server: Server) -> None:
        """Start to receive, for this server, and to send."""
        Thread(target=self._receive, args=(server,), name="supervision", daemon=True).start()
        Thread(target=self._send_all, name="supervision-out", daemon=True).start()

    def send(self, kind: str, **fields: object) -> None:
        """Send a message soon. Thread-safe."""
        self._outgoing.put(messages.encode(kind, **fields))

    def _receive(self, server: Server) -> None:
        for message in messages.receive(self._connection):
            match message["kind"]:
                case "ping":
                    self._loop.call_soon_threadsafe(self.send, "pong")
                case "metrics":
                    self._send_metrics(server)
                case "reload":
                    self._loop.call_soon_threadsafe(server.reload)
                case "terminate":
                    self.wait_s = message["wait_s"]
                    self._signals.begin()
        # Without effect when it was told to terminate.
        self._signals.begin()

    def _send_metrics(self, server: Server) -> None:
        try:
            self.send("metrics", families=families.dump(server.registry))
        except Exception:
            # The supervisor must not take a fault of a metric for a process that hangs, and asks
            # again only after an answer.
            log.exception("metrics cannot be collected")
            self.send("metrics")

    def _send_all(self) -> None:
        try:
            while True:
                self._connection.sendall(self._outgoing.get())
        except OSError:
            # The supervisor has ended, which the other thread sees too.
            return


async def serve(handover: Handover) -> None:
    """Serve until the supervisor ends or says so, or until SIGTERM or SIGINT; exit the process."""
    settings = handover.settings
    signals = TerminationSignals(shutdown_s(settings) - EARLIER_EXIT_S, exit_process)
    supervision = Supervision(socket.socket(fileno=handover.connection), signals)
    server = Server(
        settings,
        share_port=True,
        on_health_change=lambda states: supervision.send("health", states=dict(states)),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, server.reload)
    supervision.start(server)
    await server.start(preload_first=handover.preload_first)
    log.info("process listening", port=server.port)
    supervision.send("listening")
    await signals.received.wait()
    await stop_and_exit(server, supervision.wait_s)


def run(handover: Handover) -> int:
    """Run a server in this process, which a supervisor has started. Exit codes: ``execute``."""
    return execute(serve(handover), handover.settings, handover.number)
