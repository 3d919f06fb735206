"""Streams whose message is still to come: a caller that sends headers alone holds them open.

gRPC itself waits for a unary request as long as the caller likes, before a method's handler
is called. As a handler of streamed requests it is called at once and reads by itself: on
the wire both are the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from typing import Any

import grpc

from summsvc.errors import DeadlineError, MalformedRequestError, OverloadedError, SummsvcError

Handler = Any
"""What grpc calls an RpcMethodHandler."""

PATIENCE_S = 60.0
"""Seconds within which a message has to be there whole: 8 MiB at one megabit a second."""

_END: Any = grpc.aio.EOF  # type: ignore[attr-defined]
"""What gRPC reads after a call's last message."""

MOST = 4096
"""Streams that may wait at once, some 20 KB each. A message follows its headers within
milliseconds, so that of more the oldest is the least likely to become a call."""

LEAVING_S = 1.0
"""Seconds within which gRPC cancels the call of a caller that left."""


class Arrivals:
    """Bounds how many streams wait for a message, and how long each does."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[asyncio.Timeout, bool] = OrderedDict()

    def __len__(self) -> int:
        """Streams that wait now."""
        return len(self._waiting)

    def reading(self, handler: Handler) -> Handler:
        """The handler as one that reads its messages here.

        It is handed what its deserializer gave, or the SummsvcError to answer with.
        """
        if handler.request_streaming:
            inner = handler.stream_stream or handler.stream_unary

            async def streamed(_requests: Any, context: Any) -> Any:
                return await inner(self._messages(context), context)

            called = streamed
        else:
            inner = handler.unary_stream or handler.unary_unary

            async def single(_requests: Any, context: Any) -> Any:
                message = await self._message(context)
                if message is _END:
                    # So it looks for a moment, too, when a caller leaves.
                    await asyncio.sleep(LEAVING_S)
                    message = MalformedRequestError("the call ended without a request")
                return await inner(message, context)

            called = single
        kind = "stream_stream" if handler.response_streaming else "stream_unary"
        read = {"request_streaming": True, "unary_unary": None, "unary_stream": None, kind: called}
        return handler._replace(**read)

    async def _messages(self, context: Any) -> AsyncGenerator[Any, None]:
        """All messages of a stream; after an error no more."""
        while (message := await self._message(context)) is not _END:
            yield message
            if isinstance(message, SummsvcError):
                return

    async def _message(self, context: Any) -> Any:
        """The next message, _END after the last, or the error to answer with."""
        evicted = False
        try:
            async with asyncio.timeout(PATIENCE_S) as patience:
                self._waiting[patience] = True
                if len(self._waiting) > MOST:
                    oldest, _ = self._waiting.popitem(last=False)
                    oldest.reschedule(0)
                try:
                    return await context.read()
                finally:
                    evicted = not self._waiting.pop(patience, False)
        except TimeoutError:
            if evicted:
                return OverloadedError(
                    f"more than {MOST} calls wait for their request, this one for the longest",
                    retry_after=1.0,
                )
            return DeadlineError(f"the server waited {PATIENCE_S:g} s for a request, none came")
