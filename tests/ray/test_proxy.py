"""Calls through Ray's gRPC server: methods, statuses with details, metadata, deadlines, health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from ray.serve._private.proxy_request_response import ResponseStatus

from summsvc.client import Article, AsyncClient, InvalidArgumentError, SummsvcClientError
from summsvc.config import Settings
from summsvc.ray import proxy
from summsvc.v1 import model_service_pb2
from summsvc.v1.model_service_pb2_grpc import ModelServiceStub
from tests.checkpoints import pairs
from tests.ray.proxied import Proxied, proxied
from tests.running import refusal

CODES = grpc.StatusCode
TEXT = "The president met the mayor in Riga on Friday. Nobody was hurt."


def raw(channel: grpc.aio.Channel) -> Any:
    """The channel, for calls with encoded messages, which its stubs do not declare."""
    return channel


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Proxied]:
    """A replica without models."""
    settings = Settings(port=0, metrics_port=-1, model_dir=tmp_path, drain_s=1)
    async with proxied(settings) as made:
        yield made


@pytest.fixture
async def client(bare: Proxied) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(bare.address) as client:
        yield client


async def test_a_summary_has_the_callers_id_and_none_of_ray(bare: Proxied) -> None:
    async with grpc.aio.insecure_channel(bare.address) as channel:
        call = ModelServiceStub(channel).GetServerInfo(
            model_service_pb2.GetServerInfoRequest(),
            metadata=(("x-request-id", "mine"), ("session_id", "s"), ("summsvc-timeout-s", "0")),
            timeout=30,
        )
        await call
        trailing = dict(await call.trailing_metadata())
    assert trailing == {"x-request-id": "mine"}
    (seen,) = bare.seen
    assert seen["request_id"] == seen["x-request-id"] == "mine"
    assert 0 < float(seen["summsvc-timeout-s"]) <= 30
    assert "session_id" not in seen


async def test_errors_keep_their_details(client: AsyncClient) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await client.summarize(Article("", ""))
    assert caught.value.reason == "EMPTY_ARTICLE"
    with pytest.raises(SummsvcClientError, match="models pull") as missing:
        async for _ in client.stream_translate(Article("", TEXT, "en"), "ru"):
            pass
    assert missing.value.reason == "MODEL_NOT_INSTALLED"
    (one, empty) = await client.batch_summarize([Article("", TEXT), Article("", "")])
    assert not isinstance(one, Exception)
    assert isinstance(empty, InvalidArgumentError)


async def test_malformed_bytes_reach_the_limits_of_the_replica(bare: Proxied) -> None:
    async with grpc.aio.insecure_channel(bare.address) as channel:
        send = raw(channel).unary_unary("/summsvc.v1.SummarizationService/Summarize")
        with pytest.raises(grpc.RpcError) as caught:
            await send(b"\xff")
        unknown = raw(channel).unary_unary("/summsvc.v1.SummarizationService/None")
        with pytest.raises(grpc.RpcError) as not_there:
            await unknown(b"")
    assert refusal(caught.value).reason == "MALFORMED_REQUEST"
    assert refusal(not_there.value).reason == "UNKNOWN_METHOD"


@pytest.mark.parametrize(
    ("of_ray", "code", "reason"),
    [
        (CODES.INTERNAL, CODES.UNAVAILABLE, "DRAINING"),
        (CODES.NOT_FOUND, CODES.UNAVAILABLE, "DRAINING"),
        (CODES.RESOURCE_EXHAUSTED, CODES.RESOURCE_EXHAUSTED, "OVERLOADED"),
        (CODES.DEADLINE_EXCEEDED, CODES.DEADLINE_EXCEEDED, "DEADLINE"),
    ],
    ids=lambda each: getattr(each, "name", each),
)
@pytest.mark.parametrize("method", ["Translate", "StreamTranslate"])
async def test_an_error_of_ray_gets_a_status_with_details(
    bare: Proxied, of_ray: grpc.StatusCode, code: grpc.StatusCode, reason: str, method: str
) -> None:
    bare.react = lambda _: ResponseStatus(code=of_ray, is_error=True, message="the actor died")
    async with grpc.aio.insecure_channel(bare.address) as channel:
        name = f"/summsvc.v1.TranslationService/{method}"
        if method == "Translate":
            call = raw(channel).unary_unary(name)(b"", metadata=(("x-request-id", "mine"),))
        else:
            call = raw(channel).unary_stream(name)(b"", metadata=(("x-request-id", "mine"),))
        with pytest.raises(grpc.RpcError) as caught:
            await (call if method == "Translate" else call.read())
    said = refusal(caught.value)
    assert (said.code, said.reason) == (code, reason)
    assert "died" not in said.message


async def test_a_call_is_retried_when_its_replica_dies(bare: Proxied, client: AsyncClient) -> None:
    failures = [ResponseStatus(code=CODES.INTERNAL, is_error=True, message="the actor died")]
    bare.react = lambda _: failures.pop() if failures else None
    assert (await client.summarize(Article("", TEXT))).text
    assert len(bare.seen) == 2


async def test_a_translation_is_streamed(model_dir: Path) -> None:
    settings = Settings(port=0, metrics_port=-1, model_dir=model_dir, preload=["opus-en-ru"])
    source, target = pairs("en-ru")[0]
    async with proxied(settings) as made, AsyncClient(made.address) as client:
        article = Article("", source, "en")
        events = [event async for event in client.stream_translate(article, "ru")]
        assert [getattr(event, "text", "") for event in events[1:-1]] == [target]
        assert (await client.translate(article, "ru")).body == target
        assert await client.health("summsvc.v1.TranslationService") == "SERVING"


async def test_health_is_watched_without_a_call_of_a_replica(
    bare: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "WATCH_PERIOD_S", 0.01)
    serving, not_serving, unknown = 1, 2, 3
    async with grpc.aio.insecure_channel(bare.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == serving
        bare.react = lambda _: ResponseStatus(code=CODES.INTERNAL, is_error=True)
        assert (await watch.read()).status == not_serving
        bare.react = lambda _: None
        assert (await watch.read()).status == serving
        watch.cancel()
        watch = stub.Watch(health_pb2.HealthCheckRequest(service="none"))
        assert (await watch.read()).status == unknown
        watch.cancel()
        with pytest.raises(grpc.RpcError) as caught:
            await stub.Check(health_pb2.HealthCheckRequest(service="none"))
        assert caught.value.code() is CODES.NOT_FOUND


async def test_health_is_not_serving_while_no_replica_answers(
    bare: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "HEALTH_S", 0.05)

    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(bare.replica, "Check", wait)
    async with grpc.aio.insecure_channel(bare.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        assert (await stub.Check(health_pb2.HealthCheckRequest())).status == 2
