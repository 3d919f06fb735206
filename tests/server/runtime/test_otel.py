"""Traces of real calls, as an OTLP collector receives them."""

from __future__ import annotations

import secrets
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from summsvc.client import Article, AsyncClient, Client
from summsvc.config import Settings, SettingsError
from summsvc.engines.base import Generated
from summsvc.server import Server
from summsvc.server.runtime import otel
from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import Running, running
from tests.server.collector import Collector, Exported, collecting, traceparent
from tests.server.watched import ControlledEngine, eventually

TRANSLATE = "summsvc.v1.TranslationService/Translate"
SENTENCE = "The president met the mayor in Riga on Friday."
SECRET = "Zyzzyva"
PARENT = "00f067aa0ba902b7"

Tree: TypeAlias = "dict[str, Tree]"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture(scope="module")
def server(model_dir: Path, collector: Collector) -> Iterator[Running]:
    """A server with one worker that traces all calls; variables of the SDK are its settings too."""
    settings = Settings(
        port=0,
        metrics_port=0,
        model_dir=model_dir,
        preload=["opus-en-ru"],
        workers=1,
        tracing=True,
        tracing_endpoint=collector.address,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        patch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=tests")
        patch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=tests")
        with running(settings) as server:
            server.wait_until_ready()
            yield server


@pytest.fixture
def trace_id() -> str:
    return secrets.token_hex(16)


def request(body: str = SENTENCE, target: str = "ru", **fields: Any) -> pb.TranslateRequest:
    article = article_pb2.Article(body=body, language_code="en")
    return pb.TranslateRequest(
        article=article, target_language_code=target, bypass_cache=True, **fields
    )


def translate(channel: grpc.Channel, trace_id: str, wanted: pb.TranslateRequest) -> None:
    stub = TranslationServiceStub(channel)
    stub.Translate(wanted, metadata=traceparent(trace_id, PARENT), timeout=120)


def failed(channel: grpc.Channel, trace_id: str, wanted: pb.TranslateRequest) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as raised:
        translate(channel, trace_id, wanted)
    return raised.value.code()


def tree(spans: list[Exported], parent: str) -> Tree:
    """The names of the spans below one."""
    return {each.name: tree(spans, each.id) for each in spans if each.parent == parent}


def named(spans: list[Exported], name: str) -> Exported:
    (found,) = (each for each in spans if each.name == name)
    return found


def test_one_trace_shows_the_steps_of_a_call_below_the_span_of_its_caller(
    channel: grpc.Channel, collector: Collector, trace_id: str
) -> None:
    translate(channel, trace_id, request())
    spans = collector.call(trace_id)
    job: Tree = {"queue": {}, "batch": {"engine": {}}}
    steps: Tree = {"admission": {}, "read": {"parse": {}}, "job": job, "checks": {}}
    assert tree(spans, PARENT) == {TRANSLATE: steps}
    call, batch = named(spans, TRANSLATE), named(spans, "batch")
    assert call.span.kind == call.span.SPAN_KIND_SERVER
    assert call.attributes["rpc.response.status_code"] == "OK"
    assert call.attributes["summsvc.caller"] == "anonymous"
    assert batch.links == [named(spans, "job").id]
    assert (batch.attributes["summsvc.model"], batch.attributes["summsvc.segments"]) == (
        "opus-en-ru",
        1,
    )
    assert call.resource["service.name"] == "summsvc"
    assert call.resource["deployment.environment.name"] == "tests"
    assert collector.metadata["x-tenant"] == "tests"
    for each in spans:
        assert not each.failed
        assert call.span.start_time_unix_nano <= each.span.start_time_unix_nano
        assert each.span.end_time_unix_nano <= call.span.end_time_unix_nano


def test_a_batch_of_two_requests_is_linked_with_both(
    server: Running, channel: grpc.Channel, collector: Collector
) -> None:
    engine = ControlledEngine(server, "opus-en-ru")
    first, *both = (secrets.token_hex(16) for _ in range(3))
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(translate, channel, first, request())]
        engine.wait_for(1)
        bodies = ("The talks will continue.", "Nobody was hurt.")
        for id, body in zip(both, bodies, strict=True):
            calls.append(pool.submit(translate, channel, id, request(body)))
        scheduler = server.server._pool._slots["opus-en-ru"].scheduler
        assert scheduler is not None
        eventually(lambda: len(scheduler._queue) == 2)
        engine.free()
        for call in calls:
            call.result()
    engine.restore()
    spans = [each for id in both for each in collector.call(id)]
    batch = named(spans, "batch")
    jobs = {each.id: each for each in spans if each.name == "job"}
    assert sorted(batch.links) == sorted(jobs)
    assert batch.attributes["summsvc.requests"] == 2
    leader = jobs.pop(batch.parent)
    assert leader.links == []
    (other,) = jobs.values()
    assert other.links == [batch.id]
    assert other.trace_id != batch.trace_id


@pytest.mark.parametrize(
    ("wanted", "code", "reason"),
    [
        (request(target="xx"), "INVALID_ARGUMENT", "LANGUAGE_UNKNOWN"),
        (request(model="none"), "INVALID_ARGUMENT", "UNKNOWN_MODEL"),
    ],
)
def test_a_rejected_call_has_its_reason(
    channel: grpc.Channel,
    collector: Collector,
    trace_id: str,
    wanted: pb.TranslateRequest,
    code: str,
    reason: str,
) -> None:
    assert failed(channel, trace_id, wanted).name == code
    call = named(collector.call(trace_id), TRANSLATE)
    assert call.attributes["rpc.response.status_code"] == code
    assert call.attributes["error.type"] == reason
    assert not call.failed


def test_a_failing_engine_fails_the_spans_of_batch_and_call_without_its_message(
    server: Running,
    channel: grpc.Channel,
    collector: Collector,
    trace_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def generate(texts: list[str], *_: object) -> list[Generated]:
        raise RuntimeError(f"boom on {texts[0]}")

    scheduler = server.server._pool._slots["opus-en-ru"].scheduler
    assert scheduler is not None
    monkeypatch.setattr(scheduler.engine, "generate", generate)
    wanted = request(f"{SECRET} met the mayor.")
    assert failed(channel, trace_id, wanted) is grpc.StatusCode.INTERNAL
    spans = collector.call(trace_id)
    faults = {each.name: each.attributes["error.type"] for each in spans if each.failed}
    assert faults["engine"] == faults["batch"] == "RuntimeError"
    assert faults[TRANSLATE] == "ENGINE_FAILED"
    assert not named(spans, "read").failed


def test_no_text_and_no_token_is_exported(
    channel: grpc.Channel, collector: Collector, trace_id: str
) -> None:
    wanted = request(
        f"{SECRET} met the mayor. {SECRET} " * 3,
        do_not_translate=[SECRET],
        glossary=[pb.GlossaryEntry(source="mayor", target=SECRET)],
    )
    wanted.article.title = SECRET
    stub = TranslationServiceStub(channel)
    metadata = (*traceparent(trace_id, PARENT), ("authorization", f"Bearer {SECRET}"))
    stub.Translate(wanted, metadata=metadata, timeout=120)
    assert "retries" in {each.name for each in collector.call(trace_id)}
    for each in collector.requests:
        assert SECRET.casefold().encode() not in each.SerializeToString().lower()


def test_a_summary_is_ranked_and_a_batch_call_has_one_span_per_article(
    server: Running, collector: Collector
) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    with Client(server.address) as client, tracer.start_as_current_span("caller") as caller:
        client.batch_summarize([SENTENCE, f"{SENTENCE} The talks will continue."])
    trace_id = trace.format_trace_id(caller.get_span_context().trace_id)
    spans = collector.call(trace_id)
    call = named(spans, "summsvc.v1.SummarizationService/BatchSummarize")
    assert call.parent == trace.format_span_id(caller.get_span_context().span_id)
    articles = [each for each in spans if each.name == "request"]
    assert sorted(each.attributes["summsvc.index"] for each in articles) == [0, 1]
    for each in articles:
        assert tree(spans, each.id) == {"read": {"parse": {}}, "rank": {}}


async def test_both_clients_send_the_context_of_the_active_span_and_only_that(
    server: Running, collector: Collector
) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    before = len(collector.spans())
    with Client(server.address) as client:
        assert client._metadata == ()
        with tracer.start_as_current_span("caller"):
            assert list(dict(client._metadata)) == ["traceparent"]
    async with AsyncClient(server.address, token="t") as client:
        with tracer.start_as_current_span("caller") as caller:
            await client.summarize(Article("", SENTENCE))
            events = [each async for each in client.stream_translate(SENTENCE, "ru")]
    assert len(events) == 3
    trace_id = trace.format_trace_id(caller.get_span_context().trace_id)
    collector.call(trace_id)
    assert len(collector.spans()) > before


def test_a_caller_that_does_not_sample_is_not_traced(
    channel: grpc.Channel, collector: Collector, trace_id: str
) -> None:
    unsampled = secrets.token_hex(16)
    metadata = traceparent(unsampled, PARENT, sampled=False)
    TranslationServiceStub(channel).Translate(request(), metadata=metadata, timeout=120)
    translate(channel, trace_id, request())
    collector.call(trace_id)
    assert collector.spans(unsampled) == []


def test_a_malformed_context_starts_a_trace(channel: grpc.Channel, collector: Collector) -> None:
    before = {each.trace_id for each in collector.spans()}
    stub = TranslationServiceStub(channel)
    stub.Translate(request(), metadata=(("traceparent", "00-nonsense"), ("x-bin", b"\0")))
    eventually(lambda: bool({each.trace_id for each in collector.spans()} - before))
    (trace_id,) = {each.trace_id for each in collector.spans()} - before
    assert named(collector.call(trace_id), TRANSLATE).parent == ""


def test_histograms_have_exemplars_of_traced_calls(
    server: Running, channel: grpc.Channel, translating_server: Running, trace_id: str
) -> None:
    translate(channel, trace_id, request())
    traced, untraced = openmetrics(server), openmetrics(translating_server)
    for name in ("call_seconds", "queue_wait_seconds", "batch_seconds"):
        lines = [line for line in traced if line.startswith(f"summsvc_{name}_bucket")]
        assert any(f'trace_id="{trace_id}"' in line for line in lines), name
    assert not any("trace_id" in line for line in untraced)


def openmetrics(server: Running) -> list[str]:
    """The page of the metrics endpoint with exemplars."""
    url = f"http://127.0.0.1:{server.server.metrics_port}/metrics"
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=accept)) as reply:
        page: bytes = reply.read()
    return page.decode().splitlines()


def test_the_last_spans_are_exported_at_the_end(tmp_path: Path, trace_id: str) -> None:
    with collecting() as collector:
        settings = Settings(
            port=0,
            metrics_port=-1,
            model_dir=tmp_path,
            tracing=True,
            tracing_endpoint=collector.address,
            tracing_service_name="news",
        )
        with (
            running(settings) as server,
            grpc.insecure_channel(server.address) as channel,
        ):
            assert failed(channel, trace_id, request()) is grpc.StatusCode.FAILED_PRECONDITION
        (call,) = (each for each in collector.spans(trace_id) if each.parent == PARENT)
        assert call.resource["service.name"] == "news"


def tracer(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> otel.OtelTracer:
    """A tracer whose exporter is never called: its thread waits for a minute first."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    return otel.OtelTracer(Settings(tracing=True, **settings))


def test_settings_and_variables_decide_which_calls_are_traced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parent = traceparent("1" * 32, PARENT)

    def traced(metadata: Any = (), **settings: Any) -> bool:
        made = tracer(monkeypatch, **settings)
        return made.start_call("/a.B/C", lambda: metadata).recording

    assert traced()
    assert not traced(tracing_sample_ratio=0)
    assert traced(parent, tracing_sample_ratio=0)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    assert not traced(parent)
    assert traced(tracing_sample_ratio=1)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not traced(tracing_sample_ratio=1)


@pytest.mark.parametrize(
    ("setting", "variable", "name"),
    [("", "", "summsvc"), ("", "news", "news"), ("own", "news", "own")],
)
def test_the_setting_of_the_service_name_precedes_the_variable(
    monkeypatch: pytest.MonkeyPatch, setting: str, variable: str, name: str
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", variable)
    assert otel._resource(setting).attributes["service.name"] == name


def test_the_spans_of_a_call_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otel, "MAX_SPANS_PER_CALL", 3)
    call = tracer(monkeypatch).start_call("/a.B/C", lambda: None)
    children = [call.child("step") for _ in range(5)]
    assert [each.recording for each in children] == [True] * 3 + [False] * 2
    assert not children[0].child("below").recording
    call.end_call("OK", "")
    assert dict(call._span.attributes)["summsvc.spans_left_out"] == 3  # type: ignore[attr-defined]
    # What ends or changes later is ignored, as a batch that hangs.
    call.end(ValueError())
    call.set(late=True)
    call.link(children[0])


def test_tracing_without_the_extra_is_an_error_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "summsvc.server.runtime.otel")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(SettingsError, match=r"pip install 'summsvc\[otel\]'"):
        Server(Settings(port=0, model_dir=tmp_path, tracing=True))
    Server(Settings(port=0, model_dir=tmp_path))
