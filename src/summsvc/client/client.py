"""``Client``: the blocking gRPC client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


class Client(BaseClient):
    """Blocking client; safe to share between threads.

    >>> with Client("localhost:50051") as client:
    ...     summary = client.summarize(Article(title="…", body="…"), max_sentences=3)

    For the arguments of the constructor see ``BaseClient``. Arguments of the methods:

    article: an ``Article``, or its body as plain text. target_language: BCP-47
    code. timeout: seconds for this call; None: the client's timeout. options:
    see ``SummaryOptions`` and ``TranslationOptions``; a batch applies them to
    every article.

    Every method raises ``SummsvcClientError``, see ``client/errors.py``. In a batch
    an error for one article does not affect the other articles. Closing the
    iterator of a stream cancels the call on the server.
    """

    def summarize(
        self,
        article: Article | str,
        *,
        timeout: float | None = None,
        **options: Unpack[SummaryOptions],
    ) -> types.Summary:
        """Summarize one article."""
        request = to_proto.summarize(article, **options)
        return from_proto.summary(self._call(self._summarization.Summarize, request, timeout))

    def batch_summarize(
        self,
        articles: Iterable[Article | str],
        *,
        timeout: float | None = None,
        **options: Unpack[SummaryOptions],
    ) -> list[types.Summary | SummsvcClientError]:
        """Summarize several articles in one call; one summary or error per article, in order."""
        request = to_proto.batch_summarize(articles, **options)
        return from_proto.summaries(
            self._call(self._summarization.BatchSummarize, request, timeout)
        )

    def translate(
        self,
        article: Article | str,
        target_language: str,
        *,
        timeout: float | None = None,
        **options: Unpack[TranslationOptions],
    ) -> types.Translation:
        """Translate one article."""
        request = to_proto.translate(article, target_language, **options)
        return from_proto.translation(self._call(self._translation.Translate, request, timeout))

    def batch_translate(
        self,
        articles: Iterable[Article | str],
        target_language: str,
        *,
        timeout: float | None = None,
        **options: Unpack[TranslationOptions],
    ) -> list[types.Translation | SummsvcClientError]:
        """Translate several articles in one call; one result or error per article, in order."""
        request = to_proto.batch_translate(articles, target_language, **options)
        return from_proto.translations(
            self._call(self._translation.BatchTranslate, request, timeout)
        )

    def stream_translate(
        self,
        article: Article | str,
        target_language: str,
        *,
        timeout: float | None = None,
        **options: Unpack[TranslationOptions],
    ) -> Iterator[types.TranslationEvent]:
        """Translate one article and yield each segment as soon as it is translated.

        Yields one ``TranslationStarted``, the segments in order, one ``TranslationFinished``.
        """
        request = to_proto.stream_translate(article, target_language, **options)
        call = self._translation.StreamTranslate(
            request, timeout=self._timeout(timeout), metadata=self._metadata
        )
        try:
            for message in call:
                event = from_proto.event(message)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise error_from_call(error) from error
        finally:
            call.cancel()  # type: ignore[no-untyped-call]

    def list_models(self, *, timeout: float | None = None) -> server_types.ModelList:
        """List the models that the server knows, with their states, and its routes."""
        request = model_service_pb2.ListModelsRequest()
        return from_proto.model_list(self._call(self._models.ListModels, request, timeout))

    def server_info(self, *, timeout: float | None = None) -> server_types.ServerInfo:
        """Return the server's version, limits and languages."""
        request = model_service_pb2.GetServerInfoRequest()
        return from_proto.server_info(self._call(self._models.GetServerInfo, request, timeout))

    def health(
        self, service: str = "", *, timeout: float | None = None
    ) -> server_types.HealthStatus:
        """Return the health status of a service.

        service: full name, for example ``summsvc.v1.TranslationService``; "": the
        server process itself. Raises NotFoundError if the server has no such service.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        return from_proto.health(self._call(self._health.Check, request, timeout))

    def close(self) -> None:
        """Cancel calls in flight and close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(
        self,
        server: str,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, str | int]],
    ) -> None:
        self._channel = (
            grpc.insecure_channel(server, options)
            if credentials is None
            else grpc.secure_channel(server, credentials, options)
        )
        self._summarization = summarization_service_pb2_grpc.SummarizationServiceStub(self._channel)
        self._translation = translation_service_pb2_grpc.TranslationServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._health = health_pb2_grpc.HealthStub(self._channel)

    def _call(
        self,
        method: grpc.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request: RequestT,
        timeout: float | None,
    ) -> ResponseT:
        try:
            return method(request, timeout=self._timeout(timeout), metadata=self._metadata)
        except grpc.RpcError as error:
            raise error_from_call(error) from error
