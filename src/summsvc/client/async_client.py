"""``AsyncClient``: the asyncio gRPC client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Self, TypeVar, Unpack

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from summsvc.client import from_proto, server_types, to_proto, types
from summsvc.client.base import BaseClient
from summsvc.client.errors import SummsvcClientError, error_from_call
from summsvc.client.options import SummaryOptions, TranslationOptions
from summsvc.types import Article
from summsvc.v1 import (
    model_service_pb2,
    model_service_pb2_grpc,
    summarization_service_pb2_grpc,
    translation_service_pb2_grpc,
)

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")


class AsyncClient(BaseClient):
    """Asyncio client with the methods of ``Client``; create it inside a running event loop.

    >>> async with AsyncClient("localhost:50051") as client:
    ...     summary = await client.summarize(Article(title="…", body="…"), max_sentences=3)

    Cancelling a task that awaits a method, or closing the iterator of a stream,
    cancels the call on the server.
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
        """Summarize several articles in one call; one summary or error per article, in order."""
        request = to_proto.batch_summarize(articles, **options)
        reply = await self._call(self._summarization.BatchSummarize, request, timeout)
        return from_proto.summaries(reply)

    async def translate(
        self,
        article: Article | str,
        target_language: str,
        *,
        timeout: float | None = None,
        **options: Unpack[TranslationOptions],
    ) -> types.Translation:
        """Translate one article."""
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
        """Translate several articles in one call; one result or error per article, in order."""
        request = to_proto.batch_translate(articles, target_language, **options)
        reply = await self._call(self._translation.BatchTranslate, request, timeout)
        return from_proto.translations(reply)

    async def stream_translate(
        self,
        article: Article | str,
        target_language: str,
        *,
        timeout: float | None = None,
        **options: Unpack[TranslationOptions],
    ) -> AsyncIterator[types.TranslationEvent]:
        """Translate one article and yield each segment as soon as it is translated.

        Yields one ``TranslationStarted``, the segments in order, one ``TranslationFinished``.
        """
        request = to_proto.stream_translate(article, target_language, **options)
        call = self._translation.StreamTranslate(
            request, timeout=self._timeout(timeout), metadata=self._metadata
        )
        try:
            async for message in call:
                event = from_proto.event(message)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise error_from_call(error) from error
        finally:
            call.cancel()

    async def list_models(self, *, timeout: float | None = None) -> server_types.ModelList:
        """List the models that the server knows, with their states, and its routes."""
        request = model_service_pb2.ListModelsRequest()
        return from_proto.model_list(await self._call(self._models.ListModels, request, timeout))

    async def server_info(self, *, timeout: float | None = None) -> server_types.ServerInfo:
        """Return the server's version, limits and languages."""
        request = model_service_pb2.GetServerInfoRequest()
        return from_proto.server_info(
            await self._call(self._models.GetServerInfo, request, timeout)
        )

    async def health(
        self, service: str = "", *, timeout: float | None = None
    ) -> server_types.HealthStatus:
        """Return the health status of a service.

        service: full name, for example ``summsvc.v1.TranslationService``; "": the
        server process itself. Raises NotFoundError if the server has no such service.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        return from_proto.health(await self._call(self._health.Check, request, timeout))

    async def close(self) -> None:
        """Cancel calls in flight and close the connection."""
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
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request: RequestT,
        timeout: float | None,
    ) -> ResponseT:
        try:
            return await method(request, timeout=self._timeout(timeout), metadata=self._metadata)
        except grpc.RpcError as error:
            raise error_from_call(error) from error
