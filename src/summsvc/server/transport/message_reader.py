"""Request message reader: a timeout for each message and a limit on the number of waiting calls.

A client that sends headers and no message keeps a call open. For a unary request, gRPC waits
for the message without a limit before it calls the handler. For streamed requests, gRPC calls
the handler at once, and the handler reads the messages. On the wire, unary and streamed
requests are the same. Therefore every method is registered with streamed requests, and this
module reads the messages.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from typing import cast

import grpc

from summsvc.errors import DeadlineError, MalformedRequestError, OverloadedError, SummsvcError
from summsvc.server.transport.handlers import Context, Handler, StreamBehavior, UnaryBehavior

MAX_WAITING_CALLS = 4096
"""Calls that may wait for a message at the same time, about 20 KB each. A message follows its
headers within milliseconds; above the bound the oldest call is rejected, because it is the
least likely one to send a message."""

LAST_WAIT_S = 0.2
"""Seconds for the messages of calls that have begun when the server shuts down."""

CANCELLATION_WAIT_S = 1.0
"""Seconds within which gRPC cancels the call of a caller that disconnected."""

NO_MORE_MESSAGES: object = grpc.aio.EOF  # type: ignore[attr-defined]
"""Value that gRPC returns after the last message of a call."""


class MessageReader:
    """Reads request messages; limits the number of waiting calls and the time that a call waits.

    seconds: within which a message has to arrive completely.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: OrderedDict[asyncio.Timeout, bool] = OrderedDict()
        self._end: SummsvcError | None = None

    def end_waits(self, error: SummsvcError) -> None:
        """End the calls whose message does not arrive within ``LAST_WAIT_S`` with this error."""
        self._end = error
        until = asyncio.get_running_loop().time() + LAST_WAIT_S
        for timeout in self._waiting:
            _reschedule(timeout, until)

    def __len__(self) -> int:
        """Return how many calls wait for a message now."""
        return len(self._waiting)

    def wrap(self, handler: Handler) -> Handler:
        """Return the handler as one of streamed requests, whose messages are read here.

        The method receives the encoded message, or the SummsvcError to answer with.
        """
        behavior = self._streamed(handler) if handler.request_streaming else self._single(handler)
        kind = "stream_stream" if handler.response_streaming else "stream_unary"
        changes = {"unary_unary": None, "unary_stream": None, kind: behavior}
        return handler._replace(request_streaming=True, **changes)

    def _streamed(self, handler: Handler) -> UnaryBehavior:
        inner = _behavior(handler.stream_stream or handler.stream_unary)

        async def behavior(_requests: object, context: Context) -> object:
            return await inner(self._messages(context), context)

        return behavior

    def _single(self, handler: Handler) -> UnaryBehavior:
        inner = _behavior(handler.unary_stream or handler.unary_unary)

        async def behavior(_requests: object, context: Context) -> object:
            # No variable here: it would keep the encoded message as long as the call.
            return await inner(await self._only_message(context), context)

        return behavior

    async def _only_message(self, context: Context) -> object:
        """Return the message of a call with one message, or the error to answer with."""
        message = await self._message(context)
        if message is NO_MORE_MESSAGES:
            # The end of a call also precedes the cancellation of a disconnected caller.
            await asyncio.sleep(CANCELLATION_WAIT_S)
            return MalformedRequestError(
                "the call ended without a request; send one request message"
            )
        return message

    async def _messages(self, context: Context) -> AsyncGenerator[object, None]:
        """Yield the messages of a stream; an error is the last one."""
        while (message := await self._message(context)) is not NO_MORE_MESSAGES:
            yield message
            if isinstance(message, SummsvcError):
                return

    async def _message(self, context: Context) -> object:
        """Return the next message, or ``NO_MORE_MESSAGES``, or the error to answer with."""
        evicted = False
        try:
            seconds = LAST_WAIT_S if self._end else self._seconds
            async with asyncio.timeout(seconds) as timeout:
                self._waiting[timeout] = True
                if len(self._waiting) > MAX_WAITING_CALLS:
                    oldest, _ = self._waiting.popitem(last=False)
                    _reschedule(oldest, 0)
                try:
                    return await context.read()
                finally:
                    evicted = not self._waiting.pop(timeout, False)
        except TimeoutError:
            if evicted:
                return OverloadedError(
                    f"more than {MAX_WAITING_CALLS} calls have sent no request yet and this one "
                    "has waited longest; send the request with the call, and retry",
                    retry_after=1.0,
                )
            if self._end is not None:
                return self._end
            return DeadlineError(
                f"no request arrived within {self._seconds:g} s; send it with the call"
            )


def _reschedule(timeout: asyncio.Timeout, when: float) -> None:
    """Change the end of a wait, unless its time is over and its task has not run since."""
    if not timeout.expired():
        timeout.reschedule(when)


def _behavior(behavior: UnaryBehavior | StreamBehavior | None) -> UnaryBehavior:
    """Return a method's behavior; all that are wrapped here are coroutine functions."""
    return cast("UnaryBehavior", behavior)
