"""SummarizationService on the wire."""

from __future__ import annotations

from typing import Any

from summsvc.server.codec import to_proto
from summsvc.server.codec.deserialize import Receiver
from summsvc.server.codec.from_proto import RequestReader, deadline_of
from summsvc.server.services import batch
from summsvc.tasks.pipeline.text_workers import SEGMENT_OVERHEAD, TextWorkers
from summsvc.tasks.summarization.summarizer import Summarizer
from summsvc.tasks.summarization.types import Summary
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1 import summarization_service_pb2_grpc


class SummarizationServicer(summarization_service_pb2_grpc.SummarizationServiceServicer):
    """Hands requests to the summarizer and its answers back."""

    def __init__(
        self,
        receiver: Receiver,
        reader: RequestReader,
        summarizer: Summarizer,
        workers: TextWorkers,
    ) -> None:
        self._receiver = receiver
        self._reader = reader
        self._summarizer = summarizer
        self._workers = workers

    async def Summarize(self, request: pb.SummarizeRequest, context: Any) -> Any:
        """Gives bytes: see ``wire.as_sent``."""
        wanted = self._reader.summary(
            request, deadline=deadline_of(context), caller=self._reader.caller(context)
        )
        return await self._message(await self._summarizer.summarize(wanted))

    async def BatchSummarize(self, requests: Any, context: Any) -> Any:
        """Takes the parts of ``Receiver.divided`` and gives bytes: see ``wire.as_sent``."""
        deadline, caller = deadline_of(context), self._reader.caller(context)

        async def answer(item: bytes) -> bytes:
            request = self._receiver.parsed(pb.SummarizeRequest, item)
            wanted = self._reader.summary(request, deadline=deadline, caller=caller, bulk=True)
            return await self._message(await self._summarizer.summarize(wanted))

        outcomes = await batch.each(requests, answer)
        limit = self._reader.max_reply_bytes
        return await self._workers.run(to_proto.batch, limit, pb.BatchSummarizeResponse, outcomes)

    async def _message(self, summary: Summary) -> bytes:
        size = SEGMENT_OVERHEAD * len(summary.sentences)
        limit = self._reader.max_reply_bytes
        return await self._workers.offload(size, to_proto.summary, limit, summary)
