"""Methods of a server without connections, for calls that arrive by another transport.

``MethodTable`` takes the place of gRPC's server: the same servicers and the same interceptor
are added to it, and a call that was received elsewhere is handed to it with its ``HandedCall``.
So a call has the same limits, errors, log lines and metrics, whichever way it arrived.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, cast

import grpc

from summsvc.server.transport.handlers import Context, Continuation, Handler
from summsvc.server.transport.message_reader import NO_MORE_MESSAGES

Metadata = Sequence[tuple[str, str | bytes]]


class Interceptor(Protocol):
    """Wraps the handler of each method, as ``grpc.aio.ServerInterceptor`` does."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler: ...


class HandedCall:
    """One call with one request message: what ``grpc.aio.ServicerContext`` is to a connection.

    request: the encoded message. metadata: of the call. peer: address of the caller, as gRPC
    writes it. timeout_s: seconds that are left to the call's deadline; None: it has none.
    code, message, trailing: status and trailing metadata, once the call has ended.
    """

    def __init__(
        self, request: bytes, *, metadata: Metadata, peer: str, timeout_s: float | None
    ) -> None:
        self.code = grpc.StatusCode.OK
        self.message = ""
        self.trailing: Metadata = ()
        self.serializer: Callable[[object], bytes] | None = None
        self._requests = [request]
        self._responses: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._metadata = tuple(metadata)
        self._peer = peer
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s

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
        """Hand a response of a stream to ``responses``; wait until it was taken."""
        self._responses.put_nowait(self.encoded(message))
        await self._responses.join()

    def encoded(self, message: object) -> bytes:
        """Encode a response as the method's handler says."""
        return cast("bytes", message) if self.serializer is None else self.serializer(message)

    def end(self) -> None:
        """End the responses."""
        self._responses.put_nowait(None)

    async def responses(self) -> AsyncGenerator[bytes, None]:
        """Yield the responses of a stream until its end."""
        while (response := await self._responses.get()) is not None:
            yield response
            self._responses.task_done()


class MethodTable(grpc.aio.Server):
    """The methods that were added, by their full names; it listens nowhere.

    interceptors: exactly one. options: of gRPC's connections, without effect here.
    """

    def __init__(self, *, interceptors: Sequence[Interceptor], options: object = ()) -> None:  # noqa: ARG002
        (self._interceptor,) = interceptors
        self._handlers: dict[str, Handler] = {}

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Handler]
    ) -> None:
        """Add the methods of a service; generated code calls it."""
        self._handlers |= {
            f"/{service_name}/{name}": each for name, each in method_handlers.items()
        }

    async def answer(self, method: str, call: HandedCall) -> bytes:
        """Run a method with one response. Returns b"" when the call's status is an error."""
        # In a task of its own, as gRPC runs each call: the drain cancels tasks.
        return await asyncio.create_task(self._run(method, call))

    async def stream(self, method: str, call: HandedCall) -> AsyncGenerator[bytes, None]:
        """Run a method with any number of responses, which end with the call's status."""
        running = asyncio.create_task(self._run(method, call))
        running.add_done_callback(lambda _: call.end())
        try:
            async for response in call.responses():
                yield response
            await running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def _run(self, method: str, call: HandedCall) -> bytes:
        handler = await self._interceptor.intercept_service(self._handler, _Details(method))
        call.serializer = handler.response_serializer
        # The interceptor makes every method one of streamed requests.
        behavior = cast("Any", handler.stream_stream or handler.stream_unary)
        with suppress(grpc.aio.AbortError):
            response = await behavior(None, cast("Context", call))
            if response is not None:
                return call.encoded(response)
        return b""

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
