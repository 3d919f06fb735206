"""gRPC servicer of TranslationService."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from summsvc.errors import SummsvcError
from summsvc.scheduling.fairness.callers import Caller
from summsvc.server.codec import to_proto
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.server.codec.from_proto import RequestConverter, deadline_of, prefix_field
from summsvc.server.services import batch
from summsvc.server.transport.callers import current_caller
from summsvc.server.transport.handlers import Context
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.translation.translator import Translator
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1 import translation_service_pb2_grpc


class TranslationServicer(translation_service_pb2_grpc.TranslationServiceServicer):
    """Converts requests, calls the translator and encodes the replies."""

    def __init__(
        self,
        deserializer: RequestDeserializer,
        converter: RequestConverter,
        translator: Translator,
        workers: TextWorkers,
    ) -> None:
        self._deserializer = deserializer
        self._converter = converter
        self._translator = translator
        self._workers = workers

    async def Translate(  # type: ignore[override]
        self, request: pb.TranslateRequest, context: Context
    ) -> bytes:
        """Return the encoded reply, see ``wire_format.allow_encoded``."""
        caller = current_caller()
        return await self._translate(request, deadline_of(context), caller, bulk=False)

    async def BatchTranslate(  # type: ignore[override]
        self, requests: Sequence[bytes], context: Context
    ) -> bytes:
        """Take the parts of ``RequestDeserializer.split_batch``; return the encoded reply."""
        deadline, caller = deadline_of(context), current_caller()

        async def answer(part: bytes) -> bytes:
            request = self._deserializer.parse(pb.TranslateRequest, part)
            return await self._translate(request, deadline, caller, bulk=True)

        outcomes = await batch.answer_all(requests, answer)
        limit = self._converter.max_reply_bytes
        return await self._workers.run(
            to_proto.encode_batch, limit, pb.BatchTranslateResponse, outcomes
        )

    async def StreamTranslate(
        self, request: pb.StreamTranslateRequest, context: Context
    ) -> AsyncIterator[pb.StreamTranslateResponse]:
        """Yield the events of one translation as they become ready."""
        try:
            translation_request = self._converter.translation_request(
                request.request,
                deadline=deadline_of(context),
                caller=current_caller(),
            )
            async with aclosing(self._translator.stream(translation_request)) as events:
                async for event in events:
                    yield to_proto.stream_event(event)
        except SummsvcError as error:
            raise prefix_field(error, "request") from error

    async def _translate(
        self,
        request: pb.TranslateRequest,
        deadline: float | None,
        caller: Caller,
        *,
        bulk: bool,
    ) -> bytes:
        translation_request = self._converter.translation_request(
            request, deadline=deadline, caller=caller, bulk=bulk
        )
        translation = await self._translator.translate(translation_request)
        return await self._workers.for_caller(caller).offload(
            len(translation.body),
            to_proto.encode_translation,
            self._converter.max_reply_bytes,
            translation,
            include_segments=request.include_segments,
        )
