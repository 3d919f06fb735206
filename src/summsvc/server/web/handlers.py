"""Handlers of gRPC methods with JSON in the place of encoded messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import grpc
from google.protobuf.descriptor_pool import Default as default_pool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from summsvc.config import Settings
from summsvc.errors import DeadlineError
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.server.transport.handlers import Context, Continuation, Handler
from summsvc.server.web.messages import encoded_request, reply_json
from summsvc.tasks.pipeline.text_workers import TextWorkers


class JsonHandlers:
    """Innermost interceptor of a ``MethodTable``: its calls take and return JSON.

    The request of a call is a future of its body, which is awaited and parsed when the steps
    before the method have admitted the call. Each response is one line of JSON.
    """

    def __init__(
        self, settings: Settings, deserializer: RequestDeserializer, workers: TextWorkers
    ) -> None:
        self._deserializer = deserializer
        self._workers = workers
        self._max_entries = max(settings.max_terms, settings.max_batch_articles)
        self._max_receive_s = settings.max_receive_s

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler:
        """Return the handler of a method that exists, with one request message."""
        handler = await continuation(handler_call_details)
        assert handler is not None
        name = handler_call_details.method[1:].replace("/", ".")
        method = default_pool().FindMethodByName(name)
        kind, reply_kind = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        unary, stream = handler.unary_unary, handler.unary_stream

        async def answer(body: object, context: Context) -> bytes:
            assert unary is not None
            request = await self._request(kind, body)
            return await self._json(reply_kind, await unary(request, context))

        async def events(body: object, context: Context) -> AsyncGenerator[bytes, None]:
            assert stream is not None
            request = await self._request(kind, body)
            async with aclosing(stream(request, context)) as replies:
                async for reply in replies:
                    yield await self._json(reply_kind, reply) + b"\n"

        behavior = {"unary_unary": answer} if stream is None else {"unary_stream": events}
        return handler._replace(request_deserializer=None, **behavior)

    async def _request(self, kind: type[Message], body: object) -> Message:
        """Wait for the body of a call, and parse it.

        Raises DeadlineError for a body that does not arrive in time, InvalidInputError for one
        that is too long or not a request.
        """
        try:
            async with asyncio.timeout(self._max_receive_s):
                data = await cast("asyncio.Future[bytes]", body)
        except TimeoutError:
            raise DeadlineError(
                f"no request arrived within {self._max_receive_s:g} s; send it with the call"
            ) from None
        return await self._workers.offload(len(data), self._parse, kind, data)

    def _parse(self, kind: type[Message], data: bytes) -> Message:
        return self._deserializer.parse(kind, encoded_request(data, kind, self._max_entries))

    async def _json(self, kind: type[Message], reply: object) -> bytes:
        """Convert a reply to JSON, a long one in a thread."""
        size = len(reply) if isinstance(reply, bytes) else 0
        return await self._workers.offload(size, reply_json, kind, cast("Message | bytes", reply))
