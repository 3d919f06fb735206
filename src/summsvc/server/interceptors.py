"""gRPC server interceptor: wraps every handler in message reader, deserializer and call steps.

The layers of a wrapped handler, from the connection inwards: ``CancelledCalls`` holds the streams
of cancelled calls, ``MessageReader`` reads the encoded request, ``Call`` runs the steps before and
after the method, ``RequestDeserializer`` parses the request when the steps before the method have
admitted the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import TypeAlias, cast

import grpc
from google.protobuf.message import Message

from summsvc import errors
from summsvc.scheduling.fairness.callers import ANONYMOUS, Caller
from summsvc.server.call_steps import (
    OPEN_SERVICES,
    REQUEST_ID_KEY,
    Call,
    CallSteps,
    request_id_of,
)
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.server.codec.wire_format import allow_encoded
from summsvc.server.transport.callers import current_caller
from summsvc.server.transport.cancelled_calls import CancelledCalls
from summsvc.server.transport.handlers import Context, Continuation, Handler, UnaryBehavior
from summsvc.server.transport.message_reader import CANCELLATION_WAIT_S, MessageReader

Parse: TypeAlias = Callable[[object, Caller], object]
"""Parses an encoded request of a caller; returns the request, or the error to answer with."""


class CallInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Wraps every method of the server."""

    def __init__(
        self,
        steps: CallSteps,
        deserializer: RequestDeserializer,
        message_reader: MessageReader,
    ) -> None:
        self._steps = steps
        self._deserializer = deserializer
        self._message_reader = message_reader
        self._cancelled_calls = CancelledCalls()
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(  # type: ignore[override]
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler:
        """Return the method's wrapped handler; cached, since methods do not change."""
        method = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                # Not cached: clients could send unboundedly many unknown names.
                return self._wrap("unknown", _unknown_method(method))
            wrapped = self._wrapped[method] = self._wrap(method, handler)
        return wrapped

    def _wrap(self, method: str, handler: Handler) -> Handler:
        parse: Parse = _unparsed
        if handler.request_deserializer is not None:
            message = cast("type[Message]", handler.request_deserializer.__self__)
            parse = cast("Parse", self._deserializer.deserializer(message))
            handler = handler._replace(request_deserializer=None)
        if method.startswith("/summsvc."):
            serializer = allow_encoded(handler.response_serializer)  # type: ignore[arg-type]
            handler = handler._replace(response_serializer=serializer)
        if method.startswith(OPEN_SERVICES):
            handler = self._wrap_open(method, handler, parse)
        elif handler.request_streaming or handler.response_streaming:
            handler = self._wrap_streaming(method, handler, parse)
        else:
            handler = self._wrap_unary(method, handler, parse)
        return self._cancelled_calls.wrap(self._message_reader.wrap(handler))

    def _wrap_unary(self, method: str, handler: Handler, parse: Parse) -> Handler:
        inner = cast("UnaryBehavior", handler.unary_unary)
        serialize = handler.response_serializer

        async def behavior(request: object, context: Context) -> object:
            async with Call(self._steps, method, request, context):
                request = _parsed(request, parse)
                response = await inner(request, context)
                # gRPC would send the message of an exception of the serializer to the caller.
                return response if serialize is None else serialize(response)

        return handler._replace(unary_unary=behavior, response_serializer=None)

    def _wrap_streaming(self, method: str, handler: Handler, parse: Parse) -> Handler:
        streaming = handler.request_streaming
        kind = "stream_stream" if streaming else "unary_stream"
        inner = handler.stream_stream if streaming else handler.unary_stream
        assert inner is not None

        async def behavior(request: object, context: Context) -> None:
            async with Call(self._steps, method, request, context):
                if streaming:
                    request = _parse_all(cast("AsyncIterable[object]", request), parse)
                else:
                    request = _parsed(request, parse)
                await self._write(inner(request, context), context)

        return handler._replace(**{kind: behavior})

    async def _write(self, responses: AsyncGenerator[object, None], context: Context) -> None:
        """Write the responses that a method yields, in fair order with those of other streams.

        gRPC would leave the generator to the garbage collector, with all that it references,
        when the caller disconnects while a response is being sent. Here it is closed at once.
        """
        caller = current_caller()
        async with aclosing(responses):
            async for response in responses:
                await self._steps.responses.admit(caller)
                try:
                    await context.write(response)
                except grpc.aio.InternalError:
                    # The caller has left; gRPC cancels the call after the failure of the write.
                    await asyncio.sleep(CANCELLATION_WAIT_S)
                    raise

    def _wrap_open(self, method: str, handler: Handler, parse: Parse) -> Handler:
        """Wrap a method that needs no token, also works during a drain and is not counted."""
        kind = "unary_stream" if handler.response_streaming else "unary_unary"
        # Streams of the health service are coroutines that write to the context.
        inner = cast("UnaryBehavior", handler.unary_stream or handler.unary_unary)

        async def behavior(request: object, context: Context) -> object:
            context.set_trailing_metadata(((REQUEST_ID_KEY, request_id_of(context)),))
            if not isinstance(request, errors.SummsvcError):
                request = parse(request, ANONYMOUS)
            if isinstance(request, errors.SummsvcError):
                # Entering the call answers with the error.
                async with Call(self._steps, method, request, context):
                    return None
            return await inner(request, context)

        return handler._replace(**{kind: behavior})


def _unparsed(request: object, _caller: Caller) -> object:
    """Parse nothing: the request of a method that does not exist is not read."""
    return request


def _parsed(request: object, parse: Parse) -> object:
    """Return the parsed request of the current caller; raises the error of one that is invalid."""
    if not isinstance(request, errors.SummsvcError):
        request = parse(request, current_caller())
    if isinstance(request, errors.SummsvcError):
        raise request
    return request


async def _parse_all(requests: AsyncIterable[object], parse: Parse) -> AsyncGenerator[object, None]:
    """Yield the parsed requests of a stream; raise the first error."""
    async for request in requests:
        yield _parsed(request, parse)


def _unknown_method(method: str) -> Handler:
    async def reject(_request: object, _context: Context) -> object:
        raise errors.UnknownMethodError(
            f"method {method} does not exist; server reflection lists the methods",
            metadata={"method": method},
        )

    return cast("Handler", grpc.unary_unary_rpc_method_handler(reject))
