"""Limits of named callers over a real port: a flood is refused at its own limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from structlog.testing import capture_logs

from summsvc.config import Settings
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.tasks.summarization.summarizer import Summarizer
from summsvc.tasks.summarization.types import Summary, SummaryRequest
from summsvc.v1 import article_pb2
from summsvc.v1 import model_service_pb2 as models
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from tests.running import Running, refusal, running
from tests.server.watched import eventually

FLOOD = 300
WAITING = 40
LIMIT = 4
FILE = """
[[caller]]
name = "crawler"
token = "of the crawler"
[caller.limits]
max_calls = {limit}
max_batch_articles = 2

[[caller]]
name = "newsroom"
token = "of the newsroom"
"""


class Held:
    """Calls of the method Summarize whose article says so wait until ``release``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = 0
        self._released = asyncio.Event()
        summarize = Summarizer.summarize

        async def wait(summarizer: Summarizer, request: SummaryRequest) -> Summary:
            if "hold" in request.article.body:
                self.begun += 1
                await self._released.wait()
                if "fail" in request.article.body:
                    raise RuntimeError
            return await summarize(summarizer, request)

        monkeypatch.setattr(Summarizer, "summarize", wait)

    def release(self, server: Running) -> None:
        server.loop.call_soon_threadsafe(self._released.set)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.toml"
    path.write_text(FILE.format(limit=LIMIT))
    return path


@pytest.fixture
def server(tmp_path: Path, file: Path, held: Held) -> Iterator[Running]:  # noqa: ARG001
    settings = Settings(
        port=0, metrics_port=-1, model_dir=tmp_path, token_file=file, max_caller_queued_tokens=500
    )
    with running(settings) as made:
        yield made


class Named:
    """A caller with a connection of its own."""

    def __init__(self, server: Running, name: str) -> None:
        self.metadata = (("authorization", f"Bearer of the {name}"),)
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        self.channel = grpc.insecure_channel(server.address, options=options)

    def summarize(self, body: str = "A man met a dog. The dog was large.") -> Any:
        stub = SummarizationServiceStub(self.channel)
        request = pb.SummarizeRequest(article=article_pb2.Article(body=body, language_code="en"))
        return stub.Summarize.future(request, metadata=self.metadata, timeout=60)

    def info(self) -> models.GetServerInfoResponse:
        request = models.GetServerInfoRequest()
        answer: models.GetServerInfoResponse = ModelServiceStub(self.channel).GetServerInfo(
            request, metadata=self.metadata, timeout=60
        )
        return answer


@pytest.fixture
def callers(server: Running) -> Iterator[tuple[Named, Named]]:
    made = Named(server, "crawler"), Named(server, "newsroom")
    yield made
    for each in made:
        each.channel.close()


def sample(server: Running, name: str, **labels: str) -> float:
    return server.server._registry.get_sample_value(f"summsvc_{name}", labels) or 0.0


def count_parsed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    parsed = []
    parse = RequestDeserializer.parse

    def counted(*arguments: Any) -> Any:
        parsed.append(1)
        return parse(*arguments)

    monkeypatch.setattr(RequestDeserializer, "parse", counted)
    return parsed.__len__


def test_a_flood_is_refused_at_its_own_limit_before_it_is_parsed_and_others_are_served(
    server: Running, held: Held, callers: tuple[Named, Named], monkeypatch: pytest.MonkeyPatch
) -> None:
    crawler, newsroom = callers
    parsed = count_parsed(monkeypatch)
    with capture_logs() as lines:
        flood = [crawler.summarize("Please hold the line.") for _ in range(FLOOD)]
        eventually(lambda: sum(call.done() for call in flood) == FLOOD - LIMIT)
        assert (held.begun, parsed()) == (LIMIT, LIMIT)
        for call in [newsroom.summarize() for _ in range(2 * LIMIT)]:
            assert call.result().summary
        for call in flood:
            if call.done():
                assert call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        refused = refusal(next(call for call in flood if call.done()))
        held.release(server)
        assert sum(call.exception() is None for call in flood) == LIMIT
        assert crawler.summarize().result().summary
    assert refused.reason == "CALLER_LIMIT"
    assert refused.metadata.pop("request_id")
    assert refused.metadata == {
        "limit_of": "caller",
        "caller": "crawler",
        "limit_name": "max_calls",
        "limit": str(LIMIT),
    }
    assert refused.retry_after == 1.0
    assert "caller 'crawler' are in flight and its limit is 4" in refused.message
    status = rpc_status.from_call(next(call for call in flood if call.exception()))
    assert status is not None
    quota = error_details_pb2.QuotaFailure()
    assert any(detail.Unpack(quota) for detail in status.details)
    assert [violation.subject for violation in quota.violations] == ["caller:crawler"]
    named = [line["caller"] for line in lines if line["event"] == "call"]
    assert {name: named.count(name) for name in set(named)} == {
        "crawler": FLOOD + 1,
        "newsroom": 2 * LIMIT,
    }
    exhausted = {"caller": "crawler", "code": "RESOURCE_EXHAUSTED"}
    assert sample(server, "caller_calls_total", **exhausted) == FLOOD - LIMIT
    assert sample(server, "caller_calls_total", caller="crawler", code="OK") == LIMIT + 1
    assert sample(server, "caller_calls_total", caller="newsroom", code="OK") == 2 * LIMIT
    refusals = {"caller": "crawler", "reason": "CALLER_LIMIT"}
    assert sample(server, "caller_refused_calls_total", **refusals) == FLOOD - LIMIT


def test_a_caller_beside_a_flood_that_never_ends_is_served(
    server: Running, held: Held, callers: tuple[Named, Named]
) -> None:
    crawler, newsroom = callers
    calls = [crawler.summarize("Please hold the line.") for _ in range(LIMIT)]
    eventually(lambda: held.begun == LIMIT)
    over = threading.Event()
    made = threading.BoundedSemaphore(WAITING)

    def flood() -> None:
        while not over.is_set():
            made.acquire()
            crawler.summarize().add_done_callback(lambda _: made.release())

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        refusals = {"caller": "crawler", "reason": "CALLER_LIMIT"}
        eventually(lambda: sample(server, "caller_refused_calls_total", **refusals) > WAITING)
        before = sample(server, "caller_refused_calls_total", **refusals)
        for _ in range(10):
            assert newsroom.summarize().result().summary
        assert sample(server, "caller_refused_calls_total", **refusals) > before
    finally:
        over.set()
        thread.join()
    for _ in range(WAITING):
        made.acquire()
    held.release(server)
    assert all(call.result().summary for call in calls)
    assert sample(server, "caller_calls_total", caller="newsroom", code="OK") == 10
    assert crawler.summarize().result().summary


@pytest.mark.parametrize("end", ["finish", "cancel", "fail"])
def test_calls_that_end_free_the_limit(
    server: Running, held: Held, callers: tuple[Named, Named], end: str
) -> None:
    crawler, _ = callers
    body = "Please hold the line, and fail." if end == "fail" else "Please hold the line."
    calls = [crawler.summarize(body) for _ in range(LIMIT)]
    eventually(lambda: held.begun == LIMIT)
    assert crawler.summarize().code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    if end == "cancel":
        for call in calls:
            call.cancel()
    else:
        held.release(server)
        codes = {call.code() for call in calls}
        assert codes == {grpc.StatusCode.INTERNAL if end == "fail" else grpc.StatusCode.OK}
    eventually(lambda: crawler.summarize().exception() is None)


def has_limit(caller: Named, calls: int) -> bool:
    """Whether the caller may make another call, and its limit is this one."""
    try:
        return caller.info().limits.max_caller_calls == calls
    except grpc.RpcError:
        return False


def test_a_reload_changes_limits_and_drops_no_call(
    server: Running, held: Held, file: Path, callers: tuple[Named, Named]
) -> None:
    crawler, newsroom = callers
    calls = [crawler.summarize("Please hold the line.") for _ in range(LIMIT)]
    eventually(lambda: held.begun == LIMIT)
    file.write_text(FILE.format(limit=LIMIT + 2))
    server.loop.call_soon_threadsafe(server.server.reload)
    eventually(lambda: has_limit(crawler, LIMIT + 2))
    calls += [crawler.summarize("Please hold the line.") for _ in range(2)]
    eventually(lambda: held.begun == LIMIT + 2)
    assert newsroom.info().caller == "newsroom"
    held.release(server)
    assert all(call.result().summary for call in calls)


def test_server_info_has_the_limits_of_its_caller(callers: tuple[Named, Named]) -> None:
    crawler, newsroom = (each.info() for each in callers)
    assert (crawler.caller, newsroom.caller) == ("crawler", "newsroom")
    assert crawler.limits.max_caller_calls == LIMIT
    assert crawler.limits.max_batch_articles == 2
    assert newsroom.limits.max_caller_calls == 0
    assert newsroom.limits.max_batch_articles == Settings().max_batch_articles
    assert crawler.limits.max_caller_queued_tokens == 500
    assert newsroom.limits.max_caller_queued_tokens == 500


def test_a_batch_above_the_limit_of_its_caller_is_refused(callers: tuple[Named, Named]) -> None:
    request = pb.SummarizeRequest(
        article=article_pb2.Article(body="A man met a dog.", language_code="en")
    )
    batch = pb.BatchSummarizeRequest(requests=[request] * 3)
    crawler, newsroom = callers
    with pytest.raises(grpc.RpcError) as refused:
        SummarizationServiceStub(crawler.channel).BatchSummarize(batch, metadata=crawler.metadata)
    found = refusal(refused.value)
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert found.fields == ["requests"]
    assert found.metadata.pop("request_id")
    assert found.metadata == {"limit": "2", "limit_of": "caller", "caller": "crawler"}
    assert "the limit of caller 'crawler'" in found.message
    stub = SummarizationServiceStub(newsroom.channel)
    assert len(stub.BatchSummarize(batch, metadata=newsroom.metadata).results) == 3


def test_without_tokens_each_address_has_the_limit(tmp_path: Path, held: Held) -> None:
    settings = Settings(port=0, metrics_port=-1, model_dir=tmp_path, max_caller_calls=LIMIT)
    with running(settings) as server:
        caller = Named(server, "nobody")
        calls = [caller.summarize("Please hold the line.") for _ in range(LIMIT + 1)]
        eventually(lambda: any(call.done() for call in calls))
        found = refusal(next(call for call in calls if call.done()))
        assert found.metadata["caller"] == "ipv4:127.0.0.1"
        held.release(server)
        assert sum(call.exception() is None for call in calls) == LIMIT
        labels = {"caller": "anonymous", "reason": "CALLER_LIMIT"}
        assert sample(server, "caller_refused_calls_total", **labels) == 1
        assert caller.info().caller == "ipv4:127.0.0.1"
        caller.channel.close()


@pytest.mark.parametrize(
    ("token", "method", "body"),
    [
        ("of nobody", "/summsvc.v1.SummarizationService/Summarize", b""),
        ("of the newsroom", "/summsvc.v1.SummarizationService/Summarize", b""),
        ("of the newsroom", "/summsvc.v1.SummarizationService/Summarize", b"\xff"),
        ("of the newsroom", "/summsvc.v1.SummarizationService/BatchSummarize", b""),
        ("of the newsroom", "/summsvc.v1.SummarizationService/Nothing", b""),
        ("of the newsroom", "/summsvc.v1.ModelService/ListModels", b""),
        ("", "/grpc.health.v1.Health/Check", b"\xff"),
    ],
)
def test_a_request_id_is_returned_whatever_the_outcome(
    server: Running, token: str, method: str, body: bytes
) -> None:
    metadata = (("authorization", f"Bearer {token}"), ("x-request-id", "mine 7"))
    with grpc.insecure_channel(server.address) as channel:
        send: Any = channel.unary_unary(method, bytes, bytes)
        call = send.future(body, metadata=metadata, timeout=10)
        trailing = dict(call.trailing_metadata())
        assert trailing["x-request-id"] == "mine 7"
        if call.code() is not grpc.StatusCode.OK:
            assert refusal(call).metadata["request_id"] == "mine 7"
