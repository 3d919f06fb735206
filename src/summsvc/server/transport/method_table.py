"""Methods of a server without connections, for calls that arrive by another transport.

``MethodTable`` takes the place of gRPC's server: the same servicers and the same interceptor
are added to it, and a call that was received elsewhere is handed to it with its ``HandedCall``.
So a call has the same limits, errors, log lines and metrics, whichever way it arrived: from the
web page, or from Ray's proxy.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, cast

import grpc

from summsvc.server.transport.handlers import Context, Continuation, Handler
from summsvc.server.transport.message_reader import NO_MORE_MESSAGES

Metadata = Sequence[tuple[str, str | bytes]]

Send = Callable[[bytes], Awaitable[None]]
"""Sends an encoded response to the caller; waits until further ones may follow."""


class Interceptor(Protocol):
    """Wraps the handler of each method, as ``grpc.aio.ServerInterceptor`` does."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler: ...


class HandedCall:
    """One call with one request message: what ``grpc.aio.ServicerContext`` is to a connection.

    request: the encoded message, or what the method's handler takes in its place. metadata: of
    the call. peer: address of the caller, as gRPC writes it. timeout_s: seconds that are left to
    the call's deadline; None: it has none.
    code, message, trailing: status and trailing metadata, once the call has ended.
    """

    def __init__(
        self, request: object, *, metadata: Metadata, peer: str, timeout_s: float | None = None
    ) -> None:
        self.code = grpc.StatusCode.OK
        self.message = ""
        self.trailing: Metadata = ()
        self._requests = [request]
        self._metadata = tuple(metadata)
        self._peer = peer
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s

    def connect(self, send: Send, serializer: Callable[[object], bytes] | None) -> None:
        """Set where responses go, and how the method's handler encodes them."""
        self._send, self._serializer = send, serializer

    def invocation_metadata(self) -> Metadata:
        return self._metadata

    def peer(self) -> str:
        return self._peer

    def time_remaining(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def set_trailing_metadata(self, trailing: Metadata) -> None:
        self.trailing = trailing

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Metadata = ()
    ) -> None:
        """End the call with a status; raises ``grpc.aio.AbortError``."""
        self.code, self.message = code, details
        self.trailing = tuple(trailing_metadata) or self.trailing
        raise grpc.aio.AbortError

    async def read(self) -> object:
        """Return the request, then the end of the requests."""
        return self._requests.pop() if self._requests else NO_MORE_MESSAGES

    async def write(self, message: object) -> None:
        """Encode and send a response."""
        encode = self._serializer
        await self._send(cast("bytes", message) if encode is None else encode(message))


class MethodTable(grpc.aio.Server):
    """The methods that were added, by their full names; it listens nowhere.

    interceptors: the outermost first. options: of gRPC's connections, without effect here.
    """

    def __init__(self, *, interceptors: Sequence[Interceptor], options: object = ()) -> None:  # noqa: ARG002
        self._handlers: dict[str, Handler] = {}
        self._wrapped: Continuation = self._handler
        for interceptor in reversed(interceptors):
            self._wrapped = partial(interceptor.intercept_service, self._wrapped)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Handler]
    ) -> None:
        """Add the methods of a service; generated code calls it."""
        self._handlers |= {
            f"/{service_name}/{name}": each for name, each in method_handlers.items()
        }

    async def answer(self, method: str, call: HandedCall) -> bytes:
        """Run a method with one response. Returns b"" when the call's status is an error."""
        return b"".join([response async for response in self.stream(method, call)])

    async def stream(self, method: str, call: HandedCall) -> AsyncGenerator[bytes, None]:
        """Run a method with any number of responses, which end with the call's status."""
        responses: asyncio.Queue[bytes | None] = asyncio.Queue()

        async def send(response: bytes) -> None:
            responses.put_nowait(response)
            await responses.join()

        # In a task of its own, as gRPC runs each call: the drain cancels tasks.
        running = asyncio.create_task(self.run(method, call, send))
        running.add_done_callback(lambda _: responses.put_nowait(None))
        try:
            while (response := await responses.get()) is not None:
                yield response
                responses.task_done()
            await running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def run(self, method: str, call: HandedCall, send: Send) -> None:
        """Run a method in the current task, which the drain may cancel; send its responses."""
        handler = await self._wrapped(_Details(method))
        assert handler is not None
        call.connect(send, handler.response_serializer)
        # ``MessageReader`` makes every method one of streamed requests.
        behavior = cast("Any", handler.stream_stream or handler.stream_unary)
        with suppress(grpc.aio.AbortError):
            response = await behavior(None, cast("Context", call))
            if response is not None:
                await call.write(response)

    async def _handler(self, details: grpc.HandlerCallDetails) -> Handler | None:
        return self._handlers.get(details.method)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: object) -> None:
        """Do nothing: ``add_registered_method_handlers`` gets the same methods."""

    def add_insecure_port(self, address: str) -> int:
        """Bind nothing; return the port of the address."""
        return int(address.rpartition(":")[2])

    def add_secure_port(self, address: str, server_credentials: grpc.ServerCredentials) -> int:  # noqa: ARG002
        """Bind nothing; return the port of the address."""
        return self.add_insecure_port(address)

    async def start(self) -> None:
        """Do nothing: calls are handed over at any time."""

    async def stop(self, grace: float | None = None) -> None:
        """Do nothing: who hands calls over stops doing so, see ``ActiveCalls``."""

    async def wait_for_termination(self, timeout: float | None = None) -> bool:  # noqa: ARG002
        """Return at once: there is nothing to terminate."""
        return True


class _Details(grpc.HandlerCallDetails):
    """What the interceptor is told of a call."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.invocation_metadata = ()
