"""HTTP endpoint of the metrics, with the server's TLS and with tokens of its own.

It has an event loop in a thread of its own: it answers while the server's loop is busy, and a
connection costs no thread, however slow its client is.
"""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from contextlib import closing, suppress
from threading import Thread

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from summsvc.server.security.credentials import Credentials
from summsvc.server.security.tokens import Tokens, bearer_token

MAX_CONNECTIONS = 100
"""Open connections; above the bound the oldest one is closed. A scrape sends its request at
once, so the oldest connection is the least likely one to be a scrape."""

CONNECTION_S = 10.0
"""Seconds for a whole connection, from TLS handshake to reply: the default time limit of a
scrape in Prometheus."""

MAX_HEAD_BYTES = 16_384
"""Maximum bytes of a request's first line and headers."""

RETRY_ACCEPT_S = 0.1
"""Seconds until the next attempt to accept a connection when the process has too many files."""


def register_process_metrics(registry: CollectorRegistry) -> None:
    """Register the metrics of this process, of Python and of the garbage collector."""
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)


class MetricsEndpoint:
    """HTTP server of the metrics of a registry; answers GET on any path.

    credentials: None for plain HTTP. tokens: those that may read the metrics.
    port: the port that is bound. Raises OSError for a port that is in use.
    """

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        *,
        tokens: Tokens,
        credentials: Credentials | None = None,
    ) -> None:
        self._app = make_wsgi_app(registry)
        self._tokens, self._credentials = tokens, credentials
        self._open: OrderedDict[asyncio.Task[None], socket.socket] = OrderedDict()
        self._socket = listening_socket(host.strip("[]"), port)
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._serving = self._loop.create_task(self._serve())
        Thread(target=self._run, name="metrics", daemon=True).start()

    def stop(self) -> None:
        """Close the endpoint and its connections, soon and in its thread."""
        self._loop.call_soon_threadsafe(self._serving.cancel)

    def _run(self) -> None:
        with closing(self._loop), closing(self._socket):
            self._loop.run_until_complete(self._serving)

    async def _serve(self) -> None:
        with suppress(asyncio.CancelledError):
            await self._accept()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open)

    async def _accept(self) -> None:
        while True:
            try:
                connection, _ = await self._loop.sock_accept(self._socket)
            except OSError:
                await asyncio.sleep(RETRY_ACCEPT_S)
                continue
            task = self._loop.create_task(self._connection(connection))
            self._open[task] = connection
            task.add_done_callback(self._close)
            if len(self._open) > MAX_CONNECTIONS:
                next(iter(self._open)).cancel()
                await asyncio.sleep(0)

    def _close(self, task: asyncio.Task[None]) -> None:
        """Close a connection, also of a task that was cancelled before it began."""
        self._open.pop(task).close()

    async def _connection(self, connection: socket.socket) -> None:
        context = None if self._credentials is None else self._credentials.ssl_context()
        reader = asyncio.StreamReader(MAX_HEAD_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        # Errors: the client has left, is too slow, or makes room for another one.
        with suppress(OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            async with asyncio.timeout(CONNECTION_S):
                transport, _ = await self._loop.connect_accepted_socket(
                    lambda: protocol, connection, ssl=context
                )
                writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
                try:
                    writer.write(self._answer(await reader.readuntil(b"\r\n\r\n")))
                    writer.close()
                    await writer.wait_closed()
                finally:
                    transport.abort()

    def _answer(self, head: bytes) -> bytes:
        """Answer a request, of which only the first line and the headers are read."""
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        split = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in split}
        method, _, rest = first.partition(" ")
        target, _, version = rest.partition(" ")
        if not version.startswith("HTTP/1."):
            return _response("400 Bad Request", [], b"this is no request of HTTP/1.1\n")
        token = bearer_token(headers.get("authorization", ""))
        if self._tokens.required and self._tokens.identify(token) is None:
            return _response("401 Unauthorized", [("WWW-Authenticate", "Bearer")], b"")
        path, _, query = target.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_ACCEPT": headers.get("accept"),
            "HTTP_ACCEPT_ENCODING": headers.get("accept-encoding"),
        }
        head_of_reply: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(self._app(environ, lambda *reply: head_of_reply.append(reply)))
        return _response(*head_of_reply[0], body)


def listening_socket(host: str, port: int) -> socket.socket:
    """Listen on the first address of a host. Raises OSError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.create_server(address[:2], family=family, backlog=512)
    except OSError as error:
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listening.setblocking(False)
    return listening


def _response(status: str, fields: list[tuple[str, str]], body: bytes) -> bytes:
    fields = [*fields, ("Content-Length", str(len(body))), ("Connection", "close")]
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
