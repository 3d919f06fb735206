"""One server process, as its supervisor sees it."""

from __future__ import annotations

import asyncio
import signal
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from prometheus_client.core import Metric

from summsvc.config import Settings
from summsvc.config.handover import Handover
from summsvc.server.services.health import State
from summsvc.server.supervisor import families, messages
from summsvc.server.supervisor.metrics import Cause
from summsvc.time_limits import holds_within

PING_S = 5.0
"""Seconds between two questions whether the event loop of a process still answers."""

ANSWER_S = 30.0
"""Seconds after which a process whose event loop has not answered is ended."""

SCRAPE_S = 1.0
"""Seconds to wait for the metrics of a process. Without an answer its last ones count."""


class ServerProcess:
    """A started process and the connection with it.

    listening: set when the process accepts calls. health: its states, by service. metrics: those
    that it sent last. cause: why it ended.
    """

    def __init__(
        self,
        process: Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_change: Callable[[], None],
    ) -> None:
        self.pid = process.pid
        self.listening = asyncio.Event()
        self.health: Mapping[str, State] = {}
        self.metrics: list[Metric] = []
        self.cause: Cause = "exit"
        self._process, self._reader, self._writer = process, reader, writer
        self._on_change = on_change
        self._answered = asyncio.Event()
        self._scraped: asyncio.Event | None = None

    @staticmethod
    async def start(
        command: Sequence[str],
        settings: Settings,
        *,
        number: int,
        preload_first: bool,
        on_change: Callable[[], None],
    ) -> ServerProcess:
        """Start a process with a connection to this one.

        command: that of a server, which finds its ``Handover`` in the environment. on_change:
            called when ``listening`` or ``health`` has changed.
        Raises OSError when the system cannot start a process.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            handover = Handover(
                number=number,
                connection=theirs.fileno(),
                preload_first=preload_first,
                settings=settings,
            )
            reader, writer = await asyncio.open_connection(sock=ours)
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    env=handover.environment(),
                    pass_fds=[theirs.fileno()],
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    # The terminal's signals reach the supervisor, which passes them on.
                    process_group=0,
                )
            except OSError:
                writer.close()
                raise
            except RuntimeError as error:
                # No thread is left to wait for the process, which ends with its connection.
                writer.close()
                raise OSError(str(error)) from error
        return ServerProcess(process, reader, writer, on_change)

    async def follow(self, start_s: float) -> int:
        """Wait until the process has ended; return its exit code, negative for a signal.

        start_s: seconds after which a process that does not accept calls is ended.
        """
        watching = [
            asyncio.create_task(self._receive()),
            asyncio.create_task(self._watch(start_s)),
        ]
        try:
            code = await self._process.wait()
        finally:
            for task in watching:
                task.cancel()
            self._writer.close()
        if code < 0 and self.cause == "exit":
            self.cause = "signal"
        return code

    def send(self, kind: str, **fields: object) -> None:
        """Send a message."""
        self._writer.write(messages.encode(kind, **fields))

    def kill(self) -> None:
        """End the process at once, if it has not ended."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def scrape(self) -> list[Metric]:
        """Return the metrics of the process, those that it sent last if it does not answer."""
        if self._scraped is None:
            self._scraped = asyncio.Event()
            self.send("metrics")
        with suppress(TimeoutError):
            async with asyncio.timeout(SCRAPE_S):
                await self._scraped.wait()
        return self.metrics

    async def _receive(self) -> None:
        async for message in messages.receive_async(self._reader):
            match message["kind"]:
                case "pong":
                    self._answered.set()
                case "metrics":
                    if "families" in message:
                        self.metrics = families.load(message["families"])
                    if self._scraped is not None:
                        self._scraped.set()
                        self._scraped = None
                case "health":
                    self.health = message["states"]
                    self._on_change()
                case "listening":
                    self.listening.set()
                    self._on_change()

    async def _watch(self, start_s: float) -> None:
        """End the process when it does not listen in time, or later does not answer in time."""
        if await holds_within(partial(_is_set, self.listening), start_s):
            while True:
                self._answered.clear()
                self.send("ping")
                if not await holds_within(partial(_is_set, self._answered), ANSWER_S):
                    break
                await asyncio.sleep(PING_S)
        self.cause = "unresponsive" if self.listening.is_set() else "start"
        self.kill()


async def _is_set(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait until an event is set, at most ``timeout_s`` seconds. Returns whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
    return event.is_set()
