"""Calls handed to a table of methods: the same answers and statuses as over a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2

from summsvc.config import Settings
from summsvc.server import Server
from summsvc.server.transport.method_table import HandedCall, MethodTable
from summsvc.v1 import article_pb2
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1 import translation_service_pb2 as translations
from tests.checkpoints import pairs

SUMMARIZE = "/summsvc.v1.SummarizationService/Summarize"
STREAM = "/summsvc.v1.TranslationService/StreamTranslate"
TEXT = "The president met the mayor in Riga on Friday. Nobody was hurt."


class Table:
    """A server without a connection, and the calls that are handed to it."""

    def __init__(self, settings: Settings) -> None:
        self.server = Server(settings, create_transport=self._create)

    def _create(self, **arguments: Any) -> MethodTable:
        self.methods = MethodTable(**arguments)
        return self.methods


@pytest.fixture
async def table(tmp_path: Path) -> AsyncIterator[Table]:
    """A server without models."""
    table = Table(Settings(port=0, metrics_port=-1, model_dir=tmp_path, drain_s=1))
    await table.server.start()
    await table.server.preloaded()
    yield table
    await table.server.stop()


def handed(request: bytes, **facts: Any) -> HandedCall:
    given: dict[str, Any] = {"metadata": (), "peer": "ipv4:192.0.2.7:1", "timeout_s": None}
    return HandedCall(request, **given | facts)


def summary_request(body: str = TEXT) -> bytes:
    return pb.SummarizeRequest(article=article_pb2.Article(body=body)).SerializeToString()


def reason(call: HandedCall) -> str:
    """The reason in the details of a failed call."""
    details = dict(call.trailing)["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    info = error_details_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(details).details[0].Unpack(info)
    return str(info.reason)


async def test_a_call_is_answered_with_its_request_id(table: Table) -> None:
    call = handed(summary_request(), metadata=(("x-request-id", "mine"),), timeout_s=30)
    answer = await table.methods.answer(SUMMARIZE, call)
    assert pb.SummarizeResponse.FromString(answer).summary
    assert call.code is grpc.StatusCode.OK
    assert dict(call.trailing) == {"x-request-id": "mine"}


@pytest.mark.parametrize(
    ("method", "request_bytes", "code", "known"),
    [
        (SUMMARIZE, summary_request(""), grpc.StatusCode.INVALID_ARGUMENT, "EMPTY_ARTICLE"),
        (SUMMARIZE, b"\xff", grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
        ("/other.Service/None", b"", grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD"),
    ],
    ids=["invalid", "malformed", "unknown"],
)
async def test_a_failed_call_has_the_status_and_its_details(
    table: Table, method: str, request_bytes: bytes, code: grpc.StatusCode, known: str
) -> None:
    call = handed(request_bytes)
    assert await table.methods.answer(method, call) == b""
    assert (call.code, reason(call)) == (code, known)
    assert call.message


async def test_a_call_whose_deadline_has_passed_is_rejected(table: Table) -> None:
    call = handed(summary_request(TEXT * 20), timeout_s=0)
    await table.methods.answer(SUMMARIZE, call)
    assert (call.code, reason(call)) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE")


async def test_health_is_answered(table: Table) -> None:
    answer = await table.methods.answer("/grpc.health.v1.Health/Check", handed(b""))
    assert health_pb2.HealthCheckResponse.FromString(answer).status == 1


async def test_calls_are_rejected_once_the_server_stops(table: Table) -> None:
    await table.server.stop()
    call = handed(summary_request())
    await table.methods.answer(SUMMARIZE, call)
    assert (call.code, reason(call)) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")


def stream_request(target: str = "ru") -> bytes:
    article = article_pb2.Article(body=pairs("en-ru")[0][0] * 2, language_code="en")
    request = translations.TranslateRequest(article=article, target_language_code=target)
    return translations.StreamTranslateRequest(request=request).SerializeToString()


async def test_a_stream_that_fails_ends_with_the_status(table: Table) -> None:
    call = handed(stream_request())
    assert [each async for each in table.methods.stream(STREAM, call)] == []
    assert (call.code, reason(call)) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_NOT_INSTALLED")


async def test_a_stream_is_sent_in_parts_and_ends_when_its_reader_leaves(model_dir: Path) -> None:
    settings = Settings(port=0, metrics_port=-1, model_dir=model_dir, preload=["opus-en-ru"])
    table = Table(settings)
    await table.server.start()
    await table.server.preloaded()
    try:
        call = handed(stream_request())
        parts = [each async for each in table.methods.stream(STREAM, call)]
        events = [translations.StreamTranslateResponse.FromString(each) for each in parts]
        assert events[0].HasField("started")
        assert events[-1].HasField("finished")
        assert call.code is grpc.StatusCode.OK
        async with aclosing(table.methods.stream(STREAM, handed(stream_request()))) as responses:
            await anext(responses)
        await asyncio.sleep(0)
        assert table.server._active_calls.idle()
    finally:
        assert await table.server.stop()
