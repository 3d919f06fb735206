"""The blocking client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


class Client(BaseClient):
    """Calls a server and waits for its answers. Safe to share between threads.

    >>> with Client("localhost:50051") as client:
    ...     summary = client.summarize(Article(title="…", body="…"), max_sentences=3)

    An article given as a string is a body in plain text. Every method raises
    ``SummsvcClientError``, see ``client/errors.py``, and takes the ``timeout`` of
    its call in seconds; None takes the client's. For the arguments of the client
    itself see ``BaseClient``.
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
        """Summarize several articles in one call, each with its summary or its own error."""
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
        """Translate one article. target_language: BCP-47 code."""
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
        """Translate several articles in one call, each with its translation or its own error."""
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
        """Translate one article, segment by segment as they are done.

        One TranslationStarted, the segments in article order, one
        TranslationFinished. Closing the iterator ends the work on the server.
        """
        request = to_proto.stream_translate(article, target_language, **options)
        call: Any = self._translation.StreamTranslate(
            request, timeout=self._timeout(timeout), metadata=self._metadata
        )
        try:
            for message in call:
                event = from_proto.event(message)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_call(error) from error
        finally:
            call.cancel()

    def list_models(self, *, timeout: float | None = None) -> server_types.ModelList:
        """The models that the server knows, with their state, and its routes."""
        request = model_service_pb2.ListModelsRequest()
        return server_results.model_list(self._call(self._models.ListModels, request, timeout))

    def server_info(self, *, timeout: float | None = None) -> server_types.ServerInfo:
        """The server's version, limits and languages."""
        request = model_service_pb2.GetServerInfoRequest()
        return server_results.server_info(self._call(self._models.GetServerInfo, request, timeout))

    def health(
        self, service: str = "", *, timeout: float | None = None
    ) -> server_types.HealthStatus:
        """Health of a service by its full name; "": whether the process is alive.

        Raises NotFoundError for a name the server does not know.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        return server_results.health(self._call(self._health.Check, request, timeout))

    def close(self) -> None:
        """End calls in flight and close the connection."""
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
        self, method: grpc.UnaryUnaryMultiCallable[Q, R], request: Q, timeout: float | None
    ) -> R:
        try:
            return method(request, timeout=self._timeout(timeout), metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_call(error) from error
