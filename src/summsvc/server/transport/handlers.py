"""Types of gRPC method handlers and contexts, for code that works with any method.

Messages are ``object`` here: neither the interceptor nor the message reader uses their fields.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from types import BuiltinMethodType
from typing import Protocol, TypeAlias

import grpc

Context: TypeAlias = "grpc.aio.ServicerContext[object, object]"
"""Context of one call."""

UnaryBehavior: TypeAlias = Callable[[object, Context], Awaitable[object]]
"""Method that returns one response, or writes its responses to the context."""

StreamBehavior: TypeAlias = Callable[[object, Context], AsyncGenerator[object, None]]
"""Method that yields its responses."""


class Handler(Protocol):
    """grpc.RpcMethodHandler, a named tuple; grpc-stubs declare neither ``_replace`` nor None."""

    @property
    def request_streaming(self) -> bool: ...

    @property
    def response_streaming(self) -> bool: ...

    @property
    def request_deserializer(self) -> BuiltinMethodType | None:
        """``FromString`` of the request's message class."""

    @property
    def response_serializer(self) -> Callable[[object], bytes] | None: ...

    @property
    def unary_unary(self) -> UnaryBehavior | None: ...

    @property
    def unary_stream(self) -> StreamBehavior | None: ...

    @property
    def stream_unary(self) -> UnaryBehavior | None: ...

    @property
    def stream_stream(self) -> StreamBehavior | None: ...

    def _replace(self, **changes: object) -> Handler: ...


class Continuation(Protocol):
    """Looks up the handler of a method; returns None for a method that does not exist."""

    def __call__(self, details: grpc.HandlerCallDetails, /) -> Awaitable[Handler | None]: ...
