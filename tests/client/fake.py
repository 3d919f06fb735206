"""Fake server: a gRPC server on a real port with replies defined by a test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from summsvc.v1 import (
    model_service_pb2,
    model_service_pb2_grpc,
    summarization_service_pb2,
    summarization_service_pb2_grpc,
    translation_service_pb2,
    translation_service_pb2_grpc,
)

Answer = Callable[[Any, grpc.ServicerContext], Any]


class FakeServer:
    """Replies to each method with ``answers[method](request, context)``.

    calls: (method, request, metadata) of every received call, including retries.
    ended: set when the stream of a StreamTranslate is closed.
    """

    def __init__(self, credentials: grpc.ServerCredentials | None = None, port: int = 0) -> None:
        self.answers: dict[str, Answer] = {}
        self.calls: list[tuple[str, Any, dict[str, Any]]] = []
        self.ended = threading.Event()
        self._server = grpc.server(
            ThreadPoolExecutor(8),
            options=[
                ("grpc.max_receive_message_length", 8 * 1024 * 1024),
                ("grpc.so_reuseport", 0),
            ],
        )
        summarization_service_pb2_grpc.add_SummarizationServiceServicer_to_server(
            _Summarization(self), self._server
        )
        translation_service_pb2_grpc.add_TranslationServiceServicer_to_server(
            _Translation(self), self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(_Models(self), self._server)
        checks = health.HealthServicer()
        checks.set("asleep", health_pb2.HealthCheckResponse.NOT_SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(checks, self._server)
        # A host name may have two addresses, one of which another server may use already.
        address = f"127.0.0.1:{port}"
        if credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, credentials)
        self._server.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def last_request(self) -> Any:
        return self.calls[-1][1]

    def answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        self.calls.append((method, request, dict(context.invocation_metadata())))
        return self.answers[method](request, context)

    def stop(self) -> None:
        self._server.stop(None).wait()


class _Summarization(summarization_service_pb2_grpc.SummarizationServiceServicer):
    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake

    def Summarize(self, request: summarization_service_pb2.SummarizeRequest, context: Any) -> Any:
        return self._fake.answer("Summarize", request, context)

    def BatchSummarize(
        self, request: summarization_service_pb2.BatchSummarizeRequest, context: Any
    ) -> Any:
        return self._fake.answer("BatchSummarize", request, context)


class _Translation(translation_service_pb2_grpc.TranslationServiceServicer):
    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake

    def Translate(self, request: translation_service_pb2.TranslateRequest, context: Any) -> Any:
        return self._fake.answer("Translate", request, context)

    def BatchTranslate(
        self, request: translation_service_pb2.BatchTranslateRequest, context: Any
    ) -> Any:
        return self._fake.answer("BatchTranslate", request, context)

    def StreamTranslate(
        self, request: translation_service_pb2.StreamTranslateRequest, context: Any
    ) -> Iterator[translation_service_pb2.StreamTranslateResponse]:
        context.add_callback(self._fake.ended.set)
        yield from self._fake.answer("StreamTranslate", request, context)


class _Models(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake

    def ListModels(self, request: model_service_pb2.ListModelsRequest, context: Any) -> Any:
        return self._fake.answer("ListModels", request, context)

    def GetServerInfo(self, request: model_service_pb2.GetServerInfoRequest, context: Any) -> Any:
        return self._fake.answer("GetServerInfo", request, context)
