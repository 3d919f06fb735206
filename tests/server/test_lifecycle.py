"""Start, health, tokens, TLS, metrics and a clean shutdown with work in flight."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from summsvc.config import Settings
from summsvc.server.services.health import MODEL_SERVICE, SUMMARIZATION_SERVICE, TRANSLATION_SERVICE
from summsvc.v1 import article_pb2, model_service_pb2, translation_service_pb2
from summsvc.v1 import summarization_service_pb2 as pb
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from summsvc.v1.summarization_service_pb2_grpc import SummarizationServiceStub
from summsvc.v1.translation_service_pb2_grpc import TranslationServiceStub
from tests.running import Running, refusal, running

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
TEXT = "The president met the mayor in Riga on Friday. Nobody was hurt."


def summarize(channel: grpc.Channel, **call: object) -> pb.SummarizeResponse:
    request = pb.SummarizeRequest(article=article_pb2.Article(body=TEXT))
    return SummarizationServiceStub(channel).Summarize(request, timeout=60, **call)  # type: ignore[arg-type]


def test_health_is_serving_only_where_models_are_ready(
    bare_server: Running, server: Running
) -> None:
    for service in ("", SUMMARIZATION_SERVICE, MODEL_SERVICE):
        assert bare_server.health(service) == SERVING
    assert bare_server.health(TRANSLATION_SERVICE) == NOT_SERVING
    assert server.health(TRANSLATION_SERVICE) == SERVING


def test_reflection_lists_the_services(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="*")
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=30)
    names = {service.name for service in answer.list_services_response.service}
    assert {
        SUMMARIZATION_SERVICE,
        TRANSLATION_SERVICE,
        MODEL_SERVICE,
        "grpc.health.v1.Health",
    } <= names


def test_models_and_routes_are_listed(channel: grpc.Channel) -> None:
    answer = ModelServiceStub(channel).ListModels(model_service_pb2.ListModelsRequest(), timeout=30)
    models = {model.id: model for model in answer.models}
    assert models["opus-en-ru"].state == model_service_pb2.MODEL_STATE_READY
    assert models["opus-en-ru"].license.spdx_id == "CC-BY-4.0"
    routes = {
        (route.pair.source_language_code, route.pair.target_language_code): route
        for route in answer.routes
    }
    assert list(routes["en", "lt"].models) == ["opus-en-lt"]
    assert routes["en", "lt"].installed


def test_the_server_reports_its_limits(channel: grpc.Channel) -> None:
    stub = ModelServiceStub(channel)
    info = stub.GetServerInfo(model_service_pb2.GetServerInfoRequest(), timeout=30)
    assert info.limits.max_body_code_points == 1_000_000
    told = {name: getattr(info.limits, name) for name in info.limits.DESCRIPTOR.fields_by_name}
    configured = Settings().model_dump()
    assert told == {name: configured[name] for name in configured if name.startswith("max_")}
    assert set(info.languages) == {"en", "lt", "ru"}
    assert info.components["grpcio"] == grpc.__version__


def test_metrics_count_calls(server: Running, channel: grpc.Channel) -> None:
    summarize(channel)
    url = f"http://127.0.0.1:{server.server.metrics_port}/metrics"
    with urllib.request.urlopen(url) as answer:
        text = answer.read().decode()
    method = 'method="/summsvc.v1.SummarizationService/Summarize"'
    assert f'summsvc_calls_total{{code="OK",{method}}}' in text
    assert 'summsvc_model_loaded{model="opus-en-ru"} 1.0' in text


def test_the_callers_request_id_is_returned(channel: grpc.Channel) -> None:
    request = pb.SummarizeRequest(article=article_pb2.Article(body=TEXT))
    stub = SummarizationServiceStub(channel)
    _, call = stub.Summarize.with_call(request, metadata=(("x-request-id", "abc-1"),), timeout=30)
    assert ("x-request-id", "abc-1") in [tuple(pair) for pair in call.trailing_metadata()]


def test_a_token_is_required_except_for_health(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("first\nsecond\n")
    settings = Settings(port=0, metrics_port=-1, model_dir=tmp_path, token_file=tokens)
    with running(settings) as guarded, grpc.insecure_channel(guarded.address) as channel:
        assert guarded.health() == SERVING
        with pytest.raises(grpc.RpcError) as caught:
            guarded.health("s" * 100_000)
        assert refusal(caught.value).reason == "MALFORMED_REQUEST"
        for metadata in ([], [("authorization", "Bearer wrong")], [("authorization", "first")]):
            with pytest.raises(grpc.RpcError) as caught:
                summarize(channel, metadata=metadata)
            assert refusal(caught.value).code is grpc.StatusCode.UNAUTHENTICATED
        assert summarize(channel, metadata=[("authorization", "Bearer second")]).sentences


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key),
         "-out", str(cert), "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def test_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    settings = Settings(port=0, metrics_port=-1, model_dir=tmp_path, tls_cert=cert, tls_key=key)
    with running(settings) as secure:
        credentials = grpc.ssl_channel_credentials(cert.read_bytes())
        address = f"localhost:{secure.server.port}"
        with grpc.secure_channel(address, credentials) as channel:
            assert summarize(channel).sentences
        with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as caught:
            summarize(channel)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def long_request() -> translation_service_pb2.TranslateRequest:
    body = "\n\n".join(f"The bishop met the judge in Paris on day {i}." for i in range(2000))
    return translation_service_pb2.TranslateRequest(
        article=article_pb2.Article(body=body, language_code="en"), target_language_code="ru"
    )


def test_accepted_work_is_finished_at_shutdown(model_dir: Path) -> None:
    settings = Settings(port=0, metrics_port=-1, model_dir=model_dir, preload=["all"])
    with running(settings) as ending, grpc.insecure_channel(ending.address) as channel:
        ending.wait_until_ready()
        body = "Nobody was hurt. The talks will continue. The strike has ended."
        request = translation_service_pb2.TranslateRequest(
            article=article_pb2.Article(body=body), target_language_code="ru"
        )
        pending = TranslationServiceStub(channel).Translate.future(request, timeout=60)
        _wait_for_a_call(ending)
        ending.stop()
        assert pending.result().body.startswith("Никто не пострадал.")


def test_unfinished_work_fails_explicitly_at_shutdown(model_dir: Path) -> None:
    settings = Settings(port=0, metrics_port=-1, model_dir=model_dir, preload=["all"], drain_s=0.2)
    with running(settings) as ending, grpc.insecure_channel(ending.address) as channel:
        ending.wait_until_ready()
        pending = TranslationServiceStub(channel).Translate.future(long_request(), timeout=120)
        _wait_for_a_call(ending)
        ending.stop()
        with pytest.raises(grpc.RpcError) as caught:
            pending.result()
        said = refusal(caught.value)
        assert (said.code, said.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")


def test_work_ends_when_the_caller_disconnects(server: Running, channel: grpc.Channel) -> None:
    pending = TranslationServiceStub(channel).Translate.future(long_request(), timeout=120)
    _wait_for_a_call(server)
    pending.cancel()  # type: ignore[no-untyped-call]
    pool = server.server._pool
    # The complete request would take minutes; only one batch of it is left.
    _eventually(
        lambda: all(slot.scheduler is None or slot.scheduler.idle for slot in pool._slots.values())
    )


def test_a_deadline_that_cannot_be_met(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        TranslationServiceStub(channel).Translate(long_request(), timeout=0.5)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def _wait_for_a_call(server: Running) -> None:
    _eventually(lambda: bool(server.server._active_calls._tasks))


def _eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.002)
