"""Services in Ray Serve's gRPC proxy: calls go to the replicas as bytes, statuses come back whole.

Ray's proxy has a factory of method handlers; each handler sends its call to a replica. The
handlers here enclose those of Ray, because Ray alone

- parses requests in the proxy, before their size and their lists are checked;
- tells the replica no deadline;
- gives a failed stream a code and a message, but no ``google.rpc.Status``;
- answers INTERNAL when the replica of a call has died, which clients do not retry.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol, TypeAlias

import grpc
from grpc.aio._server import Server as AioServer
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.errors import (
    DeadlineError,
    DrainingError,
    OverloadedError,
    SummsvcError,
    UnknownMethodError,
)
from summsvc.ray.metadata import MESSAGE, RAY_KEYS, RAY_REQUEST_ID_KEY, TIMEOUT_KEY
from summsvc.server.call_steps import REQUEST_ID_KEY, request_id_of
from summsvc.server.codec.status import code_of, status_of, trailing_metadata
from summsvc.v1 import (
    model_service_pb2_grpc,
    summarization_service_pb2_grpc,
    translation_service_pb2_grpc,
)

log = logging.getLogger("ray.serve")
"""The log of Ray's proxy."""

SERVICES: tuple[Callable[[Any, Any], None], ...] = (
    summarization_service_pb2_grpc.add_SummarizationServiceServicer_to_server,
    translation_service_pb2_grpc.add_TranslationServiceServicer_to_server,
    model_service_pb2_grpc.add_ModelServiceServicer_to_server,
    health_pb2_grpc.add_HealthServicer_to_server,
)
"""The generated functions that add the services."""

NOT_SERVED = frozenset({"List"})
"""Methods of the health service that a server does not implement either."""

HEALTH_CHECK = "/grpc.health.v1.Health/Check"
HEALTH_WATCH = "/grpc.health.v1.Health/Watch"

HEALTH_S = 5.0
"""Seconds for a replica to answer a health check. Ray holds a call until there is a replica."""

WATCH_PERIOD_S = 1.0
"""Seconds between the checks of a watched service. A watch is no call of a replica: a replica
would end only when all its watchers have left."""

NOT_SERVING = health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.NOT_SERVING)
UNKNOWN = health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Metadata = Sequence[tuple[str, str | bytes]]
Unary = Callable[[bytes, Any], Awaitable[bytes]]
Stream = Callable[[bytes, Any], AsyncGenerator[bytes, None]]


class RayServer(Protocol):
    """What is used of ``gRPCGenericServer`` in ``ray/serve/_private/grpc_util.py``.

    service_handler_factory: called with ``service_method`` and ``streaming_type``, one of
    "unary_unary", "unary_stream", "stream_unary" and "stream_stream"; returns a handler.
    """

    service_handler_factory: Callable[..., Any]

    def add_generic_rpc_handlers(
        self, handlers: Sequence[grpc.GenericRpcHandler[Any, Any]], /
    ) -> None: ...

    def add_registered_method_handlers(
        self, service: str, handlers: dict[str, grpc.RpcMethodHandler[Any, Any]], /
    ) -> None: ...


def add_services(servicer: object, server: RayServer) -> None:
    """Add all services to the gRPC server of a proxy; Ray calls it in the proxy's process.

    servicer: a mock of Ray's; the methods of replicas take its place.
    """
    factory = server.service_handler_factory
    server.service_handler_factory = Forwarding(factory)
    try:
        for add in SERVICES:
            add(servicer, _EncodedRequests(server))
    finally:
        server.service_handler_factory = factory
    # Ray's own server would send the method to the replicas.
    AioServer.add_generic_rpc_handlers(server, (_UnknownMethods(),))  # type: ignore[arg-type]


class _EncodedRequests:
    """Adds the methods of generated code to a server, without the parsing of requests."""

    def __init__(self, server: RayServer) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Do nothing: the other function gets the same methods."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        encoded = {
            name: handler._replace(request_deserializer=None)  # type: ignore[attr-defined]
            for name, handler in handlers.items()
            if name not in NOT_SERVED
        }
        generic = grpc.method_handlers_generic_handler(service, encoded)
        self._server.add_generic_rpc_handlers((generic,))
        self._server.add_registered_method_handlers(service, encoded)


class Forwarding:
    """Factory of the handlers in the proxy. ray: Ray's factory, see ``RayServer``."""

    def __init__(self, ray: Callable[..., Any]) -> None:
        self._ray = ray

    def __call__(self, *, service_method: str, streaming_type: str) -> Any:
        """Return the handler of a method; no method of ours streams requests."""
        unary = streaming_type == "unary_unary"
        if unary and service_method == HEALTH_CHECK:
            return _health_check(self._ask_health(streaming_type))
        if streaming_type == "unary_stream" and service_method == HEALTH_WATCH:
            return _health_watch(self._ask_health(type(streaming_type)("unary_unary")))
        handler = self._ray(service_method=service_method, streaming_type=streaming_type)
        return _unary(handler) if unary else _stream(handler)

    def _ask_health(self, streaming_type: str) -> Unary:
        handler: Unary = self._ray(service_method=HEALTH_CHECK, streaming_type=streaming_type)
        return handler


class ProxiedCall:
    """The context that Ray's handlers get: changes the metadata, and keeps the call's status.

    What it does not define is that of gRPC's context.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._code: grpc.StatusCode | None = None
        self._details = ""
        self._trailing: Metadata = ()
        self.request_id = request_id_of(context)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def invocation_metadata(self) -> Metadata:
        """Return what the caller sent, with the request id and the time that is left."""
        replaced = {*RAY_KEYS, REQUEST_ID_KEY, TIMEOUT_KEY}
        sent = self._context.invocation_metadata() or ()
        kept = [(str(key), value) for key, value in sent if key not in replaced]
        kept += [(REQUEST_ID_KEY, self.request_id), (RAY_REQUEST_ID_KEY, self.request_id)]
        seconds = self._context.time_remaining()
        if seconds is not None:
            kept.append((TIMEOUT_KEY, f"{seconds:.6f}"))
        return kept

    def code(self) -> grpc.StatusCode | None:
        return self._code

    def set_code(self, code: grpc.StatusCode) -> None:
        self._code = code

    def details(self) -> str:
        return self._details

    def set_details(self, details: str) -> None:
        self._details = details

    def trailing_metadata(self) -> Metadata:
        return self._trailing

    def set_trailing_metadata(self, trailing: Metadata) -> None:
        self._trailing = trailing

    @property
    def answered(self) -> bool:
        """Whether the replica's status has arrived; it always comes with the request id."""
        return any(key == REQUEST_ID_KEY for key, _ in self._trailing)

    async def finish(self) -> None:
        """Set the status and the trailing metadata of the call; raises AbortError for an error."""
        code, message, trailing = self._code, self._details, list(self._trailing)
        if not self.answered:
            trailing = [(REQUEST_ID_KEY, self.request_id)]
            error = _error_of(code)
            if error is not None:
                log.warning("no answer of a replica: %s, %s", code, self.request_id)
                code, message = code_of(error), error.message
                trailing.append(trailing_metadata(status_of(error, self.request_id)))
        sent = tuple((key, value) for key, value in trailing if key != RAY_REQUEST_ID_KEY)
        if code in (None, grpc.StatusCode.OK):
            self._context.set_trailing_metadata(sent)
        else:
            await self._context.abort(code, message, sent)


def _error_of(code: grpc.StatusCode | None) -> SummsvcError | None:
    """Error for a status that Ray has made itself, see ``get_grpc_response_status`` there."""
    match code:
        case None | grpc.StatusCode.OK | grpc.StatusCode.CANCELLED:
            return None
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return OverloadedError("too many calls wait for a replica", retry_after=1.0)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineError("the call took longer than the limit of Ray's proxy")
    return DrainingError("the replica of this call is gone, or there is none; call again")


def _unary(handler: Unary) -> Unary:
    async def forward(request: bytes, context: Context) -> bytes:
        call = ProxiedCall(context)
        response = await handler(request, call)
        await call.finish()
        return response

    return forward


def _stream(handler: Stream) -> Stream:
    async def forward(request: bytes, context: Context) -> AsyncGenerator[bytes, None]:
        call = ProxiedCall(context)
        async with aclosing(handler(request, call)) as responses:
            async for item in responses:
                if item.startswith(MESSAGE):
                    yield item[len(MESSAGE) :]
        await call.finish()

    return forward


def _health_check(ask: Unary) -> Unary:
    async def check(request: bytes, context: Context) -> bytes:
        call = ProxiedCall(context)
        response = await _within(HEALTH_S, ask(request, call))
        if response is None:
            return bytes(NOT_SERVING.SerializeToString())
        await call.finish()
        return response

    return check


def _health_watch(ask: Unary) -> Stream:
    async def watch(request: bytes, context: Context) -> AsyncGenerator[bytes, None]:
        sent = None
        while True:
            call = ProxiedCall(context)
            response = await _within(HEALTH_S, ask(request, call))
            if response is None or call.code() not in (None, grpc.StatusCode.OK):
                known = call.code() is not grpc.StatusCode.NOT_FOUND or not call.answered
                response = (NOT_SERVING if known else UNKNOWN).SerializeToString()
            if response != sent:
                yield response
                sent = response
            await asyncio.sleep(WATCH_PERIOD_S)

    return watch


async def _within(seconds: float, response: Awaitable[bytes]) -> bytes | None:
    """Return the response, None after the time. A cancelled handler of Ray raises no error."""
    task = asyncio.ensure_future(response)
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
    return task.result() if done else None


class _UnknownMethods(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Rejects methods that no service has. Ray adds its reflection after it."""

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        method = str(details.method)
        if method.startswith("/grpc.reflection."):
            return None

        async def reject(_request: bytes, context: Context) -> bytes:
            call = ProxiedCall(context)
            error = UnknownMethodError(
                f"method {method} does not exist; server reflection lists the methods",
                metadata={"method": method},
            )
            details_entry = trailing_metadata(status_of(error, call.request_id))
            entries = ((REQUEST_ID_KEY, call.request_id), details_entry)
            await context.abort(code_of(error), error.message, entries)
            return b""

        return grpc.unary_unary_rpc_method_handler(reject)
