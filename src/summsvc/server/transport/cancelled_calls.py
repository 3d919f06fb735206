"""Streams of cancelled calls stay open for a moment, so that resets cost their own connection.

A client can open streams and cancel them at once (CVE-2023-44487). Its calls reach the event loop
one by one in the order of their arrival, before the fair order of callers applies: calls of other
clients wait behind all of them. gRPC has no limit on resets, and no way to close one connection.
But with ``grpc.http.overload_protection`` it counts a stream against
``max_streams_per_connection`` until its call has ended here. So a call that its client cancels
ends no earlier than ``MIN_STREAM_S`` after its arrival. In that time a connection has no more
cancelled calls than it may have streams; gRPC refuses the others without the event loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import cast

from summsvc.server.transport.handlers import Context, Handler, UnaryBehavior

MIN_STREAM_S = 0.25
"""Least seconds from the arrival of a call that its client cancels to the end of its stream.

At 100 streams, and as many that have just ended, one connection costs the event loop at most 800
cancelled calls a second. A client that cancels fewer of its calls does not notice the wait."""

MAX_HELD_CALLS = 4096
"""Cancelled calls that may be held at the same time, about 20 KB each. Above it the oldest one
ends at once."""


class CancelledCalls:
    """Holds the streams of calls that were cancelled soon after their arrival."""

    def __init__(self) -> None:
        self._held: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    def __len__(self) -> int:
        """Return how many cancelled calls are held now."""
        return len(self._held)

    def wrap(self, handler: Handler) -> Handler:
        """Return a handler that ``MessageReader`` has wrapped, with its cancelled calls held."""
        kind = "stream_stream" if handler.response_streaming else "stream_unary"
        inner = cast("UnaryBehavior", handler.stream_stream or handler.stream_unary)

        async def behavior(requests: object, context: Context) -> object:
            arrived = asyncio.get_running_loop().time()
            try:
                return await inner(requests, context)
            except asyncio.CancelledError:
                # Not held in here: the exception refers to the frames of the method.
                pass
            await self._hold(arrived + MIN_STREAM_S)
            raise asyncio.CancelledError

        return handler._replace(**{kind: behavior})

    async def _hold(self, until: float) -> None:
        """Wait until a time of the event loop, or until the call has to end earlier."""
        loop = asyncio.get_running_loop()
        if loop.time() >= until:
            return
        held = loop.create_future()
        self._held[held] = None
        if len(self._held) > MAX_HELD_CALLS:
            oldest, _ = self._held.popitem(last=False)
            _end(oldest)
        timer = loop.call_at(until, _end, held)
        try:
            await held
        finally:
            timer.cancel()
            self._held.pop(held, None)


def _end(held: asyncio.Future[None]) -> None:
    if not held.done():
        held.set_result(None)
