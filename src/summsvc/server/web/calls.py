"""Calls over HTTP: the JSON of a request in, JSON of the reply or of one event per line out.

A call goes through the steps, the limits and the method of a gRPC call, without gRPC.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from starlette.requests import Request
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from summsvc.config import Settings
from summsvc.errors import DeadlineError, TextTooLongError
from summsvc.server.call_steps import Call, CallSteps
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.server.transport.callers import current_caller
from summsvc.server.transport.handlers import Context
from summsvc.server.web.context import CallAbortedError, HttpContext
from summsvc.server.web.messages import encoded_request, error_json, http_status, reply_json
from summsvc.tasks.pipeline.text_workers import TextWorkers

JSON = b"application/json"
JSON_LINES = b"application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a gRPC service.

    name: as gRPC has it, ``/package.Service/Method``. run: for one reply. stream: for events.
    """

    name: str
    request: type[Message]
    reply: type[Message]
    run: Callable[[Any, Context], Awaitable[Message | bytes]] | None = None
    stream: Callable[[Any, Context], AsyncIterator[Message]] | None = None


class Calls:
    """What all calls share: the steps, the deserializer, the text workers and the limits."""

    def __init__(
        self,
        settings: Settings,
        steps: CallSteps,
        deserializer: RequestDeserializer,
        workers: TextWorkers,
    ) -> None:
        self.steps = steps
        self._deserializer = deserializer
        self._workers = workers
        self._max_bytes = settings.max_message_bytes
        self._max_entries = max(settings.max_terms, settings.max_batch_articles)
        self._max_receive_s = settings.max_receive_s

    async def request(self, method: Method, body: asyncio.Future[bytes]) -> Message:
        """Wait for the body of a call, and parse it.

        Raises DeadlineError for a body that does not arrive in time, InvalidInputError for one
        that is too long or not a request.
        """
        try:
            async with asyncio.timeout(self._max_receive_s):
                data = await body
        except TimeoutError:
            raise DeadlineError(
                f"no request arrived within {self._max_receive_s:g} s; send it with the call"
            ) from None
        return await self._workers.offload(len(data), self._parse, method.request, data)

    def _parse(self, kind: type[Message], data: bytes) -> Message:
        return self._deserializer.parse(kind, encoded_request(data, kind, self._max_entries))

    async def json(self, method: Method, reply: Message | bytes) -> bytes:
        """Convert a reply to JSON, a long one in a thread."""
        size = len(reply) if isinstance(reply, bytes) else 0
        return await self._workers.offload(size, reply_json, method.reply, reply)

    async def receive(
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


class CallEndpoint:
    """ASGI endpoint of one method."""

    def __init__(self, calls: Calls, method: Method) -> None:
        self._calls, self._method = calls, method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = asyncio.current_task()
        assert call is not None
        body: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        receiving = asyncio.create_task(self._calls.receive(receive, body, call))
        response = _Response(send, JSON if self._method.stream is None else JSON_LINES)
        try:
            try:
                await self._answer(HttpContext.of(Request(scope)), body, response)
            except CallAbortedError as aborted:
                await response.fail(http_status(aborted.status), error_json(aborted.status))
            await response.end()
        except asyncio.CancelledError:
            # The reception ends by itself when the client has left: there is nothing to answer.
            if not receiving.done():
                raise
        finally:
            receiving.cancel()
            if body.done() and not body.cancelled():
                body.exception()  # Marks it as seen: the call may have failed before.

    async def _answer(
        self, context: Context, body: asyncio.Future[bytes], response: _Response
    ) -> None:
        calls, method = self._calls, self._method
        async with Call(calls.steps, method.name, None, context):
            request = await calls.request(method, body)
            if method.run is not None:
                await response.write(await calls.json(method, await method.run(request, context)))
            elif method.stream is not None:
                async with aclosing(method.stream(request, context)) as events:  # type: ignore[type-var]
                    async for event in events:
                        await calls.steps.responses.admit(current_caller())
                        await response.write(await calls.json(method, event) + b"\n")


class _Response:
    """Response of a call; its status is sent with the first part."""

    def __init__(self, send: Send, kind: bytes) -> None:
        self._send, self._kind = send, kind
        self._started = False

    async def write(self, part: bytes) -> None:
        """Send a part, no faster than the client reads."""
        await self._start(200)
        await self._send(_part(part, more=True))

    async def fail(self, status: int, error: bytes) -> None:
        """Send an error: with its status, or after parts that were sent as the last part."""
        await self._start(status)
        await self._send(_part(error + b"\n", more=True))

    async def end(self) -> None:
        await self._send(_part(b"", more=False))

    async def _start(self, status: int) -> None:
        if not self._started:
            self._started = True
            headers = [(b"content-type", self._kind)]
            await self._send({"type": "http.response.start", "status": status, "headers": headers})


def _part(body: bytes, *, more: bool) -> Event:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _too_long(limit: int) -> TextTooLongError:
    return TextTooLongError(
        f"the request has more than {limit} bytes; send less text in one request",
        metadata={"limit": str(limit)},
    )
