"""TranslationService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from summsvc.errors import SummsvcError
from summsvc.scheduling.fairness.callers import Caller
from summsvc.server.codec import to_proto
from summsvc.server.codec.deserialize import Receiver
from summsvc.server.codec.from_proto import RequestReader, deadline_of, under
from summsvc.server.services import batch
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.translation.translator import Translator
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1 import translation_service_pb2_grpc


class TranslationServicer(translation_service_pb2_grpc.TranslationServiceServicer):
    """Hands requests to the translator and its answers back."""

    def __init__(
        self,
        receiver: Receiver,
        reader: RequestReader,
        translator: Translator,
        workers: TextWorkers,
    ) -> None:
        self._receiver = receiver
        self._reader = reader
        self._translator = translator
        self._workers = workers

    async def Translate(self, request: pb.TranslateRequest, context: Any) -> Any:
        """Gives bytes: see ``wire.as_sent``."""
        caller = self._reader.caller(context)
        return await self._translate(request, deadline_of(context), caller, bulk=False)

    async def BatchTranslate(self, requests: Any, context: Any) -> Any:
        """Takes the parts of ``Receiver.divided`` and gives bytes: see ``wire.as_sent``."""
        deadline, caller = deadline_of(context), self._reader.caller(context)

        async def answer(item: bytes) -> bytes:
            request = self._receiver.parsed(pb.TranslateRequest, item)
            return await self._translate(request, deadline, caller, bulk=True)

        outcomes = await batch.each(requests, answer)
        limit = self._reader.max_reply_bytes
        return await self._workers.run(to_proto.batch, limit, pb.BatchTranslateResponse, outcomes)

    async def StreamTranslate(
        self, request: pb.StreamTranslateRequest, context: Any
    ) -> AsyncIterator[pb.StreamTranslateResponse]:
        try:
            wanted = self._reader.translation(
                request.request,
                deadline=deadline_of(context),
                caller=self._reader.caller(context),
            )
            async with aclosing(self._translator.stream(wanted)) as events:
                async for event in events:
                    yield to_proto.event(event)
        except SummsvcError as error:
            raise under(error, "request") from error

    async def _translate(
        self,
        request: pb.TranslateRequest,
        deadline: float | None,
        caller: Caller,
        *,
        bulk: bool,
    ) -> bytes:
        wanted = self._reader.translation(request, deadline=deadline, caller=caller, bulk=bulk)
        translation = await self._translator.translate(wanted)
        return await self._workers.offload(
            len(translation.body),
            to_proto.translation,
            self._reader.max_reply_bytes,
            translation,
            include_segments=request.include_segments,
        )
