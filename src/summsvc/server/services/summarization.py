"""gRPC servicer of SummarizationService."""

from __future__ import annotations

from collections.abc import Sequence

from summsvc.server.codec import to_proto
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.server.codec.from_proto import RequestConverter, deadline_of
from summsvc.server.services import batch
from summsvc.server.transport.callers import current_caller
from summsvc.server.transport.handlers import Context
from summsvc.tasks.pipeline.text_workers import SEGMENT_OVERHEAD, TextWorkers
from summsvc.tasks.summarization.summarizer import Summarizer
from summsvc.tasks.summarization.types import Summary
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1 import summarization_service_pb2_grpc


class SummarizationServicer(summarization_service_pb2_grpc.SummarizationServiceServicer):
    """Converts requests, calls the summarizer and encodes the replies."""

    def __init__(
        self,
        deserializer: RequestDeserializer,
        converter: RequestConverter,
        summarizer: Summarizer,
        workers: TextWorkers,
    ) -> None:
        self._deserializer = deserializer
        self._converter = converter
        self._summarizer = summarizer
        self._workers = workers

    async def Summarize(  # type: ignore[override]
        self, request: pb.SummarizeRequest, context: Context
    ) -> bytes:
        """Return the encoded reply, see ``wire_format.allow_encoded``."""
        summary_request = self._converter.summary_request(
            request, deadline=deadline_of(context), caller=current_caller()
        )
        return await self._encode(await self._summarizer.summarize(summary_request))

    async def BatchSummarize(  # type: ignore[override]
        self, requests: Sequence[bytes], context: Context
    ) -> bytes:
        """Take the parts of ``RequestDeserializer.split_batch``; return the encoded reply."""
        deadline, caller = deadline_of(context), current_caller()

        async def answer(part: bytes) -> bytes:
            request = self._deserializer.parse(pb.SummarizeRequest, part)
            summary_request = self._converter.summary_request(
                request, deadline=deadline, caller=caller, bulk=True
            )
            return await self._encode(await self._summarizer.summarize(summary_request))

        outcomes = await batch.answer_all(requests, answer)
        limit = self._converter.max_reply_bytes
        return await self._workers.run(
            to_proto.encode_batch, limit, pb.BatchSummarizeResponse, outcomes
        )

    async def _encode(self, summary: Summary) -> bytes:
        size = SEGMENT_OVERHEAD * len(summary.sentences)
        limit = self._converter.max_reply_bytes
        workers = self._workers.for_caller(current_caller())
        return await workers.offload(size, to_proto.encode_summary, limit, summary)
