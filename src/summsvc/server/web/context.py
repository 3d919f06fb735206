"""What the steps and methods of a call need of gRPC's context, for a request over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn, cast
from urllib.parse import quote

import grpc
from google.rpc import status_pb2
from starlette.requests import Request

from summsvc.server.transport.handlers import Context

DETAILS_KEY = "grpc-status-details-bin"
"""Key of the trailing metadata that have the status of an error."""


class CallAbortedError(Exception):
    """Raised when a call ends with an error. status: as gRPC's clients receive it."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(status.message)
        self.status = status


class HttpContext:
    """Context of a call by HTTP: its peer and its headers; it has no deadline."""

    def __init__(self, request: Request) -> None:
        self._request = request

    @staticmethod
    def of(request: Request) -> Context:
        """Create the context of a request, as the type that steps and methods declare."""
        return cast("Context", HttpContext(request))

    def peer(self) -> str:
        """Return the address of the client in gRPC's notation."""
        client = self._request.client
        if client is None:
            return "unknown"
        if ":" in client.host:
            return f"ipv6:{quote(f'[{client.host}]')}:{client.port}"
        return f"ipv4:{client.host}:{client.port}"

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """Return the headers, with names in lower case."""
        return tuple(self._request.headers.items())

    def time_remaining(self) -> None:
        """Return None: people who wait have no deadline, and may cancel."""

    def set_trailing_metadata(self, metadata: Iterable[tuple[str, str | bytes]]) -> None:
        """Ignore the request id: an error has it in its status, and HTTP/1.1 has no trailers."""

    async def abort(
        self,
        _code: grpc.StatusCode,
        _message: str,
        metadata: Iterable[tuple[str, str | bytes]],
    ) -> NoReturn:
        """End the call: raises CallAbortedError."""
        details = cast("bytes", dict(metadata)[DETAILS_KEY])
        raise CallAbortedError(status_pb2.Status.FromString(details))
