"""What happens around every call: identity, token, errors, log line, metrics.

One interceptor does all of it, in one visible order, because each step needs
what the one before found out.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc
import structlog

from summsvc import errors
from summsvc.server.codec.deserialize import Receiver
from summsvc.server.codec.status import code_of, status_of, trailing_metadata
from summsvc.server.codec.wire import as_sent
from summsvc.server.runtime.drain import CallName, Drain
from summsvc.server.runtime.metrics import CallMetrics
from summsvc.server.security.tokens import Tokens, bearer
from summsvc.server.transport.arrivals import Arrivals
from summsvc.server.transport.callers import Gate, caller_of

Handler = Any
"""What grpc calls an RpcMethodHandler; None for a method nobody offers."""

log = structlog.get_logger("summsvc.calls")

OPEN_SERVICES = ("/grpc.health.v1.Health/",)
"""Methods that need no token: orchestrators probe them without one."""

WAITING_SERVICES = ("/grpc.reflection.",)
"""Methods whose streams wait for whatever their callers ask next."""

REQUEST_ID = "x-request-id"


class CallInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Wraps every method of the server."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        drain: Drain,
        metrics: CallMetrics,
        receiver: Receiver,
        arrivals: Arrivals,
    ) -> None:
        self._tokens = tokens
        self._drain = drain
        self._metrics = metrics
        self._receiver = receiver
        self._gate = Gate()
        self._arrivals = arrivals
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The method's handler, wrapped once: methods do not change while a server runs."""
        method: str = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler: Any = await continuation(handler_call_details)
            if handler is None:
                # Not kept: of names that nobody offers there is no end.
                unknown = grpc.unary_unary_rpc_method_handler(_unknown_method(method))
                return self._arrivals.reading(self._wrap("unknown", unknown))
            wrapped = self._arrivals.reading(self._wrap(method, handler))
            self._wrapped[method] = wrapped
        return wrapped

    def _wrap(self, method: str, handler: Handler) -> Handler:
        if handler.request_deserializer is not None:
            message = handler.request_deserializer.__self__
            handler = handler._replace(request_deserializer=self._receiver.deserializer(message))
        if method.startswith(OPEN_SERVICES):
            return self._open(method, handler)
        if method.startswith("/summsvc."):
            handler = handler._replace(response_serializer=as_sent(handler.response_serializer))
        if handler.request_streaming or handler.response_streaming:
            inner = handler.stream_stream if handler.request_streaming else handler.unary_stream

            async def streaming(request: Any, context: Any) -> None:
                async with _Call(self, method, request, context):
                    given = _each(request) if handler.request_streaming else request
                    await _write(inner(given, context), context)

            kind = "stream_stream" if handler.request_streaming else "unary_stream"
            return handler._replace(**{kind: streaming})
        unary = handler.unary_unary

        async def unary_unary(request: Any, context: Any) -> Any:
            async with _Call(self, method, request, context):
                return await unary(request, context)

        return handler._replace(unary_unary=unary_unary)

    def _open(self, method: str, handler: Handler) -> Handler:
        """A method that answers anybody, also while the server drains, and is not counted."""
        kind = "unary_stream" if handler.response_streaming else "unary_unary"
        inner = getattr(handler, kind)

        async def answer(request: Any, context: Any) -> Any:
            if isinstance(request, errors.SummsvcError):
                # Raises on the way in.
                async with _Call(self, method, request, context):
                    return None
            return await inner(request, context)

        return handler._replace(**{kind: answer})

    def check_token(self, method: str, metadata: dict[str, str | bytes]) -> None:
        """Raise UnauthenticatedError unless a token is right or none is asked for."""
        if not self._tokens.asked_for or method.startswith(OPEN_SERVICES):
            return
        if not self._tokens.accepts(bearer(metadata.get("authorization", ""))):
            raise errors.UnauthenticatedError(
                "this server asks for a token: send metadata 'authorization: Bearer TOKEN'"
            )

    async def begin(self, context: Any) -> None:
        """Wait until a call may begin, in fair order of callers."""
        await self._gate.begin(caller_of(context, by_token=self._tokens.asked_for))


class _Call:
    """One call from its first to its last moment, as an async context manager."""

    def __init__(
        self, interceptor: CallInterceptor, method: str, request: Any, context: Any
    ) -> None:
        self._interceptor = interceptor
        self._method = method
        self._request = request
        self._context = context
        self._metadata = dict(context.invocation_metadata() or ())
        self._id = _request_id(self._metadata.get(REQUEST_ID))
        self._begun = time.perf_counter()

    async def __aenter__(self) -> None:
        self._interceptor._metrics.started(self._method)
        waits = self._method.startswith(WAITING_SERVICES)
        self._interceptor._drain.enter(
            asyncio.current_task(), CallName(self._method, self._id, waits)
        )
        structlog.contextvars.bind_contextvars(request_id=self._id)
        self._context.set_trailing_metadata(((REQUEST_ID, self._id),))
        try:
            self._interceptor.check_token(self._method, self._metadata)
            if isinstance(self._request, errors.SummsvcError):
                raise self._request
            self._interceptor._drain.check()
        except errors.SummsvcError as error:
            await self._fail(error)
        try:
            await self._interceptor.begin(self._context)
        except asyncio.CancelledError as error:
            # Nobody leaves a block that was not entered.
            await self.__aexit__(type(error), error, None)
            raise

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, errors.SummsvcError):
            log.error("failed", method=self._method, exc_info=error)
        # gRPC keeps a call's error until the next call, and a traceback keeps the article.
        del trace
        if error is not None:
            error.__traceback__ = error.__context__ = error.__cause__ = None
        drain = self._interceptor._drain
        if isinstance(error, asyncio.CancelledError) and drain.has_cut(asyncio.current_task()):
            await self._fail(drain.error())
        elif isinstance(error, asyncio.CancelledError):
            self._finish("CANCELLED")
        elif error is None:
            self._finish("OK")
        elif isinstance(error, errors.SummsvcError):
            await self._fail(error)
        elif isinstance(error, Exception):
            await self._fail(
                errors.SummsvcError("the service failed on this request; its log says why")
            )
        else:
            self._finish("CANCELLED")

    async def _fail(self, error: errors.SummsvcError) -> None:
        code = code_of(error)
        self._finish(code.name, reason=error.reason, field=error.field)
        entry = trailing_metadata(status_of(error, self._id))
        await self._context.abort(code, error.message, ((REQUEST_ID, self._id), entry))

    def _finish(self, code: str, **facts: str) -> None:
        seconds = time.perf_counter() - self._begun
        self._interceptor._metrics.finished(self._method, code, seconds)
        known = {key: value for key, value in facts.items() if value}
        log.info("call", method=self._method, code=code, ms=round(seconds * 1000, 2), **known)
        structlog.contextvars.unbind_contextvars("request_id")


async def _each(requests: AsyncIterable[Any]) -> AsyncGenerator[Any, None]:
    """The requests of a stream; raises the first one that is an error."""
    async for request in requests:
        if isinstance(request, errors.SummsvcError):
            raise request
        yield request


async def _write(responses: AsyncGenerator[Any, None], context: Any) -> None:
    """Send what a method yields.

    Handed to gRPC as a generator it would be left to the garbage collector when the
    caller leaves while a response is being sent, and with it all that it holds.
    """
    async with aclosing(responses):
        async for response in responses:
            await context.write(response)


def _request_id(given: str | bytes | None) -> str:
    """The caller's id when it is a short printable word, else a new one."""
    if isinstance(given, str) and 0 < len(given) <= 128 and given.isascii() and given.isprintable():
        return given
    # Nobody's secret; and the system's own source of chance is a system call.
    return f"{random.getrandbits(128):032x}"


def _unknown_method(method: str) -> Callable[[Any, Any], Awaitable[Any]]:
    async def refuse(_request: Any, _context: Any) -> Any:
        raise errors.UnknownMethodError(
            f"no method {method}; server reflection lists what there is",
            metadata={"method": method},
        )

    return refuse
