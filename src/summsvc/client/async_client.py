"""The asyncio client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, Self, TypeVar, Unpack

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.client import from_proto, server_results, server_types, to_proto, types
from summsvc.client.base import BaseClient
from summsvc.client.errors import SummsvcClientError, from_call
from summsvc.client.options import SummaryOptions, TranslationOptions
from summsvc.types import Article
from summsvc.v1 import (
    model_service_pb2,
    model_service_pb2_grpc,
    summarization_service_pb2_grpc,
    translation_service_pb2_grpc,
)

Q = TypeVar("Q")
R = TypeVar("R")


class AsyncClient(BaseClient):
    """The methods of ``Client`` for asyncio; make it inside a running event loop.

    >>> async with AsyncClient("localhost:50051") as client:
    ...     summary = await client.summarize(Article(title="…", body="…"), max_sentences=3)

    Cancelling a task that waits for an answer ends the work on the server.
    """

    async def summarize(
        self,
        article: Article | str,
        *,
        timeout: float | None = None,
        **options: Unpack[SummaryOptions],
    ) -> types.Summary:
        """Summarize one article."""
        request = to_proto.summarize(article, **options)
        return from_proto.summary(await self._call(self._summarization.Summarize, request, timeout))

    async def batch_summarize(
        self,
        articles: Iterable[Article | str],
        *,
        timeout: float | None = None,
        **options: Unpack[SummaryOptions],
    ) -> list[types.Summary | SummsvcClientError]:
        """Summarize several articles in one call, each with its summary or its own error."""
        request = to_proto.batch_summarize(articles, **options)
        return from_proto.summaries(
            await self._call(self._summarization.BatchSummarize, request, timeout)
        )

    async def translate(
        self,
        article: Article | str,
        target_language: str,
        *,
        timeout: float | None = None,
        **options: Unpack[TranslationOptions],
    ) -> types.Translation:
        """Translate one article. target_language: BCP-47 code."""
        request = to_proto.translate(article, target_language, **options)
        return from_proto.translation(
            await self._call(self._translation.Translate, request, timeout)
        )

    async def batch_translate(
        self,
        articles: Iterable[Article | str],
        target_language: str,
        *,
        timeout: float | None = None,
        **options: Unpack[TranslationOptions],
    ) -> list[types.Translation | SummsvcClientError]:
        """Translate several articles in one call, each with its translation or its own error."""
        request = to_proto.batch_translate(articles, target_language, **options)
        return from_proto.translations(
            await self._call(self._translation.BatchTranslate, request, timeout)
        )

    async def stream_translate(
        self,
        article: Article | str,
        target_language: str,
        *,
        timeout: float | None = None,
        **options: Unpack[TranslationOptions],
    ) -> AsyncIterator[types.TranslationEvent]:
        """Translate one article, segment by segment as they are done.

        One TranslationStarted, the segments in article order, one
        TranslationFinished. Closing the iterator ends the work on the server.
        """
        request = to_proto.stream_translate(article, target_language, **options)
        call: Any = self._translation.StreamTranslate(
            request, timeout=self._timeout(timeout), metadata=self._metadata
        )
        try:
            async for message in call:
                event = from_proto.event(message)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_call(error) from error
        finally:
            call.cancel()

    async def list_models(self, *, timeout: float | None = None) -> server_types.ModelList:
        """The models that the server knows, with their state, and its routes."""
        request = model_service_pb2.ListModelsRequest()
        return server_results.model_list(
            await self._call(self._models.ListModels, request, timeout)
        )

    async def server_info(self, *, timeout: float | None = None) -> server_types.ServerInfo:
        """The server's version, limits and languages."""
        request = model_service_pb2.GetServerInfoRequest()
        return server_results.server_info(
            await self._call(self._models.GetServerInfo, request, timeout)
        )

    async def health(
        self, service: str = "", *, timeout: float | None = None
    ) -> server_types.HealthStatus:
        """Health of a service by its full name; "": whether the process is alive.

        Raises NotFoundError for a name the server does not know.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        return server_results.health(await self._call(self._health.Check, request, timeout))

    async def close(self) -> None:
        """End calls in flight and close the connection."""
        await self._channel.close(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _open(
        self,
        server: str,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, str | int]],
    ) -> None:
        self._channel = (
            grpc.aio.insecure_channel(server, options)
            if credentials is None
            else grpc.aio.secure_channel(server, credentials, options)
        )
        self._summarization = summarization_service_pb2_grpc.SummarizationServiceStub(self._channel)
        self._translation = translation_service_pb2_grpc.TranslationServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._health = health_pb2_grpc.HealthStub(self._channel)

    async def _call(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Q, R], request: Q, timeout: float | None
    ) -> R:
        try:
            return await method(request, timeout=self._timeout(timeout), metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_call(error) from error
