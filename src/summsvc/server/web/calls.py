"""Calls over HTTP: the JSON of a request in, JSON of the reply or of one event per line out.

A call goes through the steps, the limits and the method of a gRPC call, without gRPC.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import grpc
from google.rpc import status_pb2
from starlette.requests import Request
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from summsvc.errors import TextTooLongError
from summsvc.server.codec.status import DETAILS_KEY
from summsvc.server.transport.method_table import HandedCall, MethodTable
from summsvc.server.web.messages import error_json, http_status

JSON = b"application/json"
JSON_LINES = b"application/x-ndjson"


class CallEndpoint:
    """ASGI endpoint of one method.

    methods: with ``JsonHandlers``. method: its name as gRPC has it, ``/package.Service/Method``.
    kind: media type of responses. max_bytes: of a request's body.
    """

    def __init__(self, methods: MethodTable, method: str, kind: bytes, max_bytes: int) -> None:
        self._methods, self._method = methods, method
        self._kind, self._max_bytes = kind, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        body: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        receiving = asyncio.create_task(self._receive(receive, body, task))
        request, response = Request(scope), _Response(send, self._kind)
        # Without a deadline: people who wait may cancel.
        call = HandedCall(body, metadata=request.headers.items(), peer=_peer(request))
        try:
            await self._methods.run(self._method, call, response.write)
            if call.code is not grpc.StatusCode.OK:
                await response.fail(_status(call))
            await response.end()
        except asyncio.CancelledError:
            # The reception ends by itself when the client has left: there is nothing to answer.
            if not receiving.done():
                raise
        finally:
            receiving.cancel()
            if body.done() and not body.cancelled():
                body.exception()  # Marks it as seen: the call may have failed before.

    async def _receive(
        self, receive: Receive, body: asyncio.Future[bytes], call: asyncio.Task[Any]
    ) -> None:
        """Receive the body of a call, and then cancel the call when its client leaves."""
        parts = bytearray()
        while (event := await receive())["type"] == "http.request":
            parts += event.get("body", b"")
            if len(parts) > self._max_bytes:
                body.set_exception(_too_long(self._max_bytes))
                return
            if not event.get("more_body") and not body.done():
                body.set_result(bytes(parts))
                parts.clear()
        call.cancel()


class _Response:
    """Response of a call; its status is sent with the first part."""

    def __init__(self, send: Send, kind: bytes) -> None:
        self._send, self._kind = send, kind
        self._started = False

    async def write(self, part: bytes) -> None:
        """Send a part, no faster than the client reads."""
        await self._start(200)
        await self._send(_part(part, more=True))

    async def fail(self, status: status_pb2.Status) -> None:
        """Send an error: with its status, or after parts that were sent as the last part."""
        await self._start(http_status(status))
        await self._send(_part(error_json(status) + b"\n", more=True))

    async def end(self) -> None:
        await self._send(_part(b"", more=False))

    async def _start(self, status: int) -> None:
        if not self._started:
            self._started = True
            headers = [(b"content-type", self._kind)]
            await self._send({"type": "http.response.start", "status": status, "headers": headers})


def _part(body: bytes, *, more: bool) -> Event:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _peer(request: Request) -> str:
    """Return the address of a client in gRPC's notation."""
    client = request.client
    if client is None:
        return "unknown"
    if ":" in client.host:
        return f"ipv6:{quote(f'[{client.host}]')}:{client.port}"
    return f"ipv4:{client.host}:{client.port}"


def _status(call: HandedCall) -> status_pb2.Status:
    """Return the status of a failed call; HTTP/1.1 has no trailers for the request id."""
    details = dict(call.trailing)[DETAILS_KEY]
    assert isinstance(details, bytes)
    return status_pb2.Status.FromString(details)


def _too_long(limit: int) -> TextTooLongError:
    return TextTooLongError(
        f"the request has more than {limit} bytes; send less text in one request",
        metadata={"limit": str(limit)},
    )
