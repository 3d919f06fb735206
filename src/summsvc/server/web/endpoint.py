"""The HTTP server of the web page, on the event loop of the service."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from summsvc.server.security.credentials import Credentials
from summsvc.server.transport.metrics_endpoint import listening_socket

MAX_CONNECTIONS = 200
"""Open connections; a further one is closed. A browser opens up to six."""

MAX_HEAD_BYTES = 16_384
"""Maximum bytes of a request's first line and headers."""

HEAD_S = 10.0
"""Seconds for the first line and the headers of a request."""

IDLE_S = 60
"""Seconds for which a connection stays open between requests."""

STOP_S = 1
"""Most seconds that remaining connections have when the server stops: all calls have ended."""


class BoundedProtocol(H11Protocol):
    """Connection of a number of connections, with a time limit for the head of a request."""

    _head_limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit_head()
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._limit_head()
        elif self._head_limit is not None:
            self._head_limit.cancel()
            self._head_limit = None

    def _limit_head(self) -> None:
        """Start the time of a head, unless it runs."""
        if self._head_limit is None:
            self._head_limit = self.loop.call_later(HEAD_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._head_limit is not None:
            self._head_limit.cancel()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: those of the service end it too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebEndpoint:
    """Serves an ASGI application on an address of its own.

    port: 0 for a free port. credentials: None for plain HTTP.
    address, port: those that are bound. Raises OSError for a port that is in use.
    """

    def __init__(
        self, app: ASGIApp, host: str, port: int, credentials: Credentials | None = None
    ) -> None:
        options: dict[str, Any] = {}
        if credentials is not None:
            options["ssl_context_factory"] = lambda *_: _reloading_context(credentials)
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=STOP_S,
            reset_contextvars=True,
            **options,
        )
        self._socket = listening_socket(host, port)
        self.address, self.port = self._socket.getsockname()[:2]
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Accept connections from the next iteration of the event loop on."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))

    async def stop(self) -> None:
        """Close the address and the connections, within ``STOP_S`` or soon after."""
        self._server.should_exit = self._server.force_exit = True
        if self._serving is not None:
            await self._serving


def _reloading_context(credentials: Credentials) -> ssl.SSLContext:
    """Return a context that takes for each handshake the certificates that were loaded last."""
    context = credentials.ssl_context()

    def take_last(connection: ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> None:
        connection.context = credentials.ssl_context()

    # OpenSSL calls it for each handshake, also when the client names no server.
    context.sni_callback = take_last
    return context
